package sql

import (
	"fmt"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// gap is what stands between two columns, in cells.
const gap = 2

// shape is where the pane's parts were drawn last, for clicks and pages.
type shape struct {
	editTop, editH, gutter int
	gridTop, gridH, first  int
}

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	typing := p.place == Editing && focused
	p.shape = shape{}
	lines := []string{widget.Heading(t, focused, "SQL", p.asks(t), p.outcomeNote(t), w)}
	if s := p.sentence(t, w); s != "" {
		lines = append(lines, s)
	}
	if p.blank() && !typing {
		return append(lines, p.greeting(t)...)
	}
	body := h - len(lines)
	below := p.below(t, w, body)
	edH := p.editorHeight(body, len(below), typing)
	p.shape.editTop, p.shape.editH = len(lines), edH
	p.shape.gutter = len(widget.Count(int64(len(p.ed.lines)))) + 4
	lines = append(lines, widget.Box(p.ed.draw(t, w, edH, typing, p.fault), w, edH)...)
	lines = append(lines, below...)
	room := h - len(lines)
	switch {
	case p.place == Value:
		p.grid.h = int64(max(room-2, 1))
		lines = append(lines, p.divider(t, w))
		lines = append(lines, p.value.draw(t, p.grid.row, w, room-1)...)
	case p.grid.open && room > 2:
		lines = append(lines, p.divider(t, w))
		p.shape.gridTop, p.shape.gridH = len(lines), room-1
		lines = append(lines, p.rows(t, w, room-1)...)
	case !p.grid.open && room > 1 && typing && p.state != running && len(below) == 0:
		lines = append(lines, t.Rule.On(strings.Repeat("─", w)), "  "+t.Muted.On("F5 or ctrl+r runs the statement under the cursor · tab completes · esc leaves"))
	}
	if typing && p.pop.open() {
		lines = p.overlay(t, lines, w, h)
	}
	return lines
}

// blank says whether there is nothing yet to be seen.
func (p *Pane) blank() bool {
	return p.ed.empty() && !p.grid.open && p.state == idle && p.place == Place
}

func (p *Pane) greeting(t *theme.Theme) []string {
	out := []string{"",
		"  Ask the database in SQL: what you write here runs on " + string(p.backend) + ".",
		"  " + t.Key.On("i") + t.Muted.On(" or ") + t.Key.On("enter") + t.Muted.On(" begins to write   ") + t.Key.On("f5") + t.Muted.On(" runs the statement under the cursor   ") + t.Key.On("B") + t.Muted.On(" asks the other backend")}
	if n := len(p.hist.list); n > 0 {
		out = append(out, "  "+t.Muted.On(widget.Plural(int64(n), "statement", "statements")+" of before: ")+t.Key.On("i")+t.Muted.On(", then ")+t.Key.On("↑")+t.Muted.On(" brings them back"))
	}
	return out
}

// asks says whom the pane asks.
func (p *Pane) asks(t *theme.Theme) string {
	s := t.Muted.On("on " + string(p.backend))
	if p.place == Editing {
		s += t.Muted.On("  writing")
	}
	return s
}

// sentence is one line on what stands in the way: a backend that is not up, or why a key did nothing.
func (p *Pane) sentence(t *theme.Theme, w int) string {
	if p.hint != "" {
		return "  " + t.Warn.On(widget.Cut("· "+p.hint, w-3))
	}
	b, ok := p.status[p.backend]
	if !ok || p.state == running {
		return ""
	}
	switch b.State {
	case engine.StateFailed, engine.StateMissing:
		s := widget.Inert(b.Sentence)
		if b.Fix != "" {
			s += " → " + widget.Inert(b.Fix)
		}
		return "  " + t.Bad.On(widget.Cut("✗ "+string(b.Name)+": "+s, w-3))
	case engine.StateDown:
		return "  " + t.Muted.On(widget.Cut("○ "+string(b.Name)+" is down; the next run starts it", w-3))
	case engine.StateStarting:
		return "  " + t.Warn.On(widget.Cut("◐ "+string(b.Name)+" is starting "+widget.Inert(b.Sentence), w-3))
	}
	return ""
}

