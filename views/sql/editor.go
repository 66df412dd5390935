package sql

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of the editor, in bytes.
const (
	maxText = 16 << 20 // as much SQL as the command line takes
	maxUndo = 32 << 20 // text that undo holds on to
)

// editor is a text of several lines with a cursor in it. Its lines hold no line breaks, no control
// characters but tabs, and valid UTF-8.
type editor struct {
	lines []string
	at    pos
	goal  int // cell that moves up and down aim at; -1: where the cursor is
	bytes int // size of the text, line breaks counted

	undo, redo []change
	held       int // bytes that undo holds
	sealed     bool

	marks   []scanner // marks[i] is the scanner's state at the beginning of line i*every
	top     int       // first line that is drawn
	version int       // of the text
}

// every is how many lines there are between two marks.
const every = 16

// change is one edit: at a place, what was taken out and what was put in.
type change struct {
	at       pos
	out, in  string
	was, now pos // of the cursor
}

func newEditor() *editor { return &editor{lines: []string{""}, goal: -1} }

// text is the whole text.
func (e *editor) text() string { return strings.Join(e.lines, "\n") }

func (e *editor) empty() bool { return len(e.lines) == 1 && e.lines[0] == "" }

// set replaces the text, and puts the cursor at its end. It can be undone.
func (e *editor) set(text string) {
	e.sealed = true
	e.replace(pos{}, e.last(), clean(text))
	e.sealed = true
}

// last is the place behind the text.
func (e *editor) last() pos { n := len(e.lines) - 1; return pos{n, len(e.lines[n])} }

// clean makes text fit for the editor: line breaks of any kind become \n, other control characters
// but tabs and invalid bytes are dropped.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\t' || c == 0x7f || c >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// insert puts text in at the cursor and says whether there was room for it.
func (e *editor) insert(text string) bool {
	text = clean(text)
	if e.bytes+len(text) > maxText {
		return false
	}
	if text != "" {
		e.replace(e.at, e.at, text)
	}
	return true
}

// replace puts text in the place of a part, with the cursor behind it, and remembers how to undo it.
func (e *editor) replace(from, to pos, text string) {
	c := change{at: from, out: e.between(from, to), in: text, was: e.at}
	if c.out == "" && text == "" {
		return
	}
	e.apply(from, to, text)
	c.now = e.at
	e.redo = nil
	if n := len(e.undo) - 1; n >= 0 && !e.sealed && joins(e.undo[n], c) {
		e.undo[n].in += c.in
		e.undo[n].now = c.now
	} else {
		e.undo = append(e.undo, c)
	}
	e.sealed = false
	e.held += len(c.in) + len(c.out)
	for e.held > maxUndo && len(e.undo) > 1 {
		e.held -= len(e.undo[0].in) + len(e.undo[0].out)
		e.undo = slices.Delete(e.undo, 0, 1)
	}
}

// joins says whether a change goes on with the typing of the one before: the same word, not a new one.
func joins(a, b change) bool {
	return b.out == "" && a.out == "" && a.now == b.at && a.at.row == b.now.row && len(a.in) < 256 &&
		utf8.RuneCountInString(b.in) == 1 && b.in != "\n" && (b.in != " " || strings.HasSuffix(a.in, " "))
}

// between is the text of a part.
func (e *editor) between(from, to pos) string {
	if from.row == to.row {
		return e.lines[from.row][from.col:to.col]
	}
	var b strings.Builder
	b.WriteString(e.lines[from.row][from.col:])
	for r := from.row + 1; r < to.row; r++ {
		b.WriteByte('\n')
		b.WriteString(e.lines[r])
	}
	b.WriteByte('\n')
	b.WriteString(e.lines[to.row][:to.col])
	return b.String()
}

func (e *editor) apply(from, to pos, text string) {
	head, tail := e.lines[from.row][:from.col], e.lines[to.row][to.col:]
	e.bytes += len(text)
	if from.row == to.row {
		e.bytes -= to.col - from.col
	} else {
		e.bytes -= len(e.between(from, to))
	}
	if !strings.Contains(text, "\n") && from.row == to.row {
		e.lines[from.row] = head + text + tail
		e.at = pos{from.row, from.col + len(text)}
	} else {
		parts := strings.Split(text, "\n")
		n := len(parts) - 1
		end := pos{from.row + n, len(parts[n])}
		if n == 0 {
			end.col += from.col
		}
		parts[0] = head + parts[0]
		parts[n] += tail
		e.lines = slices.Replace(e.lines, from.row, to.row+1, parts...)
		e.at = end
	}
	e.goal = -1
	e.marks = e.marks[:min(len(e.marks), from.row/every+1)]
	e.version++
}

