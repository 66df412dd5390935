package data

import (
	"fmt"
	"strings"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	p.split = 0
	if p.inside && p.table() != nil {
		return p.drawTable(t, w, h, focused)
	}
	lines := []string{widget.Heading(t, focused, "DATA", p.summary(t), p.note(t), w)}
	if p.place == Typing || p.filter.Value() != "" {
		lines = append(lines, p.filterLine(t, w))
	}
	lines = append(lines, p.trouble(t, w)...)
	if len(p.shown) == 0 {
		return append(lines, p.empty(t)...)
	}
	room := h - len(lines)
	p.listTop = len(lines) + 1
	if w < 140 {
		p.columns(true)
		return append(lines, p.list.Draw(t, p.listRows(t), w, room)...)
	}
	p.split = w / 2
	p.columns(false)
	a := p.list.Draw(t, p.listRows(t), p.split, room)
	b := widget.Box(p.beside(t, w-p.split-1, room), w-p.split-1, room)
	for i := range a {
		lines = append(lines, a[i]+t.Rule.On("│")+b[i])
	}
	return lines
}

// summary is each backend with how many tables it has.
func (p *Pane) summary(t *theme.Theme) string {
	var parts []string
	for _, b := range p.order {
		k := p.known[b]
		switch {
		case k == nil && p.looking[b]:
			parts = append(parts, string(b)+" "+t.Muted.On("…"))
		case k == nil:
		case len(k.Tables) == 0 && k.Err != nil:
			parts = append(parts, string(b)+" "+t.Bad.On("✗"))
		default:
			s := string(b) + " " + t.Muted.On(widget.Plural(int64(len(k.Tables)), "table", "tables"))
			if k.Bytes > 0 {
				s += t.Muted.On(", " + widget.Size(k.Bytes))
			}
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "   ")
}

func (p *Pane) note(t *theme.Theme) string {
	for _, b := range p.order {
		if p.looking[b] {
			return t.Warn.On("◐ looking")
		}
	}
	latest := ""
	for _, k := range p.known {
		if !k.At.IsZero() {
			latest = max(latest, k.At.Format("15:04:05"))
		}
	}
	if latest == "" {
		return ""
	}
	return t.Muted.On("looked at " + latest)
}

func (p *Pane) filterLine(t *theme.Theme, w int) string {
	if p.place == Typing {
		return "  " + p.filter.Draw(t, "/ ", w-4)
	}
	return "  " + t.Key.On("/ ") + widget.Cut(p.filter.Value(), w-24) + t.Muted.On(fmt.Sprintf("   %d shown; esc shows all", len(p.shown)))
}

// trouble says of each backend why its tables are not there, or not known.
func (p *Pane) trouble(t *theme.Theme, w int) []string {
	var out []string
	for _, b := range p.order {
		k := p.known[b]
		if k == nil {
			continue
		}
		if k.Err != nil {
			out = append(out, "  "+t.Bad.On("✗ "+widget.Cut(string(b)+": "+widget.Inert(k.Err.What), w-5)))
			if k.Err.Next != "" {
				out = append(out, "    "+t.Accent.On("→ "+widget.Cut(widget.Inert(k.Err.Next), w-7)))
			}
		} else if k.Note != "" {
			out = append(out, "  "+t.Muted.On("· "+widget.Cut(string(b)+": "+widget.Inert(k.Note), w-5)))
		}
	}
	return out
}

func (p *Pane) empty(t *theme.Theme) []string {
	switch {
	case p.filter.Value() != "":
		return []string{"", "  No table has that in its name."}
	case len(p.known) == 0:
		return []string{"", "  " + t.Muted.On("Looking at the tables …")}
	}
	for _, k := range p.known {
		if k.Err == nil && k.Note == "" {
			return []string{"", "  There are no tables yet.", "  " + t.Key.On("r") + t.Muted.On(" in a session that loads makes the first")}
		}
	}
	return []string{"", "  " + t.Key.On("R") + t.Muted.On(" looks again")}
}

func (p *Pane) columns(narrow bool) {
	p.list.Columns = []widget.TableColumn{
		{Title: "table", Min: 16},
		{Title: "backend", Min: 8},
		{Title: "kind", Min: 5},
		{Title: "columns", Min: 7, Right: true},
		{Title: "rows", Min: 12, Right: true},
		{Title: "size", Min: 10, Right: true},
	}
	if !narrow {
		p.list.Columns[0].Min = 24
	}
}

// tables is the list's view on the tables that are shown.
type tables []*Table

func (s tables) Len() int { return len(s) }
func (s tables) Row(i int) []string {
	t := s[i]
	return []string{t.Title(), string(t.Backend), t.Kind, widget.Count(int64(len(t.Columns))), count(t), size(t)}
}

func (p *Pane) listRows(t *theme.Theme) tables {
	p.list.Ink = func(_, c int) theme.Ink {
		if c == 1 || c == 2 {
			return t.Muted
		}
		return ""
	}
	return tables(p.shown)
}

// count is a table's number of rows, with ~ where it is an estimate.
func count(t *Table) string { return about(t.Rows, t.About, widget.Count) }

func size(t *Table) string { return about(t.Bytes, t.AboutBytes, widget.Size) }

func about(n int64, estimate bool, form func(int64) string) string {
	switch {
	case n < 0:
		return "·"
	case estimate:
		return "~" + form(n)
	}
	return form(n)
}

// beside draws the columns of the table under the cursor, next to the list.
func (p *Pane) beside(t *theme.Theme, w, h int) []string {
	x := p.table()
	out := []string{" " + t.Strong.On(widget.Cut(widget.Inert(x.Title()), w/2)) + t.Muted.On("  "+x.facts())}
	return append(out, p.columnLines(t, x, w, h-1)...)
}

// facts says in words what a table is.
func (t *Table) facts() string {
	s := t.Kind + " on " + string(t.Backend)
	switch {
	case t.Rows >= 0 && t.About:
		s += ", about " + widget.Plural(t.Rows, "row", "rows")
	case t.Rows >= 0:
		s += ", " + widget.Plural(t.Rows, "row", "rows")
	}
	if t.Bytes >= 0 {
		s += ", " + size(t)
	}
	return s
}

// columnRows is a table's view on the columns of one.
type columnRows []Column

func (c columnRows) Len() int { return len(c) }
func (c columnRows) Row(i int) []string {
	null := "null"
	if c[i].NotNull {
		null = "not null"
	}
	return []string{c[i].Name, c[i].Type, null, c[i].Key}
}

// columnLines draws a table's columns, as many as there is room for.
func (p *Pane) columnLines(t *theme.Theme, x *Table, w, h int) []string {
	if len(x.Columns) == 0 {
		return []string{"", "  " + t.Muted.On("It has no columns that you may see.")}
	}
	cols := widget.Table{Cursor: -1, Columns: []widget.TableColumn{{Title: "column", Min: 12}, {Title: "type", Min: 10}, {Title: "null", Min: 8}, {Title: "key", Min: 7}}}
	cols.Ink = func(_, c int) theme.Ink {
		switch c {
		case 1:
			return t.Code
		case 2:
			return t.Muted
		case 3:
			return t.Accent
		}
		return ""
	}
	list := columnRows(x.Columns)
	more := 0
	if len(list) > h-1 {
		more = len(list) - max(h-2, 0)
		list = list[:len(list)-more]
	}
	out := cols.Draw(t, list, w, min(len(list)+1, h))
	if more > 0 {
		out = append(out, "  "+t.Muted.On(fmt.Sprintf("and %s", widget.Plural(int64(more), "more column", "more columns"))))
	}
	return out
}

// drawTable draws one table: its columns, and its first rows.
func (p *Pane) drawTable(t *theme.Theme, w, h int, focused bool) []string {
	x := p.table()
	lines := []string{widget.Heading(t, focused, "DATA", t.Strong.On(widget.Inert(x.Title())), t.Muted.On(x.facts()), w)}
	room := h - len(lines)
	if w >= 140 { // columns beside the rows
		left := min(w/3, 64)
		p.split = left
		a := widget.Box(p.columnLines(t, x, left, room), left, room)
		b := widget.Box(p.sampleLines(t, w-left-1, room, len(lines)), w-left-1, room)
		for i := range a {
			lines = append(lines, a[i]+t.Rule.On("│")+b[i])
		}
		return lines
	}
	head := min(len(x.Columns)+1, max(room/2, 2))
	lines = append(lines, widget.Box(p.columnLines(t, x, w, head), w, head)...)
	lines = append(lines, t.Rule.On(strings.Repeat("─", w)))
	return append(lines, p.sampleLines(t, w, h-len(lines), len(lines))...)
}

// sampleLines draws the first rows; at is the screen line on which they begin.
func (p *Pane) sampleLines(t *theme.Theme, w, h, at int) []string {
	s := p.sample
	switch {
	case s == nil || p.waiting:
		return []string{"  " + t.Muted.On("Reading the first rows …")}
	case s.Err != nil:
		out := []string{}
		for _, l := range widget.Wrap(widget.Inert(s.Err.What), min(w-6, 120)) {
			out = append(out, "  "+t.Bad.On("✗ "+l))
		}
		if s.Err.Next != "" {
			for _, l := range widget.Wrap(widget.Inert(s.Err.Next), min(w-6, 120)) {
				out = append(out, "  "+t.Accent.On("→ "+l))
			}
		}
		return out
	case len(s.Rows) == 0:
		return []string{"  The table has no rows."}
	}
	p.rowsTop = at + 1
	p.first = max(min(p.first, len(s.Columns)-1), 0)
	view := p.rows
	view.Columns = view.Columns[p.first:]
	last := p.fits(w)
	view.Columns = view.Columns[:last-p.first]
	out := view.Draw(t, sampleRows{s, p.first, last}, w, max(h-1, 2))
	p.rows.Scroll = view.Scroll
	foot := fmt.Sprintf("%s read", widget.Plural(int64(len(s.Rows)), "row", "rows"))
	if s.More {
		foot = fmt.Sprintf("the first %d rows", len(s.Rows))
	}
	if len(s.Columns) > last-p.first {
		foot += fmt.Sprintf(" · columns %d to %d of %d  ← →", p.first+1, last, len(s.Columns))
	}
	n := min(len(s.Rows)+1, max(h-1, 2))
	return append(out[:n], "  "+t.Muted.On(widget.Cut(foot, w-3)))
}

// fits is the end of the columns that can be read beside each other from the first on: each as wide as its
// cells, within reason.
func (p *Pane) fits(w int) int {
	s, used := p.sample, 2
	for c := p.first; c < len(s.Columns); c++ {
		n := widget.Width(p.rows.Columns[c].Title)
		for _, r := range s.Rows {
			if c < len(r) {
				n = max(n, min(widget.Width(widget.Inert(cell(r[c]))), 32))
			}
		}
		if used += n + 2; used-2 > w && c > p.first {
			return c
		}
	}
	return len(s.Columns)
}

// sampleRows is the table's view on some columns of the sample.
type sampleRows struct {
	s           *Sample
	first, last int
}

func (r sampleRows) Len() int { return len(r.s.Rows) }
func (r sampleRows) Row(i int) []string {
	var out []string
	for c := r.first; c < r.last && c < len(r.s.Rows[i]); c++ {
		out = append(out, cell(r.s.Rows[i][c]))
	}
	return out
}

func cell(c engine.Cell) string {
	if c.Null {
		return "∅"
	}
	if len(c.Text) > 400 { // more than any column shows
		return c.Text[:400] + "…"
	}
	return c.Text
}
