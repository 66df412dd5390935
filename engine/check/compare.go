package check

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"pipewright/engine"
)

// cell is one value to be compared. kind says how: as a number, a truth value, a time or as text.
type cell struct {
	text string
	null bool
	kind engine.ValueKind
}

func (c cell) String() string {
	switch {
	case c.null:
		return "NULL"
	case c.text == "":
		return "''"
	}
	return c.text
}

// tableOf is a query's result as cells with their column's kind.
func tableOf(w engine.RowWindow) [][]cell {
	out := make([][]cell, len(w.Rows))
	for i, row := range w.Rows {
		out[i] = make([]cell, len(row))
		for j, c := range row {
			out[i][j] = cell{text: c.Text, null: c.Null}
			if j < len(w.Columns) {
				out[i][j].kind = w.Columns[j].Kind
			}
		}
	}
	return out
}

// comparison says how two tables are compared.
type comparison struct {
	ordered   bool
	tolerance *big.Rat // absolute, on numbers; nil: exact
	nullText  bool     // an empty text equals NULL, as in CSV
}

// equal compares two cells. A number equals the same number in another notation, a truth value every
// usual spelling of it, a time the same moment in another form; the kind is that of the side that has one.
func (c comparison) equal(a, b cell) bool {
	if c.nullText {
		a.null = a.null || a.text == ""
		b.null = b.null || b.text == ""
	}
	if a.null || b.null {
		return a.null == b.null
	}
	if a.text == b.text {
		return true
	}
	kind := a.kind
	if kind == engine.TextValue {
		kind = b.kind
	}
	switch kind {
	case engine.NumberValue:
		x, okX := parseNumber(a.text)
		y, okY := parseNumber(b.text)
		if !okX || !okY {
			return false
		}
		if c.tolerance == nil {
			return x.Cmp(y) == 0
		}
		d := new(big.Rat).Sub(x, y)
		return d.Abs(d).Cmp(c.tolerance) <= 0
	case engine.BoolValue:
		x, okX := parseTruth(a.text)
		y, okY := parseTruth(b.text)
		return okX && okY && x == y
	case engine.TimeValue:
		x, okX := parseTime(a.text)
		y, okY := parseTime(b.text)
		return okX && okY && x.Equal(y)
	}
	return false
}

