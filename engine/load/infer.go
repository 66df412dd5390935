package load

import (
	"strings"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// guess is the set of types that a column's cells have allowed so far.
type guess uint8

const (
	guessInt guess = 1 << iota
	guessDecimal
	guessBool
	guessDate
	guessLocal
	guessInstant
	guessAll guess = 1<<iota - 1
)

// columnStats is what is known of one column after some of its cells. A type stays only as long as every
// cell that is not empty would print as it stands, or names the same number, date or truth value beyond
// doubt.
type columnStats struct {
	guess guess
	seen  bool // a cell that is not empty
	wide  bool // a whole number of more than 32 bits
	whole int  // most digits before the point
	scale int  // most digits after it
}

func (s *columnStats) see(b []byte) {
	if len(b) == 0 {
		return
	}
	s.seen = true
	if s.guess == 0 {
		return
	}
	if s.guess&(guessInt|guessDecimal) != 0 {
		s.guess &^= (guessInt | guessDecimal) &^ s.number(b)
	}
	if s.guess&guessBool != 0 && !isTruth(b) {
		s.guess &^= guessBool
	}
	if s.guess&guessDate != 0 {
		if _, ok := parseDate(b); !ok {
			s.guess &^= guessDate
		}
	}
	if s.guess&(guessLocal|guessInstant) != 0 {
		s.guess &^= (guessLocal | guessInstant) &^ moment(b)
	}
}

// number says what kinds of number b is as it stands: no plus, no leading zero, no minus zero, no exponent.
func (s *columnStats) number(b []byte) guess {
	d := b
	if d[0] == '-' {
		d = d[1:]
	}
	if len(d) == 0 || !isDecimal(d) || d[0] == '+' || d[0] == '-' || d[0] == '.' || d[len(d)-1] == '.' {
		return 0
	}
	if d[0] == '0' && len(d) > 1 && d[1] != '.' {
		return 0
	}
	if b[0] == '-' && strings.Trim(textOf(d), "0.") == "" {
		return 0
	}
	whole, scale := decimalSize(d)
	if whole > 131072 || scale > 16383 { // PostgreSQL's numeric
		return 0
	}
	s.whole, s.scale = max(s.whole, whole), max(s.scale, scale)
	if scale > 0 {
		return guessDecimal
	}
	n, ok := parseInt(b)
	if !ok {
		return guessDecimal
	}
	s.wide = s.wide || n != int64(int32(n))
	return guessInt | guessDecimal
}

// isTruth takes true and false, written in one of the ways that mean nothing else.
func isTruth(b []byte) bool {
	switch string(b) {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		return true
	}
	return false
}

// moment takes a date with a time. One with an offset is an instant only when that is UTC's: a column of
// instants forgets the offset.
func moment(b []byte) guess {
	if len(b) == 10 {
		return 0
	}
	switch _, _, z, ok := parseTimestamp(b); {
	case !ok || z == otherZone:
		return 0
	case z == utcZone:
		return guessInstant
	}
	return guessLocal
}

func (s *columnStats) merge(o *columnStats) {
	s.guess &= o.guess
	s.seen = s.seen || o.seen
	s.wide = s.wide || o.wide
	s.whole, s.scale = max(s.whole, o.whole), max(s.scale, o.scale)
}

// column gives the narrowest type that keeps what every cell prints. A column without any is text.
func (s *columnStats) column(name string) engine.ColumnSpec {
	c := engine.ColumnSpec{Name: name, Type: engine.TypeText}
	if !s.seen {
		return c
	}
	switch {
	case s.guess&guessInt != 0 && s.wide:
		c.Type = engine.TypeBigint
	case s.guess&guessInt != 0:
		c.Type = engine.TypeInteger
	case s.guess&guessDecimal != 0:
		c.Type = engine.TypeNumeric
		c.Precision, c.Scale = s.whole+s.scale, s.scale
	case s.guess&guessBool != 0:
		c.Type = engine.TypeBoolean
	case s.guess&guessDate != 0:
		c.Type = engine.TypeDate
	case s.guess&guessLocal != 0:
		c.Type = engine.TypeTimestamp
	case s.guess&guessInstant != 0:
		c.Type = engine.TypeTimestamptz
	}
	return c
}

// surveyor infers the columns of one chunk after another. Records that the load will refuse whatever the
// types are do not count.
type surveyor struct {
	parser *csvscan.Parser
	stats  []columnStats
}

func newSurveyor(d csvscan.Dialect, columns int) *surveyor {
	s := &surveyor{parser: csvscan.NewParser(d), stats: make([]columnStats, columns)}
	for i := range s.stats {
		s.stats[i].guess = guessAll
	}
	return s
}

func (s *surveyor) survey(c *csvscan.Chunk) {
	s.parser.Reset(c)
	for {
		rec, ok := s.parser.Next()
		if !ok {
			return
		}
		if isBroken(&rec, len(s.stats)) {
			continue
		}
		for i, cell := range rec.Fields {
			s.stats[i].see(cell)
		}
	}
}

// isBroken says whether a record is no row of a file with so many columns.
func isBroken(rec *csvscan.Record, columns int) bool {
	const bad = csvscan.BadEncoding | csvscan.HasNUL | csvscan.StrayText | csvscan.UnclosedQuote | csvscan.TooManyFields
	return rec.Flaws&bad != 0 || len(rec.Fields) != columns
}

// inferred makes a schema of what the surveyors found.
func inferred(table string, header []string, surveyors []*surveyor) Schema {
	s := Schema{Name: Infer, Table: engine.TableSpec{Name: table}}
	for i, name := range header {
		all := surveyors[0].stats[i]
		for _, o := range surveyors[1:] {
			all.merge(&o.stats[i])
		}
		s.Table.Columns = append(s.Table.Columns, all.column(strings.TrimSpace(name)))
	}
	return s
}
