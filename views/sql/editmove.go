package sql

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"pipewright/tui/widget"
)

// next is the byte offset behind the character that begins at i: with the marks that combine with it.
func next(line string, i int) int {
	if i >= len(line) {
		return len(line)
	}
	if line[i] < utf8.RuneSelf && (i+1 == len(line) || line[i+1] < utf8.RuneSelf) {
		return i + 1
	}
	c, _ := ansi.FirstGraphemeCluster(line[i:min(i+256, len(line))], ansi.GraphemeWidth)
	n := len(c)
	if n == 0 || i+n < len(line) && !utf8.RuneStart(line[i+n]) {
		_, n = utf8.DecodeRuneInString(line[i:])
	}
	return i + n
}

// previous is the byte offset of the character that ends at i.
func previous(line string, i int) int {
	if i <= 0 {
		return 0
	}
	if line[i-1] < utf8.RuneSelf {
		return i - 1
	}
	j := max(i-64, 0)
	for j > 0 && !utf8.RuneStart(line[j]) {
		j--
	}
	for {
		n := next(line, j)
		if n >= i {
			return j
		}
		j = n
	}
}

// tabStop is how far apart tabs stand, in cells.
const tabStop = 4

// glyph is how the character of a line that begins at i is drawn at cell x of it: its end, its text and
// its width.
func glyph(line string, i, x int) (end int, shown string, w int) {
	end = next(line, i)
	if line[i] == '\t' && end == i+1 {
		w = tabStop - x%tabStop
		return end, widget.Blank(w), w
	}
	shown = line[i:end]
	if end == i+1 && shown[0] >= 0x20 && shown[0] < 0x7f {
		return end, shown, 1
	}
	shown = widget.Inert(shown)
	return end, shown, widget.Width(shown)
}

// far is where a line is so long that its cells are not counted but its bytes.
const far = 4096

// cell is the cell at which a byte offset of a line is drawn.
func cell(line string, col int) int {
	if col > far {
		return col
	}
	x := 0
	for i := 0; i < col; {
		end, _, w := glyph(line, i, x)
		i, x = end, x+w
	}
	return x
}

// byteAt is the byte offset of the character at a cell of a line.
func byteAt(line string, x int) int {
	if x > far {
		i := min(x, len(line))
		for i > 0 && i < len(line) && !utf8.RuneStart(line[i]) {
			i--
		}
		return i
	}
	at := 0
	for i := 0; i < len(line); {
		end, _, w := glyph(line, i, at)
		if at+w > x {
			return i
		}
		i, at = end, at+w
	}
	return len(line)
}

// go moves the cursor to a place.
func (e *editor) goTo(p pos) {
	e.at.row = max(min(p.row, len(e.lines)-1), 0)
	e.at.col = max(min(p.col, len(e.lines[e.at.row])), 0)
	e.goal, e.sealed = -1, true
}

func (e *editor) left() {
	switch {
	case e.at.col > 0:
		e.goTo(pos{e.at.row, previous(e.lines[e.at.row], e.at.col)})
	case e.at.row > 0:
		e.goTo(pos{e.at.row - 1, len(e.lines[e.at.row-1])})
	}
}

func (e *editor) right() {
	switch {
	case e.at.col < len(e.lines[e.at.row]):
		e.goTo(pos{e.at.row, next(e.lines[e.at.row], e.at.col)})
	case e.at.row < len(e.lines)-1:
		e.goTo(pos{e.at.row + 1, 0})
	}
}

// down moves by n lines, up where n is negative, and aims at the same cell.
func (e *editor) down(n int) {
	if e.goal < 0 {
		e.goal = cell(e.lines[e.at.row], e.at.col)
	}
	goal, row := e.goal, max(min(e.at.row+n, len(e.lines)-1), 0)
	e.goTo(pos{row, byteAt(e.lines[row], goal)})
	e.goal = goal
}

// wordKind says what a word is for moves by words: letters and digits, or a run of other signs.
func class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 0
	case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
		return 1
	}
	return 2
}

// wordLeft is the beginning of the word before the cursor, or the end of the line before.
func (e *editor) wordLeft() pos {
	line, i := e.lines[e.at.row], e.at.col
	if i == 0 {
		if e.at.row == 0 {
			return e.at
		}
		return pos{e.at.row - 1, len(e.lines[e.at.row-1])}
	}
	i = len(strings.TrimRightFunc(line[:i], unicode.IsSpace))
	if i > 0 {
		r, _ := utf8.DecodeLastRuneInString(line[:i])
		c := class(r)
		i = len(strings.TrimRightFunc(line[:i], func(r rune) bool { return class(r) == c }))
	}
	return pos{e.at.row, i}
}

// wordRight is the end of the word behind the cursor, or the beginning of the next line.
func (e *editor) wordRight() pos {
	line, i := e.lines[e.at.row], e.at.col
	if i == len(line) {
		if e.at.row == len(e.lines)-1 {
			return e.at
		}
		return pos{e.at.row + 1, 0}
	}
	rest := strings.TrimLeftFunc(line[i:], unicode.IsSpace)
	if rest != "" {
		r, _ := utf8.DecodeRuneInString(rest)
		c := class(r)
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return class(r) == c })
	}
	return pos{e.at.row, len(line) - len(rest)}
}

// drop takes out what is between the cursor and a place.
func (e *editor) drop(p pos) {
	from, to := p, e.at
	if to.before(from) {
		from, to = to, from
	}
	if from != to {
		e.replace(from, to, "")
	}
}

func (e *editor) backspace() {
	p := e.at
	e.left()
	q := e.at
	e.at = p
	e.drop(q)
}

func (e *editor) delete() {
	p := e.at
	e.right()
	q := e.at
	e.at = p
	e.drop(q)
}

// newline breaks the line and begins the next one under the first word of this one.
func (e *editor) newline() bool {
	line := e.lines[e.at.row][:e.at.col]
	in := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	return e.insert("\n" + in)
}
