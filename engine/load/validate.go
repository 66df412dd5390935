package load

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// column is what the validator knows of one column that the file carries.
type column struct {
	name    string
	place   int // in the record
	typ     engine.DataType
	parse   parser
	length  int // in characters, 0 when there is no limit
	text    bool
	def     engine.Datum
	empty   string // the reason for an empty cell, or "" when it may be empty
	tooLong string
	rules   []Rule
}

// layout is a compiled schema: how to turn a record into a row of datums.
type layout struct {
	columns []column
	fields  int   // cells that a record must have
	key     []int // columns (by index) of the key; empty when the table has none
	exact   bool  // the key is the table's own and not the schema's
}

// fault is what is wrong with one row: its first bad cell, and all reasons.
type fault struct {
	column  string
	value   []byte
	reason  string
	reasons []string // as they are counted
}

// compile joins the schema with the table as it is and the file's header.
func compile(s *Schema, cols []engine.ColumnSpec, places []int, target *engine.LoadTarget, fields int) (*layout, error) {
	l := &layout{fields: fields}
	for i, spec := range cols {
		actual := target.Columns[i]
		c := column{
			name: spec.Name, place: places[i], typ: actual.Type, parse: parserOf(actual),
			length: limit(spec.Length, actual.Length),
		}
		if c.parse == nil || s.Name != Infer && !compatible(spec.Type, actual.Type) {
			return nil, &engine.Error{
				Kind:  engine.Failed,
				What:  "the table's column " + quoted(spec.Name) + " is of the type " + string(actual.Type) + ", which does not hold what " + s.Name + " has there (" + string(spec.Type) + ")",
				Where: target.Name,
				Next:  "change the column's type, or load into another table",
			}
		}
		if actual.Type == engine.TypeTimestamptz && spec.Type == engine.TypeTimestamp {
			c.parse = parseUTC
			target.Notes = append(target.Notes, "times in "+spec.Name+" have no time zone and are taken as UTC")
		}
		c.text = actual.Type == engine.TypeText || actual.Type == engine.TypeVarchar
		if c.length > 0 {
			c.tooLong = "longer than " + strconv.Itoa(c.length) + " characters"
		}
		if i < len(target.Defaults) {
			c.def = target.Defaults[i]
		}
		if actual.NotNull && !c.def.Valid || s.requires(spec.Name) {
			c.empty = missing(spec.Name)
		}
		for _, r := range s.Rules {
			if r.Column == spec.Name {
				c.rules = append(c.rules, r)
			}
		}
		l.columns = append(l.columns, c)
	}
	key := s.Table.Key
	if len(key) == 0 {
		key, l.exact = target.Key, true
	}
	for _, k := range key {
		for i := range l.columns {
			if l.columns[i].name == k {
				l.key = append(l.key, i)
			}
		}
	}
	if len(l.key) != len(key) {
		l.key = nil
	}
	return l, nil
}

// compatible says whether a column of the table can hold what a known schema has in it.
func compatible(schema, table engine.DataType) bool {
	return family(table) == 't' || family(schema) == family(table)
}

func family(t engine.DataType) byte {
	switch t {
	case engine.TypeText, engine.TypeVarchar:
		return 't'
	case engine.TypeBoolean:
		return 'b'
	case engine.TypeDate, engine.TypeTimestamp, engine.TypeTimestamptz:
		return 'd'
	}
	return 'n'
}

func (s *Schema) requires(name string) bool {
	for _, r := range s.Required {
		if r == name {
			return true
		}
	}
	return false
}

// limit is the stricter of two lengths, 0 meaning none.
func limit(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// The reasons for records that are no rows of this file at all, as they are counted.
const (
	reasonFewer    = "fewer cells than the header"
	reasonMore     = "more cells than the header"
	reasonEncoding = "bytes that are no text in the file's encoding"
	reasonNUL      = "a NUL byte, which no text column holds"
	reasonStray    = "text after a closing quote"
)

// row reads a record into out, which has room for each column. It gives false and fills f when the record
// is no good. The datums are valid while the record is.
func (l *layout) row(rec *csvscan.Record, out []engine.Datum, f *fault) bool {
	if isBroken(rec, l.fields) {
		l.broken(rec, f)
		return false
	}
	good := true
	for i := range l.columns {
		c := &l.columns[i]
		cell := rec.Fields[c.place]
		d := &out[i]
		if len(cell) == 0 {
			if c.empty != "" {
				good = f.add(good, c, cell, c.empty)
			}
			*d = c.def
			continue
		}
		d.Valid = true
		if c.text {
			d.Bytes = cell
			if c.length > 0 && longerThan(cell, c.length) {
				good = f.add(good, c, cell, c.tooLong)
			}
		} else if reason := c.parse(d, cell); reason != "" {
			good = f.add(good, c, cell, reason)
		}
		for j := range c.rules {
			if reason := c.rules[j].Check(cell); reason != "" {
				good = f.add(good, c, cell, reason)
			}
		}
	}
	return good
}

// add records one more reason; it gives false, for row's result.
func (f *fault) add(first bool, c *column, cell []byte, reason string) bool {
	if first {
		f.column, f.value, f.reason = c.name, cell, reason
		f.reasons = append(f.reasons[:0], reason)
		return false
	}
	if c.name == f.column {
		f.reason += "; " + reason
	} else {
		f.reason += "; " + c.name + ": " + reason
	}
	for _, r := range f.reasons {
		if r == reason {
			return false
		}
	}
	f.reasons = append(f.reasons, reason)
	return false
}

// broken fills f for a record that cannot be taken apart into the header's columns.
func (l *layout) broken(rec *csvscan.Record, f *fault) {
	f.column, f.value, f.reasons = "", nil, f.reasons[:0]
	where := func(bad func(cell []byte) bool) {
		for i := range l.columns {
			if cell := rec.Fields[l.columns[i].place]; bad(cell) {
				f.column, f.value = l.columns[i].name, cell
				return
			}
		}
	}
	switch {
	case len(rec.Fields) < l.fields:
		f.reason = cells(len(rec.Fields)) + " where the header has " + strconv.Itoa(l.fields)
		f.reasons = append(f.reasons, reasonFewer)
	case len(rec.Fields) > l.fields || rec.Flaws&csvscan.TooManyFields != 0:
		f.reason = cells(len(rec.Fields)) + " where the header has " + strconv.Itoa(l.fields)
		f.reasons = append(f.reasons, reasonMore)
	case rec.Flaws&csvscan.HasNUL != 0:
		f.reason = reasonNUL
		f.reasons = append(f.reasons, reasonNUL)
		where(func(cell []byte) bool { return bytes.IndexByte(cell, 0) >= 0 })
	case rec.Flaws&csvscan.BadEncoding != 0:
		f.reason = reasonEncoding
		f.reasons = append(f.reasons, reasonEncoding)
		where(func(cell []byte) bool { return !utf8.Valid(cell) })
	default:
		f.reason = reasonStray
		f.reasons = append(f.reasons, reasonStray)
	}
}

func cells(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return strconv.Itoa(n) + " cells"
}