// outcomeNote says in sign and words how the last run stands.
func (p *Pane) outcomeNote(t *theme.Theme) string {
	switch p.state {
	case running:
		s := "● running " + clock(p.now.Sub(p.began))
		if p.job == 0 {
			s = "● running"
		}
		if n := p.progress.Rows; n > 0 {
			s += " · " + widget.Count(n) + " rows"
		}
		key := "c"
		if p.place == Editing {
			key = "ctrl+c"
		}
		return t.Warn.On(s) + t.Muted.On("  "+key+" cancels")
	case cancelled:
		return t.Warn.On("■ cancelled after " + widget.Span(p.elapsed))
	case failed:
		return t.Bad.On("✗ failed after " + widget.Span(p.elapsed))
	case done:
		if p.wrote != "" {
			return t.Good.On("✓ "+widget.Inert(p.wrote)) + t.Muted.On(" in "+widget.Span(p.elapsed))
		}
		return t.Good.On("✓ done in " + widget.Span(p.elapsed))
	}
	return ""
}

// clock is a running time, to a tenth of a second.
func clock(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", max(d, 0).Seconds())
	}
	return widget.Span(d)
}

// editorHeight shares the room between the text and what is below it.
func (p *Pane) editorHeight(body, below int, typing bool) int {
	need := len(p.ed.lines)
	if p.fault.set {
		need++
	}
	most := max(body/3, 1)
	if typing {
		need = max(need, 3)
		most = max(body/2, 1)
	}
	if !p.grid.open && p.place != Value {
		most = max(body-below-2, 1)
	}
	return max(min(need, most, body-below), 1)
}

// below are the lines between the text and the rows: what each statement did, the error, the note, how
// the rows are looked at, and the line that is asked for.
func (p *Pane) below(t *theme.Theme, w, body int) []string {
	var out []string
	out = append(out, p.statements(t, w, max(body/4, 2))...)
	if p.note != "" && p.state != running {
		out = append(out, "  "+t.Muted.On(widget.Cut("· "+widget.Inert(p.note), w-3)))
	}
	out = append(out, p.failure(t, w, max(body/3, 2))...)
	if v := p.shown(); !v.plain() {
		b := p.from
		out = append(out, "  "+t.Warn.On("⤷ ")+t.Muted.On("runs ")+t.Code.On(widget.Cut(widget.Inert(v.told(b)), max(w-11, 1))))
	}
	if p.place == Asking {
		prompt := "  " + widget.Inert(clip(p.ask.column)) + " holds › "
		if p.ask.export {
			prompt = "  write the result to › "
		}
		out = append(out, p.ask.input.Draw(t, prompt, w))
		switch {
		case p.ask.wrong != "":
			out = append(out, "  "+t.Bad.On("✗ "+p.ask.wrong))
		case !p.ask.export:
			v := p.view
			v.column, v.filter = p.ask.column, p.ask.input.Value()
			out = append(out, "  "+t.Muted.On("runs ")+t.Muted.On(widget.Cut(widget.Inert(v.told(p.from)), max(w-8, 1))))
		default:
			out = append(out, "  "+t.Muted.On("csv, jsonl or parquet by the ending; all rows, as they are sorted and filtered"))
		}
	}
	return out[:min(len(out), max(body-1, 0))]
}

// shown is the view of the rows, or the one that is being run.
func (p *Pane) shown() view {
	if p.state == running && p.ran.view.base != "" {
		return p.ran.view
	}
	if !p.grid.open {
		return view{}
	}
	return p.view
}

// statements lists what the statements did, where there is more to say than that rows came.
func (p *Pane) statements(t *theme.Theme, w, most int) []string {
	n := len(p.outcomes)
	if n+p.left == 0 || n == 1 && len(p.outcomes[0].columns) > 0 && p.left == 0 {
		return nil
	}
	var out []string
	first := max(n-most, 0)
	if first+p.left > 0 {
		first++
		out = append(out, "  "+t.Muted.On(widget.Plural(int64(first+p.left), "statement", "statements")+" before"))
	}
	for i, o := range p.outcomes[min(first, n):] {
		tag := o.tag
		switch {
		case !o.ended && p.state == running:
			tag = "running"
		case !o.ended:
			tag = "not finished"
		case tag == "open":
			tag = "rows"
		}
		sign := t.Good.On("✓")
		if !o.ended {
			sign = t.Warn.On("●")
		}
		right := t.Strong.On(widget.Inert(tag)) + t.Muted.On("  "+widget.Span(o.elapsed)) + " "
		left := fmt.Sprintf("  %s %s ", sign, t.Muted.On(fmt.Sprint(p.left+first+i+1)))
		left += t.Code.On(widget.Cut(widget.Inert(firstLine(o.sql)), max(w-widget.Width(left)-widget.Width(right)-1, 1)))
		out = append(out, widget.Spread(left, right, w))
	}
	return out
}

