package check

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"pipewright/engine"
)

var sqlKeys = []Key{
	{Name: "query", Type: Text, Required: true, About: "the SQL that is looked at"},
	{Name: "backend", Type: OnEngine, About: "where query runs; postgres unless given"},
	{Name: "value", Type: Scalar, About: "query gives this one value"},
	{Name: "min", Type: Number, About: "query gives one number, at least this"},
	{Name: "max", Type: Number, About: "query gives one number, at most this"},
	{Name: "rows", Type: Table, About: "query gives these rows"},
	{Name: "equals", Type: Text, About: "query gives what this SQL gives"},
	{Name: "equals_backend", Type: OnEngine, About: "where equals runs; backend unless given"},
	{Name: "ordered", Type: Truth, About: "the order of the rows counts"},
	{Name: "tolerance", Type: Number, About: "how far numbers may be apart"},
	{Name: "may_be_empty", Type: Truth, About: "two empty results are equal; otherwise they prove nothing"},
	{Name: "on", Type: Text, About: "the data in words, when the first table of the query is not it"},
	{Name: "within", Type: Seconds, About: "time limit; 60s unless given"},
}

func validSQL(s spec) error {
	if n := s.count("value", "rows", "equals"); n > 1 || n == 1 && s.count("min", "max") > 0 {
		return errors.New("give one of value, rows, equals, or min and max")
	}
	if s.count("value", "rows", "equals", "min", "max") == 0 {
		return errors.New("say what the query must give: value, rows, equals, min or max")
	}
	if s.has("equals_backend") && !s.has("equals") {
		return errors.New("equals_backend needs equals")
	}
	if t := s.number("tolerance"); t != nil && t.Sign() < 0 {
		return errors.New("tolerance must not be negative")
	}
	return nil
}

func runSQL(ctx context.Context, in input) outcome {
	ctx, cancel := context.WithTimeout(ctx, in.spec.duration("within", time.Minute))
	defer cancel()
	b := in.spec.backend("backend")
	out := outcome{on: first(in.spec.text("on"), tableIn(in.spec.text("query"))), expected: in.expectation()}
	got, bad := in.query(ctx, b, in.spec.text("query"), out)
	if bad != nil {
		return in.placed(ctx, b, *bad)
	}
	out = in.placed(ctx, b, out)
	if !in.spec.has("rows") && !in.spec.has("equals") {
		return in.oneValue(out, got)
	}
	var want [][]cell
	if in.spec.has("rows") {
		want, _ = in.spec["rows"].([][]cell)
	} else {
		eb := b
		if in.spec.has("equals_backend") {
			eb = in.spec.backend("equals_backend")
		}
		w, bad := in.query(ctx, eb, in.spec.text("equals"), out)
		if bad != nil {
			return *bad
		}
		want = tableOf(w)
		out.expected = summary(want)
	}
	return in.compareTables(out, want, tableOf(got))
}

func (in input) compareTables(out outcome, want, got [][]cell) outcome {
	if len(want) == 0 && len(got) == 0 && !in.spec.truth("may_be_empty") {
		out.expected, out.observed = "rows to compare", "none on either side"
		out.cause = "there is no data yet, so nothing is proven"
		return out
	}
	c := comparison{ordered: in.spec.truth("ordered"), tolerance: in.spec.number("tolerance")}
	out.observed = summary(got)
	if d := c.difference(want, got); d != "" {
		out.observed = d
		return out
	}
	out.passed = true
	return out
}

// oneValue compares a result that must be one value.
func (in input) oneValue(out outcome, w engine.RowWindow) outcome {
	table := tableOf(w)
	if len(table) != 1 || len(table[0]) != 1 {
		out.observed = plural(len(table), "row")
		out.cause = "the query must give one value"
		return out
	}
	got := table[0][0]
	out.observed = got.String()
	c := comparison{tolerance: in.spec.number("tolerance")}
	if in.spec.has("value") {
		want, _ := in.spec["value"].(cell)
		out.passed = c.equal(want, got)
		return out
	}
	n, ok := parseNumber(got.text)
	out.passed = ok && !got.null && within(n, in.spec.number("min"), in.spec.number("max"))
	return out
}

func within(n, lo, hi *big.Rat) bool {
	return (lo == nil || n.Cmp(lo) >= 0) && (hi == nil || n.Cmp(hi) <= 0)
}

