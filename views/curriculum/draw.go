package curriculum

import (
	"fmt"
	"strconv"

	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// head is how many lines stand above the rows.
func (p *Pane) head() int {
	if p.typing || p.filter.Value() != "" {
		return 2
	}
	return 1
}

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	done, all := 0, 0
	for _, ph := range p.data.Phases {
		d, n := ph.done()
		done, all = done+d, all+n
	}
	lines := []string{widget.Heading(t, focused, "CURRICULUM", "", fmt.Sprintf("%d of %d", done, all), w)}
	if p.head() == 2 {
		lines = append(lines, p.filterLine(t, w))
	}
	if all == 0 {
		return append(lines, " "+t.Muted.On("Reading the sessions …"))
	}
	foot := p.foot(t, w)
	room := h - len(lines) - len(foot)
	p.scroll.Fit(len(p.rows), room)
	p.scroll.Follow(p.cursor)
	last := min(p.scroll.Top+room, len(p.rows))
	for i := p.scroll.Top; i < last; i++ {
		lines = append(lines, p.line(t, i, w, focused))
	}
	if len(p.rows) == 0 {
		lines = append(lines, " "+t.Muted.On("No session matches. esc clears."))
	}
	for len(lines) < h-len(foot) {
		lines = append(lines, "")
	}
	return append(lines, foot...)
}

func (p *Pane) filterLine(t *theme.Theme, w int) string {
	if p.typing {
		return p.filter.Draw(t, " / ", w)
	}
	return widget.Fit(t.Key.On(" / ")+p.filter.Value(), w)
}

// foot is one sentence about a session under the cursor that cannot be opened.
func (p *Pane) foot(t *theme.Theme, w int) []string {
	r, ok := p.at()
	if !ok || r.session == nil || r.session.Written {
		return nil
	}
	var out []string
	for _, l := range widget.Wrap(r.session.ID+" is in the plan. This version has no lesson for it.", w-2) {
		out = append(out, " "+t.Muted.On(l))
	}
	return out
}

func (p *Pane) line(t *theme.Theme, i, w int, focused bool) string {
	r := p.rows[i]
	here := i == p.cursor
	var left, right string
	leftInk, rightInk := t.Text, t.Muted
	switch {
	case r.phase != nil:
		d, n := r.phase.done()
		left = fmt.Sprintf("%s Phase %d  %s", p.arrow(r.id), r.phase.Number, widget.Inert(r.phase.Title))
		right = fmt.Sprintf("%d/%d", d, n)
		leftInk = t.Strong
	case r.week != nil:
		d, n := r.week.done()
		left = fmt.Sprintf("  %s Week %d", p.arrow(r.id), r.week.Number)
		right = fmt.Sprintf("%s %d/%d", widget.Bar(float64(d)/float64(max(n, 1)), 4), d, n)
		if room := w - widget.Width(left) - widget.Width(right) - 5; room > 8 && r.week.Title != "" {
			left += "  " + widget.Cut(widget.Inert(r.week.Title), room)
		}
	default:
		return p.session(t, r.session, here, focused, w)
	}
	if here && focused {
		return t.Select.On(" " + widget.Spread(left, right+" ", w-1))
	}
	text := widget.Cut(left, w-widget.Width(right)-3)
	return widget.Spread(" "+leftInk.On(text), rightInk.On(right)+" ", w)
}

func (p *Pane) arrow(id string) string {
	if p.folded[id] && p.filter.Value() == "" {
		return "▸"
	}
	return "▾"
}

// session draws one session. Signs: ✓ all proven, ◐ begun, ○ not begun, · not in this version; ▶ is
// the one that is open.
func (p *Pane) session(t *theme.Theme, s *Session, here, focused bool, w int) string {
	sign, ink, text := "○", t.Muted, t.Text
	switch {
	case !s.Written:
		sign, text = "·", t.Muted
	case s.Done():
		sign, ink = "✓", t.Good
	case s.Begun || s.Passed > 0:
		sign, ink = "◐", t.Warn
	}
	mark := " "
	if s.ID == p.data.Open {
		mark, text = "▶", t.Accent
	}
	name := s.ID + " " + widget.Inert(s.Title)
	right := strconv.Itoa(s.Minutes)
	if s.Written && s.Total > 0 && s.Passed > 0 && !s.Done() {
		right = fmt.Sprintf("%d/%d", s.Passed, s.Total)
	}
	name = widget.Cut(name, w-widget.Width(right)-8)
	if here && focused {
		return t.Select.On(" " + widget.Spread(mark+"  "+sign+" "+name, right+" ", w-1))
	}
	return widget.Spread(" "+t.Accent.On(mark)+"  "+ink.On(sign)+" "+text.On(name), t.Muted.On(right)+" ", w)
}
