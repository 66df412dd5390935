package query

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// The bounds of the extract that libpq shows of a line, in screen columns: reportErrorPosition in
// fe-protocol3.c.
const (
	caretWidth    = 60
	caretRightCut = 10
)

// Caret gives psql's two lines for a place in a statement, each ended by a line break:
//
//	LINE 2: select nam from leads
//	               ^
//
// position counts characters from 1. A long line is cut around the place. Tabs and control characters
// show as a blank, so that the caret stands right and nothing in the text reaches the terminal as a
// command. It gives "" when the position is not in the text.
func Caret(sql string, position int) string {
	loc := position - 1
	if loc < 0 {
		return ""
	}
	e := newExtract(sql, loc)
	if loc > len(e.runes) {
		return ""
	}
	e.cut(loc)
	prefix := "LINE " + strconv.Itoa(e.line) + ": "
	if e.cutLeft {
		prefix += "..."
	}
	var b strings.Builder
	b.WriteString(prefix)
	b.WriteString(string(e.runes[e.beg:e.end]))
	if e.cutRight {
		b.WriteString("...")
	}
	b.WriteByte('\n')
	b.WriteString(strings.Repeat(" ", len(prefix)+e.col[loc]-e.col[e.beg]))
	b.WriteString("^\n")
	return b.String()
}

// extract is the line of a text that holds one place. Its runes reach from the text's start to the end
// of that line; col[i] is the screen column of runes[i] counted from the text's start.
type extract struct {
	runes             []rune
	col               []int
	line              int
	beg, end          int
	cutLeft, cutRight bool
}

func newExtract(sql string, loc int) *extract {
	e := &extract{line: 1}
	col := 0
	var prev rune
	for _, r := range sql {
		i := len(e.runes)
		if r == '\n' || r == '\r' {
			if i >= loc {
				break
			}
			if r == '\r' || prev != '\r' {
				e.line++
			}
			e.beg = i + 1
		}
		prev = r
		if unicode.IsControl(r) {
			r = ' '
		}
		e.runes = append(e.runes, r)
		e.col = append(e.col, col)
		col += runeWidth(r)
	}
	e.col = append(e.col, col)
	e.end = len(e.runes)
	return e
}

// cut shortens a line that is too long: on the right alone where that is enough, else on both sides.
func (e *extract) cut(loc int) {
	if e.col[e.end]-e.col[e.beg] <= caretWidth {
		return
	}
	if e.col[e.beg]+caretWidth >= e.col[loc]+caretRightCut {
		for e.col[e.end]-e.col[e.beg] > caretWidth {
			e.end--
		}
		e.cutRight = true
		return
	}
	for e.col[loc]+caretRightCut < e.col[e.end] {
		e.end--
		e.cutRight = true
	}
	for e.col[e.end]-e.col[e.beg] > caretWidth {
		e.beg++
		e.cutLeft = true
	}
}

// runeWidth is how many columns a terminal gives to a rune.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