// parseNumber reads a decimal number exactly. Exponents are bounded: 1e999999999 is a text, not a
// number to be computed.
func parseNumber(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 400 || strings.ContainsAny(s, "/xXpP_bBoO") {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 5 {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func parseTruth(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "t", "true", "yes", "1":
		return true, true
	case "f", "false", "no", "0":
		return false, true
	}
	return false, false
}

var timeLayouts = []string{
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02",
}

func parseTime(s string) (time.Time, bool) {
	for _, l := range timeLayouts {
		if t, err := time.Parse(l, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// difference compares two tables. Empty means equal; otherwise it is a short sentence that names the
// first difference.
func (c comparison) difference(want, got [][]cell) string {
	if len(want) > 0 && len(got) > 0 && len(want[0]) != len(got[0]) {
		return fmt.Sprintf("%s instead of %d", plural(len(got[0]), "column"), len(want[0]))
	}
	if c.ordered {
		return c.orderedDifference(want, got)
	}
	missing, extra := c.unmatched(want, got)
	switch {
	case len(missing) == 0 && len(extra) == 0:
		return ""
	case len(extra) == 0:
		return fmt.Sprintf("%s missing, the first: %s", plural(len(missing), "row"), rowText(missing[0]))
	case len(missing) == 0:
		return fmt.Sprintf("%s too many, the first: %s", plural(len(extra), "row"), rowText(extra[0]))
	default:
		return fmt.Sprintf("%s of %d differ: saw %s, expected %s", fmt.Sprint(max(len(missing), len(extra))), max(len(want), len(got)),
			rowText(nearest(missing[0], extra)), rowText(missing[0]))
	}
}

func (c comparison) orderedDifference(want, got [][]cell) string {
	for i := range min(len(want), len(got)) {
		if !c.rowsEqual(want[i], got[i]) {
			return fmt.Sprintf("row %d is %s, expected %s", i+1, rowText(got[i]), rowText(want[i]))
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%s instead of %d", plural(len(got), "row"), len(want))
	}
	return ""
}

func (c comparison) rowsEqual(a, b []cell) bool {
	return len(a) == len(b) && !slices.ContainsFunc(indexes(len(a)), func(i int) bool { return !c.equal(a[i], b[i]) })
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// unmatched pairs the rows of two bags and returns what is left on either side. Rows are grouped by a
// canonical key first; with a tolerance the rest, which is small in a right answer, is paired one by one.
func (c comparison) unmatched(want, got [][]cell) (missing, extra [][]cell) {
	kinds := mergedKinds(want, got)
	byKey := map[string][][]cell{}
	for _, row := range got {
		k := c.key(row, kinds)
		byKey[k] = append(byKey[k], row)
	}
	for _, row := range want {
		k := c.key(row, kinds)
		if n := len(byKey[k]); n > 0 {
			byKey[k] = byKey[k][:n-1]
			continue
		}
		missing = append(missing, row)
	}
	for _, row := range got { // in the order of the result, so that messages are stable
		k := c.key(row, kinds)
		if n := len(byKey[k]); n > 0 {
			byKey[k] = byKey[k][:n-1]
			extra = append(extra, row)
		}
	}
	if c.tolerance == nil || len(missing)*len(extra) > 4_000_000 {
		return missing, extra
	}
	var left [][]cell
	for _, row := range missing {
		i := slices.IndexFunc(extra, func(e []cell) bool { return c.rowsEqual(row, e) })
		if i < 0 {
			left = append(left, row)
			continue
		}
		extra = slices.Delete(extra, i, i+1)
	}
	return left, extra
}

// mergedKinds is each column's kind, from whichever side knows it.
func mergedKinds(tables ...[][]cell) []engine.ValueKind {
	var kinds []engine.ValueKind
	for _, t := range tables {
		for _, row := range t {
			for i, c := range row {
				if i == len(kinds) {
					kinds = append(kinds, engine.TextValue)
				}
				if kinds[i] == engine.TextValue {
					kinds[i] = c.kind
				}
			}
		}
	}
	return kinds
}

// key is a text that two rows share exactly when they are equal without tolerance.
func (c comparison) key(row []cell, kinds []engine.ValueKind) string {
	var b strings.Builder
	for i, v := range row {
		if c.nullText && v.text == "" {
			v.null = true
		}
		if v.null {
			b.WriteString("0:")
			continue
		}
		text := v.text
		switch kinds[i] {
		case engine.NumberValue:
			if r, ok := parseNumber(text); ok {
				text = r.RatString()
			}
		case engine.BoolValue:
			if t, ok := parseTruth(text); ok {
				text = fmt.Sprint(t)
			}
		case engine.TimeValue:
			if t, ok := parseTime(text); ok {
				text = t.UTC().Format(time.RFC3339Nano)
			}
		}
		fmt.Fprintf(&b, "%d:%s", len(text)+1, text)
	}
	return b.String()
}

// nearest is the row of rows that shares the most cells with row, so that a message compares like
// with like.
func nearest(row []cell, rows [][]cell) []cell {
	best, score := rows[0], -1
	for _, r := range rows {
		n := 0
		for i := range min(len(r), len(row)) {
			if r[i].text == row[i].text && r[i].null == row[i].null {
				n++
			}
		}
		if n > score {
			best, score = r, n
		}
	}
	return best
}

func rowText(row []cell) string {
	texts := make([]string, len(row))
	for i, c := range row {
		texts[i] = plain(c.String(), 40)
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
