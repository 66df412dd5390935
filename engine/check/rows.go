package check

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"time"
)

var rowsKeys = []Key{
	{Name: "table", Type: Text, Required: true, About: "the table, as name or schema.name"},
	{Name: "where", Type: Text, About: "a SQL condition; all rows unless given"},
	{Name: "backend", Type: OnEngine, About: "postgres unless given"},
	{Name: "equals", Type: Integer, About: "exactly this many rows"},
	{Name: "min", Type: Integer, About: "at least this many rows"},
	{Name: "max", Type: Integer, About: "at most this many rows"},
	{Name: "not_empty", Type: Truth, About: "the table itself must have rows: for a condition that no row may meet"},
	{Name: "within", Type: Seconds, About: "time limit; 60s unless given"},
}

func validRows(s spec) error {
	if s.count("equals", "min", "max") == 0 {
		return errors.New("say how many rows: equals, min or max")
	}
	if s.has("equals") && s.count("min", "max") > 0 {
		return errors.New("give equals, or min and max")
	}
	for _, k := range []string{"equals", "min", "max"} {
		if n, _ := s.integer(k); n < 0 {
			return errors.New(k + " must not be negative")
		}
	}
	return nil
}

func runRows(ctx context.Context, in input) outcome {
	ctx, cancel := context.WithTimeout(ctx, in.spec.duration("within", time.Minute))
	defer cancel()
	b, table := in.spec.backend("backend"), in.spec.text("table")
	out := outcome{on: table}
	lo, hi := in.bound("min"), in.bound("max")
	out.expected = rangeText(lo, hi)
	if n, ok := in.spec.integer("equals"); ok {
		lo = new(big.Rat).SetInt64(n)
		hi, out.expected = lo, ratText(lo)
	}
	sql := "select count(*) from " + quoteName(table)
	if in.spec.truth("not_empty") {
		if w, bad := in.query(ctx, b, sql, out); bad != nil {
			return in.placed(ctx, b, *bad)
		} else if len(w.Rows) == 1 && len(w.Rows[0]) == 1 && w.Rows[0][0].Text == "0" {
			out.observed, out.cause, out.next = "an empty table", "nothing has been loaded yet", "run this session's lab, then check again"
			return in.placed(ctx, b, out)
		}
	}
	if where := in.spec.text("where"); where != "" {
		sql += " where (" + where + "\n)"
	}
	w, bad := in.query(ctx, b, sql, out)
	if bad != nil {
		return in.placed(ctx, b, *bad)
	}
	out = in.placed(ctx, b, out)
	if len(w.Rows) != 1 || len(w.Rows[0]) != 1 {
		out.observed = plural(len(w.Rows), "row")
		return out
	}
	out.observed = w.Rows[0][0].Text
	n, ok := parseNumber(out.observed)
	out.passed = ok && within(n, lo, hi)
	return out
}

func (in input) bound(key string) *big.Rat {
	n, ok := in.spec.integer(key)
	if !ok {
		return nil
	}
	return new(big.Rat).SetInt64(n)
}

// quoteName quotes each part of a table name, so that it can only ever be a name.
func quoteName(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}
