package check

import (
	"context"
	"fmt"
	"math/big"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"pipewright/engine"
)

// Env is what a check may look at. The lab implements it.
type Env interface {
	// Query runs one statement and returns all of its rows. An error of kind Failed means that the
	// backend answered and refused the statement.
	Query(ctx context.Context, b engine.Backend, sql string) (engine.RowWindow, error)
	// Workspace is the learner's folder.
	Workspace() engine.Workspace
	// Version is the backend's version, "18.3", or empty while it is not known.
	Version(b engine.Backend) string
}

// Kind is one kind of criterion: its name, what it is for, and the keys that its spec takes.
type Kind struct {
	Name  string
	About string
	Keys  []Key

	run   func(ctx context.Context, in input) outcome
	valid func(s spec) error // what the table of keys cannot say; may be nil
}

// Key is one key of a criterion's spec.
type Key struct {
	Name     string
	Type     KeyType
	Required bool
	About    string
}

// KeyType is the type of a spec key's value.
type KeyType string

// The types of a spec key.
const (
	Text     KeyType = "text"
	Integer  KeyType = "integer"
	Number   KeyType = "number"
	Truth    KeyType = "true or false"
	Texts    KeyType = "list of texts"
	Scalar   KeyType = "text, number, true or false, or null"
	Table    KeyType = "list of rows, each a list"
	TextMap  KeyType = "names with texts"
	Seconds  KeyType = "duration such as 5s or 2m"
	OnEngine KeyType = "postgres or duckdb"
)

// Kinds is the table of criterion kinds. To add one: a file with its run function, and a row here.
func Kinds() []Kind {
	return []Kind{
		{Name: "file", About: "a file in the workspace: its existence, CSV shape, text, digest, or equality with a query", Keys: fileKeys, run: runFile, valid: validFile},
		{Name: "load", About: "the recorded result of a lab's load", Keys: loadKeys, run: runLoad, valid: validLoad},
		{Name: "process", About: "a command run in the workspace: exit code, output, time", Keys: processKeys, run: runProcess, valid: validProcess},
		{Name: "rows", About: "how many rows a table has", Keys: rowsKeys, run: runRows, valid: validRows},
		{Name: "sql", About: "the result of a query against a value, given rows, or another query", Keys: sqlKeys, run: runSQL, valid: validSQL},
	}
}

func kindOf(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// input is what a kind's run function gets.
type input struct {
	env   Env
	spec  spec
	loads map[string]engine.Loaded
}

// outcome is what a kind's run function found. err set means that the check could not be carried out.
type outcome struct {
	passed   bool
	observed string
	expected string
	cause    string // better than the criterion's own, or empty
	next     string // better than the criterion's own, or empty
	on       string
	err      *engine.Error
}

// Run carries out one criterion's check. It never panics: a defect in a check is an error in the
// evidence. loads are the recorded results of the session's labs, by lab id.
func Run(ctx context.Context, env Env, c engine.Criterion, loads map[string]engine.Loaded) (ev engine.Evidence) {
	started := time.Now()
	ev = engine.Evidence{Criterion: c.ID, Title: c.Title, At: started}
	defer func() {
		if r := recover(); r != nil {
			ev.Passed = false
			ev.Err = &engine.Error{Kind: engine.Failed, What: "the check itself broke", Where: "criterion " + c.ID,
				Next: "please report it with the session's id", Err: fmt.Errorf("%v\n%s", r, debug.Stack())}
		}
		ev.Elapsed = time.Since(started)
	}()
	if err := Validate(c); err != nil {
		ev.Err = &engine.Error{Kind: engine.Usage, What: err.Error(), Where: "criterion " + c.ID,
			Next: "the session's author must mend its criteria", Err: err}
		return ev
	}
	k, _ := kindOf(c.Kind)
	s, _ := newSpec(k.Keys, c.Spec)
	out := k.run(ctx, input{env: env, spec: s, loads: loads})
	if err := ctx.Err(); err != nil && !out.passed {
		out.err = &engine.Error{Kind: engine.Interrupted, What: "the check was stopped before it could finish", Err: err}
	}
	ev.Observed, ev.Expected, ev.On = plain(out.observed, 300), plain(out.expected, 300), plain(out.on, 300)
	switch {
	case out.err != nil:
		ev.Err = out.err
	case out.passed:
		ev.Passed = true
	default:
		ev.Cause = plain(first(out.cause, c.Cause, "what was seen is not what was expected"), 300)
		ev.Next = plain(first(out.next, c.Next, "compare the two, then run the check again"), 300)
	}
	return ev
}

// Validate says what is wrong with a criterion as data: an unknown kind, an unknown, missing or
// mistyped key, or keys that contradict each other. It looks at nothing outside of c.
func Validate(c engine.Criterion) error {
	k, ok := kindOf(c.Kind)
	if !ok {
		names := make([]string, 0, 5)
		for _, k := range Kinds() {
			names = append(names, k.Name)
		}
		return fmt.Errorf("unknown kind %q: the kinds are %s", c.Kind, strings.Join(names, ", "))
	}
	s, err := newSpec(k.Keys, c.Spec)
	if err != nil {
		return fmt.Errorf("kind %s: %w", k.Name, err)
	}
	if k.valid != nil {
		if err := k.valid(s); err != nil {
			return fmt.Errorf("kind %s: %w", k.Name, err)
		}
	}
	return nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// plain makes a text safe and short for a terminal: one line, no control characters, at most max runes.
func plain(s string, max int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == max {
			b.WriteRune('…')
			break
		}
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			r = ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			r = '\ufffd'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// spec is a criterion's data after its keys and types were checked.
type spec map[string]any

// newSpec checks m against keys and brings its values to one form: string, int64, *big.Rat, bool,
// []string, cell, [][]cell, map[string]string, time.Duration.
func newSpec(keys []Key, m map[string]any) (spec, error) {
	s := spec{}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown key %q: it takes %s", name, keyNames(keys))
		}
		v, ok := convert(keys[i].Type, m[name])
		if !ok {
			return nil, fmt.Errorf("key %q must be a %s, not %s", name, keys[i].Type, describe(m[name]))
		}
		s[name] = v
	}
	for _, k := range keys {
		if _, ok := s[k.Name]; k.Required && !ok {
			return nil, fmt.Errorf("key %q is missing (%s)", k.Name, k.About)
		}
	}
	return s, nil
}

func keyNames(keys []Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case []any:
		return "a list"
	case map[string]any:
		return "a set of names"
	default:
		return plain(fmt.Sprintf("%v", v), 40)
	}
}