func firstLine(s string) string {
	line, rest, more := strings.Cut(clip(s), "\n")
	if more && strings.TrimSpace(rest) != "" {
		line += " …"
	}
	return line
}

// failure is the error in words: what, where, what to do next.
func (p *Pane) failure(t *theme.Theme, w, most int) []string {
	e := p.err
	if p.grid.err != nil && p.grid.open {
		e = told(p.grid.err)
	}
	if e == nil {
		return nil
	}
	var out []string
	add := func(ink theme.Ink, prefix, s string) {
		if s == "" {
			return
		}
		for i, l := range widget.Wrap(widget.Inert(clip(s)), max(min(w-6, 110), 10)) {
			if i > 0 {
				prefix = widget.Blank(widget.Width(prefix))
			}
			out = append(out, ink.On(prefix+l))
		}
	}
	code := ""
	if e.SQLState != "" {
		code = " (" + e.SQLState + ")"
	}
	add(t.Bad, "  ✗ ", e.What+code)
	add(t.Muted, "    ", e.Where)
	add(t.Accent, "  → ", e.Next)
	return out[:min(len(out), most)]
}

// divider is the rule above the rows: which of how many, and what the column is.
func (p *Pane) divider(t *theme.Theme, w int) string {
	g := &p.grid
	var parts []string
	switch {
	case g.toEnd:
		parts = append(parts, "going to the last row …")
	case g.total == 0:
		parts = append(parts, "no rows")
	case g.total > 0:
		parts = append(parts, fmt.Sprintf("row %s of %s", widget.Count(g.row+1), widget.Count(g.total)))
	case g.seen > 0:
		parts = append(parts, fmt.Sprintf("row %s of more than %s", widget.Count(g.row+1), widget.Count(g.seen)))
	default:
		parts = append(parts, "waiting for rows …")
	}
	if g.static && len(p.outcomes) > 0 && p.outcomes[len(p.outcomes)-1].rows > g.seen {
		parts = append(parts, fmt.Sprintf("the first %s of %s are kept", widget.Count(g.seen), widget.Count(p.outcomes[len(p.outcomes)-1].rows)))
	}
	left := strings.Join(parts, " · ")
	right := ""
	if g.col < len(g.columns) {
		c := g.columns[g.col]
		right = widget.Inert(clip(c.Name)) + " · " + widget.Inert(c.Type)
		if p.from != p.backend {
			right += " · from " + string(p.from)
		}
		if n := len(g.columns); n > 1 {
			right += fmt.Sprintf(" · column %d of %d", g.col+1, n)
		}
	}
	left = widget.Cut(left, max(w-8, 1))
	right = widget.Cut(right, max(w-widget.Width(left)-10, 0))
	fill := w - widget.Width(left) - widget.Width(right) - 8
	s := t.Rule.On("── ") + t.Text.On(left) + " " + t.Rule.On(strings.Repeat("─", max(fill, 0)))
	if right == "" {
		return s + t.Rule.On(strings.Repeat("─", max(w-widget.Width(s), 0)))
	}
	return s + " " + t.Muted.On(right) + t.Rule.On(" ──")
}

// rows draws the titles and the rows of the grid's window.
func (p *Pane) rows(t *theme.Theme, w, h int) []string {
	g := &p.grid
	g.h = int64(max(h-1, 1))
	if len(g.columns) == 0 {
		return []string{"  " + t.Muted.On("the rows have no columns")}
	}
	g.follow()
	digits := max(len(widget.Count(min(g.top+g.h, max(g.count(), 1)))), 2)
	p.shape.first = digits + 3
	room := max(w-p.shape.first-1, 1)
	g.reveal(room)
	out := make([]string, 0, h)
	out = append(out, widget.Blank(p.shape.first)+p.titles(t, room))
	for r := g.top; r < min(g.top+g.h, g.count()); r++ {
		mark, number := "  ", t.Muted
		if r == g.row {
			mark, number = t.Accent.On("▸ "), t.Accent
		}
		out = append(out, mark+number.On(widget.FitRight(widget.Count(r+1), digits))+" "+p.row(t, r, room))
	}
	if g.total < 0 && g.count() == 0 {
		out = append(out, "  "+t.Muted.On("…"))
	}
	return out
}

