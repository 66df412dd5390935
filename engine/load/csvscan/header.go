package csvscan

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"pipewright/engine"
)

// CheckHeader tells whether names can name columns: none may be empty or hold what is no text, and no two
// may be the same but for case and surrounding space. It gives nil when they can; the error has no Where.
func CheckHeader(names []string) *engine.Error {
	seen := make(map[string]int, len(names))
	for i, n := range names {
		key := strings.ToLower(strings.TrimSpace(n))
		if key == "" {
			return &engine.Error{
				Kind: engine.Failed,
				What: fmt.Sprintf("column %s has no name in the header", number(int64(i+1))),
				Next: "give each column a name in the first line",
			}
		}
		if !utf8.ValidString(n) || strings.IndexByte(n, 0) >= 0 {
			return &engine.Error{
				Kind: engine.Failed,
				What: fmt.Sprintf("the name of column %s holds bytes that are no text", number(int64(i+1))),
				Next: "mend it in the first line, or name the file's encoding",
			}
		}
		if first, ok := seen[key]; ok {
			return &engine.Error{
				Kind: engine.Failed,
				What: fmt.Sprintf("columns %s and %s are both named %s",
					number(int64(first+1)), number(int64(i+1)), quoteName(strings.TrimSpace(n))),
				Next: "give each column a name of its own in the first line",
			}
		}
		seen[key] = i
	}
	return nil
}

// look is what a cell looks like.
type look uint8

const (
	lookEmpty   look = iota
	lookNumber       // number, date, time, phone number: digits and signs
	lookAddress      // e-mail address or URL
	lookWord         // a truth value or a mark for nothing
	lookText
	looks
)

func lookOf(cell []byte) look {
	cell = bytes.TrimSpace(cell)
	if len(cell) == 0 {
		return lookEmpty
	}
	switch strings.ToLower(string(cell[:min(len(cell), 6)])) {
	case "true", "false", "yes", "no", "t", "f", "y", "n", "null", "none", "n/a", "na", "nan", "\\n":
		return lookWord
	}
	digits, letters := 0, 0
	for _, b := range cell {
		switch {
		case digit(b):
			digits++
		case b >= 0x80 || b|0x20 >= 'a' && b|0x20 <= 'z':
			letters++
		}
	}
	if digits > 0 && (letters == 0 || letters <= 2 && digits >= 6) {
		return lookNumber
	}
	if i := bytes.IndexByte(cell, '@'); i > 0 && bytes.IndexByte(cell[i:], '.') > 0 && bytes.IndexByte(cell, ' ') < 0 {
		return lookAddress
	}
	if bytes.Contains(cell, []byte("://")) {
		return lookAddress
	}
	return lookText
}

// columnLooks is what the cells below the first of a column look like.
type columnLooks struct {
	first  string
	counts [looks]int
	years  int
	again  bool // the first cell's text comes again
}

// sniffHeader tells whether the first record of a sample holds names, by how it differs from those below:
// text over numbers, dates and addresses speaks for it; a number, a date or an address among them, or a
// text that comes again below, against. When nothing speaks either way, cells that can all be names are.
func sniffHeader(sample []byte, whole bool, d Dialect) bool {
	if len(sample) > dialectSample {
		sample, whole = sample[:dialectSample], false
	}
	c := newCutter(d)
	if found := c.scan(sample, whole); found.end > 0 {
		sample = sample[:found.end]
	}
	p := NewParser(d)
	p.reset(sample, 1, 1)
	rec, ok := p.Next()
	if !ok {
		return false
	}
	columns := make([]columnLooks, len(rec.Fields))
	for i, f := range rec.Fields {
		columns[i].first = string(f)
	}
	for range cellSample {
		if rec, ok = p.Next(); !ok {
			break
		}
		for i, f := range rec.Fields[:min(len(rec.Fields), len(columns))] {
			col := &columns[i]
			col.counts[lookOf(f)]++
			if year(f) {
				col.years++
			}
			if col.first == string(f) {
				col.again = true
			}
		}
	}
	score := 0.0
	for i := range columns {
		score += columns[i].speaks()
	}
	if score != 0 {
		return score > 0
	}
	return canBeNames(columns)
}

// speaks says how much the column speaks for a header: above 0 for, below against.
func (c *columnLooks) speaks() float64 {
	first := lookOf([]byte(c.first))
	full := 0
	for l := lookNumber; l < looks; l++ {
		full += c.counts[l]
	}
	usual := lookText
	for l := lookNumber; l < lookText; l++ {
		if c.counts[l]*10 >= full*7 && full > 0 {
			usual = l
		}
	}
	switch {
	case first == lookEmpty:
		return 0
	case first == lookNumber && year([]byte(c.first)) && c.years*2 < full:
		return 0.25 // years as names, over other numbers
	case first == lookText && usual != lookText:
		return 1
	case first == lookNumber || first == lookAddress:
		if first == usual {
			return -1
		}
		return -0.75
	case c.again:
		return -0.5
	}
	return 0
}

func year(b []byte) bool {
	return len(b) == 4 && (string(b[:2]) == "19" || string(b[:2]) == "20") && digit(b[2]) && digit(b[3])
}

func canBeNames(columns []columnLooks) bool {
	seen := map[string]bool{}
	for _, c := range columns {
		name := strings.ToLower(strings.TrimSpace(c.first))
		r, _ := utf8.DecodeRuneInString(name)
		if len(name) > 63 || r != '_' && !unicode.IsLetter(r) || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}