func convert(t KeyType, v any) (any, bool) {
	switch t {
	case Text:
		s, ok := v.(string)
		return s, ok && s != ""
	case OnEngine:
		s, _ := v.(string)
		return engine.Backend(s), s == string(engine.Postgres) || s == string(engine.DuckDB)
	case Integer:
		r, ok := number(v)
		if !ok || !r.IsInt() || !r.Num().IsInt64() {
			return nil, false
		}
		return r.Num().Int64(), true
	case Number:
		r, ok := number(v)
		return r, ok
	case Truth:
		b, ok := v.(bool)
		return b, ok
	case Seconds:
		s, _ := v.(string)
		d, err := time.ParseDuration(s)
		return d, err == nil && d > 0
	case Scalar:
		return scalar(v)
	default:
		return convertMany(t, v)
	}
}

func convertMany(t KeyType, v any) (any, bool) {
	switch t {
	case TextMap:
		m, ok := v.(map[string]any)
		out := make(map[string]string, len(m))
		for k, v := range m {
			c, one := scalar(v)
			if !one || c.null {
				return nil, false
			}
			out[k] = c.text
		}
		return out, ok
	case Texts:
		if s, ok := v.(string); ok {
			return []string{s}, s != ""
		}
		list, ok := v.([]any)
		out := make([]string, 0, len(list))
		for _, v := range list {
			c, one := scalar(v)
			if !one || c.null {
				return nil, false
			}
			out = append(out, c.text)
		}
		return out, ok
	case Table:
		list, ok := v.([]any)
		out := make([][]cell, 0, len(list))
		for _, v := range list {
			row, isRow := v.([]any)
			if !isRow {
				return nil, false
			}
			cells := make([]cell, 0, len(row))
			for _, v := range row {
				c, one := scalar(v)
				if !one {
					return nil, false
				}
				cells = append(cells, c)
			}
			out = append(out, cells)
		}
		return out, ok
	}
	return nil, false
}

func scalar(v any) (cell, bool) {
	switch v := v.(type) {
	case nil:
		return cell{null: true}, true
	case string:
		return cell{text: v}, true
	case bool:
		return cell{text: fmt.Sprint(v), kind: engine.BoolValue}, true
	}
	r, ok := number(v)
	if !ok {
		return cell{}, false
	}
	return cell{text: ratText(r), kind: engine.NumberValue}, true
}

// number takes every form in which YAML and JSON decoders give numbers.
func number(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int:
		return new(big.Rat).SetInt64(int64(v)), true
	case int64:
		return new(big.Rat).SetInt64(v), true
	case uint64:
		return new(big.Rat).SetUint64(v), true
	case float64:
		// through its shortest text, so that 0.1 is a tenth
		return new(big.Rat).SetString(fmt.Sprint(v))
	}
	return nil, false
}

// ratText is a number as people write it: no fraction bar, no trailing zeros.
func ratText(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(strings.TrimRight(r.FloatString(12), "0"), ".")
}

func (s spec) has(key string) bool { _, ok := s[key]; return ok }

func (s spec) text(key string) string { v, _ := s[key].(string); return v }

func (s spec) texts(key string) []string { v, _ := s[key].([]string); return v }

func (s spec) truth(key string) bool { v, _ := s[key].(bool); return v }

func (s spec) integer(key string) (int64, bool) { v, ok := s[key].(int64); return v, ok }

func (s spec) number(key string) *big.Rat { v, _ := s[key].(*big.Rat); return v }

func (s spec) duration(key string, otherwise time.Duration) time.Duration {
	if v, ok := s[key].(time.Duration); ok {
		return v
	}
	return otherwise
}

func (s spec) backend(key string) engine.Backend {
	if v, ok := s[key].(engine.Backend); ok {
		return v
	}
	return engine.Postgres
}

// count is how many of the keys are given.
func (s spec) count(keys ...string) int {
	n := 0
	for _, k := range keys {
		if s.has(k) {
			n++
		}
	}
	return n
}
