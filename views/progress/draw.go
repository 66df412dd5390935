package progress

import (
	"fmt"
	"strings"
	"time"

	"pipewright/sessions"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	lines := []string{widget.Heading(t, focused, "PROGRESS", p.summary(t), p.minutes(t), w)}
	if p.err != nil {
		for _, l := range widget.Wrap(widget.Inert(p.err.What), min(w-6, 120)) {
			lines = append(lines, "  "+t.Bad.On("✗ "+l))
		}
		if p.err.Next != "" {
			lines = append(lines, "  "+t.Accent.On("→ "+widget.Cut(widget.Inert(p.err.Next), w-6)))
		}
		lines = append(lines, "  "+t.Key.On("R")+t.Muted.On(" reads again"))
	}
	switch {
	case !p.told && p.err != nil:
		return lines
	case !p.told:
		return append(lines, "", "  "+t.Muted.On("Reading the journal …"))
	case len(p.lines) == 0:
		return append(lines, "", "  The curriculum has no sessions.")
	}
	if w >= 120 && h >= 8 {
		return p.beside(t, lines, w, h)
	}
	head := append(p.nextLines(t, w), "  "+p.daysLine(t))
	if len(p.data.Proofs) > 0 && h >= 16 {
		head = append(head, "  "+t.Muted.On(widget.Fit("last proof", label))+p.proof(t, p.data.Proofs[0], w-label-4))
	}
	lines = append(append(lines, head...), t.Rule.On(strings.Repeat("─", w)))
	return append(lines, p.list(t, w, h-len(lines), len(lines))...)
}

// beside draws the list, and right of it what else there is to say.
func (p *Pane) beside(t *theme.Theme, lines []string, w, h int) []string {
	left := w * 3 / 5
	room := h - len(lines)
	a := widget.Box(p.list(t, left, room, len(lines)), left, room)
	b := widget.Box(p.side(t, w-left-1, room), w-left-1, room)
	for i := range a {
		lines = append(lines, a[i]+t.Rule.On("│")+b[i])
	}
	return lines
}

// summary counts the sessions by how they stand.
func (p *Pane) summary(t *theme.Theme) string {
	if !p.told {
		return ""
	}
	s := t.Good.On("✓") + fmt.Sprintf(" %d of %d sessions done", p.data.SessionsDone, p.data.SessionsTotal)
	if n := p.data.SelfReported; n > 0 {
		s += "   " + t.Warn.On("~") + fmt.Sprintf(" %d by your word", n)
	}
	return s
}

func (p *Pane) minutes(t *theme.Theme) string {
	if !p.told {
		return ""
	}
	return t.Muted.On(fmt.Sprintf("%s of %s min", widget.Count(int64(p.data.MinutesSpent)), widget.Count(int64(p.data.MinutesTotal))))
}

// label is how wide the names of facts are drawn.
const label = 12

// nextLines says what comes next and why, in one line where there is room and else in two.
func (p *Pane) nextLines(t *theme.Theme, w int) []string {
	name := "  " + t.Muted.On(widget.Fit("next", label))
	n := p.data.Next
	if n == nil {
		return []string{name + "everything that this version has is done"}
	}
	what, room := n.ID+" "+widget.Inert(n.Title), w-label-3
	if rest := fmt.Sprintf("  %d min; %s", n.Minutes, n.Reason); widget.Width(what)+widget.Width(rest) <= room {
		return []string{name + t.Accent.On(what) + t.Muted.On(rest)}
	}
	return []string{name + t.Accent.On(widget.Cut(what, room-8)) + t.Muted.On(fmt.Sprintf("  %d min", n.Minutes)),
		widget.Blank(label+2) + t.Muted.On(widget.Cut(n.Reason, room))}
}

func (p *Pane) daysLine(t *theme.Theme) string {
	s := t.Muted.On(widget.Fit("days worked", label)) + fmt.Sprintf("%d this week  ", p.data.worked())
	return s + p.week(t) + t.Muted.On(fmt.Sprintf("  %d in all", p.data.Days))
}

// week draws this week's days, Monday to Sunday.
func (p *Pane) week(t *theme.Theme) string {
	var b strings.Builder
	for i, worked := range p.data.Week {
		day := [...]string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}[i]
		if i > 0 {
			b.WriteString(" ")
		}
		if worked {
			b.WriteString(t.Good.On(day + "✓"))
		} else {
			b.WriteString(t.Muted.On(day + "·"))
		}
	}
	return b.String()
}

func (p *Pane) proof(t *theme.Theme, f Proof, w int) string {
	when := f.At.Format("2 Jan 15:04")
	if f.At.Format(time.DateOnly) == p.data.Today.Format(time.DateOnly) {
		when = f.At.Format("15:04")
	}
	left := fmt.Sprintf("%s %s", f.Session, widget.Inert(f.Title))
	if f.Observed != "" {
		left += "  = " + widget.Inert(f.Observed)
	}
	return t.Good.On("✓ ") + widget.Spread(left, t.Muted.On(when), max(w-2, 1))
}

