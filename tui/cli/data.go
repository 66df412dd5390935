package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/fixtures"
)

func (a *app) dataCommand() *cobra.Command {
	rows := &wholeNumber{value: 1000}
	seed := uint64(1)
	out := ""
	recipe := oneOf("", append([]string{""}, fixtures.Recipes()...)...)
	kinds := fixtures.Kinds()
	makeIt := &cobra.Command{
		Use:   "make KIND --out FILE",
		Short: "Make seeded data: " + strings.Join(kinds, ", "),
		Long: "Makes a CSV file of one kind: " + strings.Join(kinds, ", ") + ".\n" +
			"The same seed gives the same bytes on every machine, and kinds made with the same seed belong\n" +
			"together. A recipe puts an exact number of faults in, and leaves the truth about them in a\n" +
			"file beside it. --out - writes to standard output.",
		Example:   "  pipewright data make leads --rows 10k --seed 7 --out leads.csv",
		Args:      exactly("a KIND"),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return misused("data make needs a file", "name it with --out")
			}
			if out == "-" && a.flags.json {
				return misused("--out - and --json both need standard output", "leave one of them out")
			}
			return a.makeData(fixtures.Spec{Kind: args[0], Rows: rows.value, Seed: seed, Recipe: recipe.value}, out)
		},
	}
	f := makeIt.Flags()
	f.Var(rows, "rows", "data rows")
	f.Uint64Var(&seed, "seed", seed, "the seed, a `NUMBER`")
	f.StringVar(&out, "out", "", "the `FILE`")
	recipe.of = recipe.of[1:]
	addChoice(makeIt, recipe, "recipe", "faults to put in (default: none)")
	return group(&cobra.Command{
		Use:     "data",
		Short:   "Seeded data of any size",
		Example: "  pipewright data make leads --rows 10k --seed 7 --out leads.csv",
	}, makeIt)
}

func (a *app) makeData(spec fixtures.Spec, out string) error {
	begun := time.Now()
	opts := fixtures.Options{Progress: func(rows, bytes int64) {
		elapsed := time.Since(begun)
		p := engine.Progress{Stage: "make", Done: rows, Total: spec.Rows, Unit: "rows", Rows: rows, Rate: float64(rows) / max(elapsed.Seconds(), 1e-9), Elapsed: elapsed}
		if p.Rate > 0 && rows < spec.Rows {
			p.Left = time.Duration(float64(spec.Rows-rows) / p.Rate * float64(time.Second))
		}
		a.say.progress(p)
	}}
	var res fixtures.Result
	var err error
	if out == "-" {
		res, err = fixtures.Write(a.ctx, a.out, spec, opts)
	} else {
		res, err = fixtures.WriteFile(a.ctx, out, spec, opts)
	}
	a.say.clear()
	if err != nil {
		return dataError(err, out)
	}
	switch {
	case out == "-":
		return nil
	case a.flags.json:
		doc := struct {
			Rows   int64  `json:"rows"`
			Bytes  int64  `json:"bytes"`
			SHA256 string `json:"sha256"`
			File   string `json:"file"`
			Truth  string `json:"truth,omitempty"`
		}{res.Rows, res.Bytes, res.SHA256, out, ""}
		if res.Truth != nil {
			doc.Truth = fixtures.TruthPath(out)
		}
		return printJSON(a.out, doc)
	}
	_, err = fmt.Fprintf(a.out, "%s, %s → %s in %s\nsha256 %s\n", count(res.Rows, "row"), size(res.Bytes), inert(out), seconds(time.Since(begun)), res.SHA256)
	if err == nil && res.Truth != nil {
		_, err = fmt.Fprintf(a.out, "what is wrong with it is in %s\n", inert(fixtures.TruthPath(out)))
	}
	return err
}

// dataError gives the generator's failures their form for people.
func dataError(err error, out string) error {
	var spec *fixtures.SpecError
	var path *fs.PathError
	switch {
	case errors.As(err, &spec):
		return &engine.Error{Kind: engine.Usage, What: spec.What, Next: spec.Next, Err: err}
	case errors.Is(err, context.Canceled):
		return &engine.Error{Kind: engine.Interrupted, What: "cancelled; no file was left", Err: err}
	case errors.As(err, &path):
		return &engine.Error{Kind: engine.Failed, What: "the file cannot be written: " + cause(err), Where: out, Next: "name another with --out", Err: err}
	}
	return err
}
