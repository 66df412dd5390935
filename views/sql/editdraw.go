package sql

import (
	"strings"

	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// fault is a place that an error points at.
type fault struct {
	at  pos
	set bool
}

// cursorInk draws the cell under the cursor.
const cursorInk = theme.Ink("\x1b[7m")

// inkOf is how a piece of SQL is drawn.
func inkOf(t *theme.Theme, k kind) theme.Ink {
	switch k {
	case keywordKind:
		return t.Accent
	case stringKind, numberKind:
		return t.Code
	case commentKind:
		return t.Muted
	}
	return t.Text
}

// draw draws h lines of w cells from the text, the cursor's line among them. typing shows the cursor;
// bad is marked with psql's caret below its line.
func (e *editor) draw(t *theme.Theme, w, h int, typing bool, bad fault) []string {
	if h < 1 {
		return nil
	}
	room := h
	if bad.set {
		room = max(h-1, 1)
	}
	e.top = max(min(e.top, len(e.lines)-1), 0)
	if typing || e.at.row < len(e.lines) {
		if e.at.row < e.top {
			e.top = e.at.row
		}
		if e.at.row >= e.top+room {
			e.top = e.at.row - room + 1
		}
	}
	e.top = max(min(e.top, len(e.lines)-room), 0)
	here, marked := span{}, false
	bottom := min(e.top+h, len(e.lines)) - 1
	if s := e.state(bottom); typing && (s.ended || e.more(s, bottom)) {
		here, marked = e.statement(bottom)
	}
	digits := len(widget.Count(int64(len(e.lines))))
	s := e.state(e.top)
	var out []string
	for row := e.top; row < len(e.lines) && len(out) < h; row++ {
		sign, ink := "│", t.Rule
		if marked && row >= here.from.row && row <= here.to.row {
			sign, ink = "┃", t.Accent
		}
		gutter := " " + t.Muted.On(widget.FitRight(widget.Count(int64(row+1)), digits)) + " " + ink.On(sign) + " "
		cursor := -1
		if typing && row == e.at.row {
			cursor = e.at.col
		}
		text, from := e.line(t, &s, row, w-digits-5, cursor)
		out = append(out, gutter+text)
		if bad.set && bad.at.row == row && len(out) < h {
			x := cell(e.lines[row], bad.at.col) - cell(e.lines[row], from)
			out = append(out, widget.Blank(digits+4)+widget.Blank(min(max(x, 0), w-digits-6))+t.Bad.On("^"))
		}
	}
	return out
}

// more says whether a statement ends on a line, and so another may be there.
func (e *editor) more(s scanner, row int) bool {
	s.line(row, e.lines[row], func(int, int, kind) {})
	return s.ended
}

// longest is the longest line whose pieces are told apart by inks.
const longest = 16 << 10

// line draws one line in w cells from the byte offset that it gives; the cursor's line is moved to the
// left as far as the cursor asks for.
func (e *editor) line(t *theme.Theme, s *scanner, row, w, cursor int) (string, int) {
	line := e.lines[row]
	from := 0
	if cursor > 0 {
		from = window(line, cursor, w)
	}
	type piece struct {
		to  int
		ink theme.Ink
	}
	var pieces []piece
	s.line(row, line, func(a, b int, k kind) {
		if len(line) <= longest {
			pieces = append(pieces, piece{a, t.Text}, piece{b, inkOf(t, k)})
		}
	})
	var b, run strings.Builder
	var ink theme.Ink
	flush := func() {
		b.WriteString(ink.On(run.String()))
		run.Reset()
	}
	x, i := 0, from
	if from > 0 {
		b.WriteString(t.Muted.On("…"))
		x++
	}
	for i < len(line) {
		end, shown, n := glyph(line, i, x)
		if x+n > w-1 && (end < len(line) || x+n > w) {
			flush()
			ink = t.Muted
			run.WriteString("…")
			x++
			break
		}
		for len(pieces) > 0 && pieces[0].to <= i {
			pieces = pieces[1:]
		}
		want := t.Text
		if len(pieces) > 0 {
			want = pieces[0].ink
		}
		if i == cursor {
			want = cursorInk
			if line[i] == '\t' {
				flush()
				b.WriteString(cursorInk.On(" "))
				i, x, ink = end, x+n, t.Text
				run.WriteString(widget.Blank(n - 1))
				continue
			}
		}
		if want != ink {
			flush()
			ink = want
		}
		run.WriteString(shown)
		i, x = end, x+n
	}
	flush()
	if cursor == len(line) && x < w {
		b.WriteString(cursorInk.On(" "))
	}
	return b.String(), from
}

// window is the byte offset from which a line is drawn for its cursor to be within w cells.
func window(line string, cursor, w int) int {
	if cursor <= far && cell(line, cursor) < w-2 {
		return 0
	}
	room, i := max(w*2/3, 1), cursor
	for i > 0 {
		j := previous(line, i)
		_, _, n := glyph(line, j, 0)
		if room -= n; room < 0 {
			break
		}
		i = j
	}
	return i
}