// reveal moves the columns until the cursor's is in sight.
func (g *grid) reveal(room int) {
	g.left = min(g.left, g.col)
	for g.left < g.col {
		x := -gap
		for c := g.left; c <= g.col; c++ {
			x += g.width(c) + gap
		}
		if x <= room {
			return
		}
		g.left++
	}
}

// titles names the columns in sight; how one is sorted and filtered stands behind its name.
func (p *Pane) titles(t *theme.Theme, room int) string {
	g, v := &p.grid, p.shown()
	var b strings.Builder
	x := 0
	for c := g.left; c < len(g.columns) && x < room; c++ {
		n := min(g.width(c), room-x)
		sign := ""
		if v.order != unsorted && v.by == c {
			sign = map[order]string{ascending: " ↑", descending: " ↓"}[v.order]
		}
		if v.filter != "" && v.column == g.columns[c].Name {
			sign += " ⊇"
		}
		name := widget.Cut(widget.Inert(clip(g.columns[c].Name)), max(n-widget.Width(sign), 1)) + sign
		ink := t.Muted
		if c == g.col {
			ink = t.Accent
		}
		if g.columns[c].Kind == engine.NumberValue {
			b.WriteString(ink.On(widget.FitRight(name, n)))
		} else {
			b.WriteString(ink.On(widget.Fit(name, n)))
		}
		if x += n + gap; x < room {
			b.WriteString("  ")
		}
	}
	return b.String()
}

// row draws the cells of one row in sight.
func (p *Pane) row(t *theme.Theme, r int64, room int) string {
	g := &p.grid
	cells, ok := g.at(r)
	if !ok {
		return t.Muted.On("…")
	}
	var b strings.Builder
	x := 0
	for c := g.left; c < len(g.columns) && x < room; c++ {
		n := min(g.width(c), room-x)
		text, ink := "", t.Text
		switch {
		case c >= len(cells):
		case cells[c].Null:
			text, ink = "∅", t.Muted
		default:
			text = widget.Inert(clip(cells[c].Text))
		}
		if r == g.row && c == g.col {
			ink = t.Select
		}
		if g.columns[c].Kind == engine.NumberValue {
			b.WriteString(ink.On(widget.FitRight(text, n)))
		} else {
			b.WriteString(ink.On(widget.Fit(text, n)))
		}
		if x += n + gap; x < room {
			b.WriteString("  ")
		}
	}
	return b.String()
}

// overlay lays the completions below the cursor, or above where there is more room.
func (p *Pane) overlay(t *theme.Theme, lines []string, w, h int) []string {
	wide, side := 0, 0
	for _, c := range p.pop.choices {
		wide, side = max(wide, min(widget.Width(widget.Inert(c.text)), 32)), max(side, min(widget.Width(widget.Inert(c.what)), 24))
	}
	var box []string
	for i, c := range p.pop.choices {
		name, what := widget.Fit(widget.Inert(c.text), wide), widget.Fit(widget.Inert(c.what), side)
		if i == p.pop.at {
			box = append(box, t.Rule.On("▏")+t.Select.On(" "+name+"  "+what+" "))
		} else {
			box = append(box, t.Rule.On("▏")+" "+name+"  "+t.Muted.On(what)+" ")
		}
	}
	if p.pop.more > 0 {
		box = append(box, t.Rule.On("▏")+" "+t.Muted.On(widget.Fit(fmt.Sprintf("%s more: go on typing", widget.Count(int64(p.pop.more))), wide+side+3)))
	}
	line := p.ed.lines[p.ed.at.row]
	from := window(line, p.ed.at.col, w-p.shape.gutter-1)
	x := p.shape.gutter + cell(line[from:], max(p.pop.from-from, 0))
	y := p.shape.editTop + p.ed.at.row - p.ed.top
	lines = widget.Box(lines, w, h)
	x = max(min(x-2, w-wide-side-5), 0)
	if y+1+len(box) <= h || y < len(box) {
		return widget.Overlay(lines, box, x, y+1)
	}
	return widget.Overlay(lines, box, x, y-len(box))
}
