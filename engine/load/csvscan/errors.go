package csvscan

import (
	"errors"
	"fmt"
	"strconv"

	"pipewright/engine"
)

// at gives a place in the text: "data/leads.csv, line 3".
func (s *Source) at(line int64) string { return s.o.Name + ", line " + number(line) }

func (s *Source) unclosed(found cut) error {
	line := s.line + found.openLine
	return &engine.Error{
		Kind:  engine.Failed,
		What:  fmt.Sprintf("the quote that opens on line %s is never closed", number(line)),
		Where: s.at(line),
		Next:  "close it there, or double it where it is text",
	}
}

func (s *Source) tooLong(found cut) error {
	limit := size(int64(s.o.MaxRecord))
	e := &engine.Error{Kind: engine.Failed}
	if found.open >= 0 {
		line := s.line + found.openLine
		e.What = fmt.Sprintf("the quote that opens on line %s is not closed within %s", number(line), limit)
		e.Where = s.at(line)
		e.Next = "close it there, or double it where it is text"
		return e
	}
	e.What = fmt.Sprintf("line %s is longer than %s", number(s.line), limit)
	e.Where = s.at(s.line)
	e.Next = "check that this is delimited text with a line for each row"
	return e
}

func (s *Source) tooWide(n int, rec Record) error {
	has := number(int64(n))
	if rec.Flaws&TooManyFields != 0 {
		has = "more than " + has
	}
	return &engine.Error{
		Kind:  engine.Failed,
		What:  fmt.Sprintf("it has %s columns, and a table holds at most %s", has, number(int64(s.o.MaxColumns))),
		Where: s.at(rec.Line),
		Next:  "split the file into narrower ones, or check the delimiter",
	}
}

// broken tells a read error with the place where the text breaks off.
func (s *Source) broken(err error, found cut) error {
	row, line := s.row+found.rows-1, s.line+found.lines
	if s.d.Header && s.header == nil {
		row--
	}
	after := "before its first whole row"
	if row > 0 {
		after = "after row " + number(row)
	}
	e := &engine.Error{
		Kind:  engine.Failed,
		What:  fmt.Sprintf("the file cannot be read to its end (%s), it breaks off %s", plainCause(err), after),
		Where: s.at(line),
		Next:  "check where it is stored and try again",
		Err:   err,
	}
	var p *packed
	var b *bomb
	switch {
	case errors.As(err, &b):
		e.What = fmt.Sprintf("%s of stored data have unpacked to %s by row %s, as a zip bomb does",
			size(b.stored), size(b.decoded), number(max(row, 0)))
		e.Next = "unpack it yourself if you trust it, and load that"
	case errors.As(err, &p):
		e.What = p.what + ", " + after
		e.Next = "get a whole copy of the file and try again"
	}
	return e
}

// quoteName puts a name from outside in quotes, with control characters made visible, cut to a readable
// length.
func quoteName(name string) string {
	const most = 60
	if r := []rune(name); len(r) > most {
		name = string(r[:most]) + "…"
	}
	return strconv.Quote(name)
}

// number writes n with thousands separated: 5,000.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size writes a number of bytes: 16 MiB.
func size(n int64) string {
	for _, u := range [...]struct {
		shift uint
		name  string
	}{{30, "GiB"}, {20, "MiB"}, {10, "KiB"}} {
		if n >= 1<<u.shift {
			if n%(1<<u.shift) == 0 {
				return number(n>>u.shift) + " " + u.name
			}
			return strconv.FormatFloat(float64(n)/float64(int64(1)<<u.shift), 'f', 1, 64) + " " + u.name
		}
	}
	return number(n) + " bytes"
}
