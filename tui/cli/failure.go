package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipewright/engine"
	"pipewright/engine/lab"
)

// failure is an error in JSON.
type failure struct {
	Kind     engine.Kind `json:"kind"`
	What     string      `json:"what"`
	Where    string      `json:"where"`
	Next     string      `json:"next"`
	SQL      string      `json:"sql,omitempty"`
	Position int         `json:"position,omitempty"` // 1-based, in characters of sql
	SQLState string      `json:"sqlstate,omitempty"`
}

func failureOf(e *engine.Error) failure {
	kind := e.Kind
	if kind == "" {
		kind = engine.Failed
	}
	return failure{Kind: kind, What: e.What, Where: e.Where, Next: e.Next, SQL: e.SQL, Position: e.Position, SQLState: e.SQLState}
}

// fail tells a failure: one sentence on standard error, with the place in the statement where there is
// one, and the JSON document unless the command has printed its own already.
func (a *app) fail(e *engine.Error) {
	if a.flags.json && !a.out.said.Load() {
		_ = printJSON(a.out, map[string]failure{"error": failureOf(e)})
	}
	text := "pipewright: " + inert(e.Error()) + "\n"
	if e.SQL != "" && e.Position > 0 {
		text += lab.Caret(e.SQL, e.Position)
	}
	a.say.raw(text)
}

// printJSON writes one document on one line.
func printJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// misused is a usage error.
func misused(what, next string) error {
	return &engine.Error{Kind: engine.Usage, What: what, Next: next}
}

// flagError tells what is wrong with a flag, and which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	see := "see " + cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			return misused(fmt.Sprintf("%s has no flag -%s", cmd.CommandPath(), name), see)
		}
		if near := nearestFlag(cmd, name); near != "" {
			see = "did you mean --" + near + "?"
		}
		return misused(fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), name), see)
	}
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bare) {
		return misused(fmt.Sprintf("--%s needs a value", bare.GetFlag().Name), see)
	}
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) {
		f := bad.GetFlag()
		return misused(fmt.Sprintf("--%s cannot be %q", f.Name, bad.GetValue()), "it takes "+takes(f))
	}
	return misused(err.Error(), see)
}

// takes says in words what values a flag has.
func takes(f *pflag.Flag) string {
	switch v := f.Value.(type) {
	case *choice:
		return v.words()
	case *wholeNumber:
		return v.words()
	}
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "string":
		return "text"
	}
	return "a whole number"
}

func nearestFlag(cmd *cobra.Command, name string) string {
	best, least := "", 3
	look := func(f *pflag.Flag) {
		if d := distance(name, f.Name); !f.Hidden && (d < least || strings.HasPrefix(f.Name, name) && len(name) > 1) {
			best, least = f.Name, d
		}
	}
	cmd.Flags().VisitAll(look)
	cmd.InheritedFlags().VisitAll(look)
	return best
}

// distance is the number of letters to insert, remove or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