// back undoes the last change, forth does it again. They say whether there was one.
func (e *editor) back() bool {
	n := len(e.undo) - 1
	if n < 0 {
		return false
	}
	c := e.undo[n]
	e.undo = e.undo[:n]
	e.redo = append(e.redo, c)
	e.held -= len(c.in) + len(c.out)
	e.apply(c.at, behind(c.at, c.in), c.out)
	e.at, e.sealed = c.was, true
	return true
}

func (e *editor) forth() bool {
	n := len(e.redo) - 1
	if n < 0 {
		return false
	}
	c := e.redo[n]
	e.redo = e.redo[:n]
	e.undo = append(e.undo, c)
	e.held += len(c.in) + len(c.out)
	e.apply(c.at, behind(c.at, c.out), c.in)
	e.at, e.sealed = c.now, true
	return true
}

// behind is the place behind a text that begins at a place.
func behind(p pos, text string) pos {
	n := strings.Count(text, "\n")
	if n == 0 {
		return pos{p.row, p.col + len(text)}
	}
	return pos{p.row + n, len(text) - strings.LastIndexByte(text, '\n') - 1}
}

// place gives the place of a byte offset in the text; it is kept inside the text.
func (e *editor) place(offset int) pos {
	for row, l := range e.lines {
		if offset <= len(l) {
			return pos{row, max(offset, 0)}
		}
		offset -= len(l) + 1
	}
	return e.last()
}

// offset gives the byte offset of a place.
func (e *editor) offset(p pos) int {
	n := p.col
	for _, l := range e.lines[:p.row] {
		n += len(l) + 1
	}
	return n
}

// state is the scanner's state at the beginning of a line.
func (e *editor) state(row int) scanner {
	if len(e.marks) == 0 {
		e.marks = append(e.marks, scanner{})
	}
	none := func(int, int, kind) {}
	for len(e.marks)-1 < row/every {
		i := len(e.marks) - 1
		s := e.marks[i]
		for r := i * every; r < (i+1)*every; r++ {
			s.line(r, e.lines[r], none)
		}
		e.marks = append(e.marks, s)
	}
	s := e.marks[row/every]
	for r := row / every * every; r < row; r++ {
		s.line(r, e.lines[r], none)
	}
	return s
}

// statement finds the statement that the cursor is in or behind: on blank space between two the one before,
// but the next where that begins on the cursor's line or there is none before. limit is the last line
// that is looked at; a statement that goes on beyond ends there.
func (e *editor) statement(limit int) (span, bool) {
	s := e.state(e.at.row)
	before, found := s.last, s.ended
	var chosen, done bool
	var hit span
	for row := e.at.row; row <= min(limit, len(e.lines)-1) && !done; row++ {
		s.line(row, e.lines[row], func(_, to int, k kind) {
			switch {
			case done:
			case k == endKind && s.last.to == pos{row, to}: // the end of one that has a token
				if chosen || !s.last.to.before(e.at) && !e.at.before(s.last.from) {
					hit, done = s.last, true
				}
				before, found = s.last, true
			case s.begun && !chosen && e.at.before(s.start):
				if found && (s.start.row > e.at.row || before.to.row == e.at.row) {
					hit, done = before, true
				}
				chosen = true
			}
		})
	}
	switch {
	case done:
		return hit, true
	case s.begun:
		return span{s.start, e.trimmed(s.start, limit)}, true
	}
	return before, found
}

// trimmed is the end of the text up to a line, without the blank space behind it.
func (e *editor) trimmed(from pos, limit int) pos {
	row := min(limit, len(e.lines)-1)
	for row > from.row && strings.Trim(e.lines[row], blanks) == "" {
		row--
	}
	return pos{row, len(strings.TrimRight(e.lines[row], blanks))}
}