// side says what comes next, on which days there was work, and what was proven last.
func (p *Pane) side(t *theme.Theme, w, h int) []string {
	out := []string{"  " + t.Strong.On("Next")}
	if n := p.data.Next; n == nil {
		out = append(out, "    Everything that this version has is done.")
	} else {
		out = append(out, "    "+t.Accent.On(widget.Cut(n.ID+" "+widget.Inert(n.Title), w-6)))
		for _, l := range widget.Wrap(fmt.Sprintf("%d min; %s", n.Minutes, n.Reason), w-6) {
			out = append(out, "    "+t.Muted.On(l))
		}
	}
	out = append(out, "", "  "+t.Strong.On("Days worked"), "    "+fmt.Sprintf("%d this week  ", p.data.worked())+p.week(t), "    "+t.Muted.On(fmt.Sprintf("%d in all", p.data.Days)))
	if p.data.Reported > 0 {
		out = append(out, "", "  "+t.Strong.On("By your word"), "    "+t.Muted.On(widget.Plural(int64(p.data.Reported), "criterion; v in its session proves it", "criteria; v in their sessions proves them")))
	}
	out = append(out, "", "  "+t.Strong.On("Last proofs"))
	if len(p.data.Proofs) == 0 {
		return append(out, "    "+t.Muted.On("None yet: v in a session checks it."))
	}
	for i, f := range p.data.Proofs {
		if room := h - len(out); room <= 1 && len(p.data.Proofs)-i > 1 {
			return append(out, "    "+t.Muted.On(fmt.Sprintf("and %d before them", len(p.data.Proofs)-i)))
		}
		out = append(out, "    "+p.proof(t, f, w-6))
	}
	return out
}

// list draws the window of phases, weeks and sessions; at is the screen line on which it begins.
func (p *Pane) list(t *theme.Theme, w, h, at int) []string {
	if h < 2 {
		return nil
	}
	out := []string{t.Muted.On(p.row(w, "  session", "", "proven", "spent", "plan"))}
	p.listTop = at + 1
	p.scroll.Fit(len(p.lines), h-1)
	p.follow()
	more := p.scroll.More()
	if more != "" {
		p.scroll.Fit(len(p.lines), h-2)
		p.follow()
	}
	for i := p.scroll.Top; i < min(p.scroll.Top+p.scroll.H, len(p.lines)); i++ {
		out = append(out, p.line(t, i, w))
	}
	if more != "" {
		out = append(out, widget.Spread("", t.Muted.On(p.scroll.More())+" ", w))
	}
	return out
}

// follow keeps the cursor in sight, with the headings above it where there is room.
func (p *Pane) follow() {
	i := p.cursor
	for i > 0 && p.cursor-i < 2 && p.lines[i-1].kind != sessionLine {
		i--
	}
	p.scroll.Follow(i)
	p.scroll.Follow(p.cursor)
}

// row sets the cells of a line in their columns: numbers stand at the right.
func (p *Pane) row(w int, name, state, proven, spent, plan string) string {
	return widget.Fit(name, max(w-39, 10)) + " " + widget.Fit(state, 14) + widget.FitRight(proven, 8) + widget.FitRight(spent, 7) + widget.FitRight(plan, 7) + "  "
}

func (p *Pane) line(t *theme.Theme, i, w int) string {
	l := p.lines[i]
	spent := func(n int) string {
		if n == 0 {
			return "·"
		}
		return widget.Count(int64(n))
	}
	switch l.kind {
	case phaseLine:
		ph := l.phase
		return t.Strong.On(p.row(w, fmt.Sprintf(" Phase %d %s", ph.Phase, widget.Inert(ph.Title)), "", fmt.Sprintf("%d/%d", ph.SessionsDone, ph.SessionsTotal),
			spent(ph.MinutesSpent), widget.Count(int64(l.planned))))
	case weekLine:
		wk := l.week
		bar := widget.Bar(float64(wk.SessionsDone)/float64(max(wk.SessionsTotal, 1)), 10)
		return p.row(w, fmt.Sprintf("   Week %d %s", wk.Week, widget.Inert(wk.Title)), bar, fmt.Sprintf("%d/%d", wk.SessionsDone, wk.SessionsTotal),
			spent(wk.MinutesSpent), widget.Count(int64(l.planned)))
	}
	s := l.session
	sign, word, ink := state(t, s.State)
	proven := ""
	if done, all := s.Ticks(); all > 0 {
		proven = fmt.Sprintf("%d/%d", done, all)
	}
	name := fmt.Sprintf("     %s %s %s", sign, s.ID, widget.Inert(s.Title))
	text := p.row(w, name, word, proven, spent(s.MinutesSpent), widget.Count(int64(s.Minutes)))
	switch {
	case i == p.cursor:
		return t.Select.On(text)
	case s.State == sessions.Listed:
		return t.Muted.On(text)
	case s.State == sessions.Open:
		return text
	}
	nameW := max(w-39, 10)
	return widget.Fit("     "+ink.On(sign)+name[5+len(sign):], nameW) + " " + ink.On(widget.Fit(word, 14)) +
		widget.FitRight(proven, 8) + widget.FitRight(spent(s.MinutesSpent), 7) + widget.FitRight(widget.Count(int64(s.Minutes)), 7) + "  "
}

// state is a session's state by sign and word.
func state(t *theme.Theme, s sessions.SessionState) (sign, word string, ink theme.Ink) {
	switch s {
	case sessions.Done:
		return "✓", "done", t.Good
	case sessions.Reported:
		return "~", "by your word", t.Warn
	case sessions.Going:
		return "◐", "begun", t.Accent
	case sessions.Listed:
		return "·", "not written", t.Muted
	}
	return "○", "open", t.Text
}