// expectation is what the spec expects, in words.
func (in input) expectation() string {
	s := in.spec
	switch {
	case s.has("value"):
		c, _ := s["value"].(cell)
		if t := s.number("tolerance"); t != nil {
			return c.String() + " ± " + ratText(t)
		}
		return c.String()
	case s.has("rows"):
		t, _ := s["rows"].([][]cell)
		return summary(t)
	case s.has("equals"):
		return "the rows of the check's own query" // not its text: that would be the answer
	}
	return rangeText(s.number("min"), s.number("max"))
}

func rangeText(lo, hi *big.Rat) string {
	switch {
	case lo != nil && hi != nil:
		return ratText(lo) + " to " + ratText(hi)
	case lo != nil:
		return "at least " + ratText(lo)
	case hi != nil:
		return "at most " + ratText(hi)
	}
	return ""
}

func summary(t [][]cell) string {
	switch {
	case len(t) == 1 && len(t[0]) == 1:
		return t[0][0].String()
	case len(t) > 0 && len(t) <= 3:
		rows := make([]string, len(t))
		for i, r := range t {
			rows[i] = rowText(r)
		}
		return strings.Join(rows, " ")
	case len(t) > 0:
		return fmt.Sprintf("%s, the first %s", plural(len(t), "row"), rowText(t[0]))
	}
	return "0 rows"
}

// query runs SQL for a check. A statement that the backend refused is something observed and fails
// the check; a backend that did not answer is an error.
func (in input) query(ctx context.Context, b engine.Backend, sql string, out outcome) (engine.RowWindow, *outcome) {
	dir := strings.ReplaceAll(in.env.Workspace().Dir, "'", "''")
	w, err := in.env.Query(ctx, b, strings.ReplaceAll(sql, "{workspace}", dir))
	if err == nil {
		if w.Total > int64(len(w.Rows)) {
			out.err = &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("the result has %d rows and %d were read, so it cannot be compared in full", w.Total, len(w.Rows)),
				Where: string(b), Next: "compare a count or a sum instead"}
			return w, &out
		}
		return w, nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		out.observed, out.cause = "no answer in "+in.spec.duration("within", time.Minute).String(), "the query takes too long on this data"
		out.next = "look at its plan, or at how much data there is"
		return w, &out
	}
	var e *engine.Error
	if !errors.As(err, &e) {
		out.err = &engine.Error{Kind: engine.Unavailable, What: string(b) + " did not answer", Where: string(b), Next: "look at pipewright doctor, then check again", Err: err}
		return w, &out
	}
	if e.Kind != engine.Failed {
		out.err = e
		return w, &out
	}
	if strings.HasPrefix(e.SQLState, "08") || strings.HasPrefix(e.SQLState, "57P") || strings.HasPrefix(e.SQLState, "53") {
		// connection, shutdown and resource classes: the server is in trouble, not the answer
		out.err = e
		return w, &out
	}
	out.observed = e.What
	switch {
	case e.SQLState == "42P01" || strings.Contains(e.What, "does not exist"):
		out.cause = "it has not been made yet, or under another name"
		out.next = "run this session's lab or make it yourself, then check again"
	case strings.Contains(e.What, "No files found"): // DuckDB's words
		out.cause = "the file has not been written yet, or under another name"
		out.next = "write it, then check again"
	}
	return w, &out
}

// placed completes the outcome's table into the data that was looked at. A backend that did not answer
// is not asked again.
func (in input) placed(ctx context.Context, b engine.Backend, out outcome) outcome {
	if out.err == nil {
		out.on = in.onData(ctx, b, out.on)
	}
	return out
}

// onData says on which data a check looked: "crm_dev.leads on postgres 18.3".
func (in input) onData(ctx context.Context, b engine.Backend, table string) string {
	name := table
	if strings.Contains(table, "/") { // a file that the backend reads
		return table + " through " + strings.TrimSpace(string(b)+" "+in.env.Version(b))
	}
	if w, err := in.env.Query(ctx, b, "select current_database()"); err == nil && len(w.Rows) == 1 && len(w.Rows[0]) == 1 {
		name = strings.TrimSuffix(w.Rows[0][0].Text+"."+table, ".")
	}
	return strings.TrimSpace(name + " on " + strings.TrimSpace(string(b)+" "+in.env.Version(b)))
}

// tableIn is the first table that a query names after FROM, for the evidence's "on which data". It is
// a label and decides nothing.
func tableIn(sql string) string {
	words := strings.Fields(sql)
	for i, w := range words {
		if strings.EqualFold(w, "from") && i+1 < len(words) {
			t := strings.Trim(words[i+1], "();,")
			if t != "" && !strings.EqualFold(t, "select") && !strings.Contains(t, "(") {
				return t
			}
		}
	}
	return ""
}
