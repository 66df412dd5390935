package jobs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	if p.log {
		return p.drawLog(t, w, h, focused)
	}
	lines := []string{widget.Heading(t, focused, "JOBS", p.summary(t), p.note(t), w)}
	switch {
	case !p.told:
		return append(lines, "", "  "+t.Muted.On("Looking at what has run …"))
	case len(p.shown) == 0:
		return append(lines, "", "  Nothing has run yet.",
			"  "+t.Key.On("r")+t.Muted.On(" runs the open session's lab, ")+t.Key.On("v")+t.Muted.On(" its checks; each is listed here while it runs and after"))
	}
	below := p.about(t, w)
	room := h - len(lines) - len(below)
	if room < 4 {
		below, room = nil, h-len(lines)
	}
	p.listTop = len(lines) + 1
	p.columns(w)
	p.table.Ink = func(i, c int) theme.Ink { return p.ink(t, i, c) }
	lines = append(lines, p.table.Draw(t, rows{p, w}, w, room)...)
	return append(lines, below...)
}

// summary counts the jobs by how they stand.
func (p *Pane) summary(t *theme.Theme) string {
	var run, done, failed, cancelled int64
	for i := range p.all {
		if p.all[i].Lookup && !p.lookups {
			continue
		}
		switch p.all[i].State {
		case engine.JobDone:
			done++
		case engine.JobFailed:
			failed++
		case engine.JobCancelled:
			cancelled++
		default:
			run++
		}
	}
	var parts []string
	add := func(ink theme.Ink, sign string, n int64, word string) {
		if n > 0 {
			parts = append(parts, ink.On(sign)+" "+widget.Count(n)+" "+word)
		}
	}
	add(t.Warn, "●", run, "running")
	add(t.Good, "✓", done, "done")
	add(t.Bad, "✗", failed, "failed")
	add(t.Warn, "■", cancelled, "cancelled")
	return strings.Join(parts, "   ")
}

func (p *Pane) note(t *theme.Theme) string {
	switch {
	case p.lookups:
		return t.Muted.On("with lookups")
	case p.hidden > 0:
		return t.Muted.On(widget.Plural(int64(p.hidden), "lookup", "lookups") + " not shown")
	}
	return ""
}

// roomy is the width from which on the table has all of its columns.
const roomy = 110

// bar is how wide a progress bar is.
func bar(w int) int {
	switch {
	case w >= 160:
		return 24
	case w >= roomy:
		return 14
	}
	return 8
}

// columns of the table: where there is no room for all, the lines below it say the rest of the job under
// the cursor.
func (p *Pane) columns(w int) {
	cols := []widget.TableColumn{
		{Title: "job", Min: 3, Right: true},
		{Title: "what", Min: 12},
		{Title: "state", Min: 11},
		{Title: "progress", Min: bar(w) + 6},
		{Title: "rows", Min: 10, Right: true},
	}
	if w >= roomy {
		cols = append(cols, widget.TableColumn{Title: "rate", Min: 12, Right: true}, widget.TableColumn{Title: "time left", Min: 9, Right: true})
	}
	cols = append(cols, widget.TableColumn{Title: "elapsed", Min: 8, Right: true})
	if w >= roomy {
		cols = append(cols, widget.TableColumn{Title: "started", Min: 8, Right: true})
	}
	p.table.Columns = cols
}

// rows is the table's view on the jobs that are shown.
type rows struct {
	p *Pane
	w int
}

func (r rows) Len() int { return len(r.p.shown) }
func (r rows) Row(i int) []string {
	j := &r.p.all[r.p.shown[i]]
	name := j.name()
	if j.Lookup {
		name = "(lookup) " + name
	}
	out := []string{strconv.FormatInt(int64(j.ID), 10), name, state(j.State), r.p.progress(j, bar(r.w)), ""}
	if j.Progress.Rows > 0 {
		out[4] = widget.Count(j.Progress.Rows)
	}
	if r.w < roomy {
		return append(out, widget.Span(j.elapsed(r.p.now)))
	}
	return append(out, rate(j), left(j), widget.Span(j.elapsed(r.p.now)), r.p.clock(j.Started))
}

// clock is a time of day, or the day when it was another.
func (p *Pane) clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if y, m, d := at.Date(); !p.now.IsZero() {
		if y2, m2, d2 := p.now.Date(); y != y2 || m != m2 || d != d2 {
			return at.Format("2 Jan")
		}
	}
	return at.Format("15:04:05")
}

// state is a job's state by sign and word.
func state(s engine.JobState) string {
	switch s {
	case engine.JobDone:
		return "✓ done"
	case engine.JobFailed:
		return "✗ failed"
	case engine.JobCancelled:
		return "■ cancelled"
	case engine.JobCancelling:
		return "◐ stopping"
	}
	return "● running"
}

func (p *Pane) ink(t *theme.Theme, i, c int) theme.Ink {
	j := &p.all[p.shown[i]]
	switch {
	case c == 2:
		return stateInk(t, j.State)
	case c == 3 && !j.State.Ended():
		return t.Accent
	case c == 0 || c > 4 || j.Lookup:
		return t.Muted
	}
	return ""
}

func stateInk(t *theme.Theme, s engine.JobState) theme.Ink {
	switch s {
	case engine.JobDone:
		return t.Good
	case engine.JobFailed:
		return t.Bad
	}
	return t.Warn
}

// progress is a bar with its share while the job runs; the stage where the size is unknown; nothing once
// it has ended.
func (p *Pane) progress(j *Job, w int) string {
	g := j.Progress
	switch {
	case j.State.Ended():
		return ""
	case g.Total > 0:
		return fmt.Sprintf("%s %3d %%", widget.Bar(float64(g.Done)/float64(g.Total), w), min(max(g.Done, 0)*100/g.Total, 100))
	}
	return widget.Pulse(p.pulse, w)
}

func rate(j *Job) string {
	g := j.Progress
	switch {
	case g.Rate <= 0 || j.State.Ended():
		return ""
	case g.Unit == "bytes" && g.Rows == 0:
		return widget.Size(int64(g.Rate)) + "/s"
	case g.Rows > 0:
		return widget.Count(int64(g.Rate)) + " rows/s"
	}
	return widget.Count(int64(g.Rate)) + " " + g.Unit + "/s"
}

// left is an estimate in whole seconds: it is no more precise than that.
func left(j *Job) string {
	if j.Progress.Left <= 0 || j.State.Ended() {
		return ""
	}
	d := max(j.Progress.Left.Round(time.Second), time.Second)
	if d < time.Minute {
		return fmt.Sprintf("~%d s", d/time.Second)
	}
	return "~" + widget.Span(d)
}

// about says of the job under the cursor what has no room in the table: stage, rate, time left, what went
// wrong, and its command.
func (p *Pane) about(t *theme.Theme, w int) []string {
	j := p.job()
	if j == nil {
		return nil
	}
	lines := []string{t.Rule.On(strings.Repeat("─", w))}
	if s := p.doing(j, w < roomy); s != "" {
		lines = append(lines, "  "+t.Muted.On(widget.Cut(s, w-3)))
	}
	if e := j.Err; e != nil && j.State == engine.JobFailed {
		lines = append(lines, "  "+t.Bad.On("✗ "+widget.Cut(widget.Inert(e.What), w-5)))
		if e.Next != "" {
			lines = append(lines, "  "+t.Accent.On("→ "+widget.Cut(widget.Inert(e.Next), w-5)))
		}
	} else if n := len(j.Log); n > 0 {
		lines = append(lines, "  "+t.Muted.On("· "+widget.Cut(widget.Inert(j.Log[n-1].Text), w-5)))
	}
	if j.Command != "" {
		lines = append(lines, "  "+t.Muted.On("$ ")+t.Code.On(widget.Cut(widget.Inert(j.Command), w-5)))
	}
	return lines
}

// doing is one line on how far a job is.
func (p *Pane) doing(j *Job, all bool) string {
	g := j.Progress
	var parts []string
	if all && !j.Started.IsZero() {
		parts = append(parts, "started "+p.clock(j.Started))
	}
	if j.State.Ended() {
		if j.State == engine.JobDone && (g.Accepted > 0 || g.Rejected > 0 || g.Duplicates > 0) {
			parts = append(parts, fates(g))
		}
		return strings.Join(parts, " · ")
	}
	if g.Stage != "" {
		parts = append(parts, widget.Inert(g.Stage))
	}
	switch {
	case g.Unit == "bytes" && g.Total > 0:
		parts = append(parts, widget.Size(g.Done)+" of "+widget.Size(g.Total))
	case g.Total > 0:
		parts = append(parts, widget.Count(g.Done)+" of "+widget.Count(g.Total)+" "+g.Unit)
	}
	if g.Accepted > 0 || g.Rejected > 0 || g.Duplicates > 0 {
		parts = append(parts, fates(g))
	}
	if all {
		if s := rate(j); s != "" {
			parts = append(parts, s)
		}
		if s := left(j); s != "" {
			parts = append(parts, s+" left")
		}
	}
	return strings.Join(parts, " · ")
}

// fates says what became of the rows.
func fates(g engine.Progress) string {
	return fmt.Sprintf("accepted %s, rejected %s, duplicates %s", widget.Count(g.Accepted), widget.Count(g.Rejected), widget.Count(g.Duplicates))
}

// drawLog draws one job in full.
func (p *Pane) drawLog(t *theme.Theme, w, h int, focused bool) []string {
	j := p.job()
	note := stateInk(t, j.State).On(state(j.State)) + " " + widget.Span(j.elapsed(p.now))
	lines := []string{widget.Heading(t, focused, fmt.Sprintf("JOB %d", j.ID), widget.Inert(j.name()), note, w)}
	body := p.logLines(t, j, w)
	p.logView.Fit(len(body), h-1)
	if p.follow {
		p.logView.By(len(body))
	}
	if more := p.logView.More(); more != "" {
		p.logView.Fit(len(body), h-2)
		if p.follow {
			p.logView.By(len(body))
		}
		lines = append(lines, p.logView.Slice(body)...)
		return append(lines, widget.Spread("", t.Muted.On(p.logView.More())+" ", w))
	}
	return append(lines, body...)
}

func (p *Pane) logLines(t *theme.Theme, j *Job, w int) []string {
	var out []string
	wide := min(w-4, 160)
	add := func(ink theme.Ink, label, s string) {
		if s == "" {
			return
		}
		const col = 14
		for _, raw := range widget.InertLines(s) {
			for _, l := range widget.Wrap(raw, wide-col) {
				out = append(out, "  "+t.Muted.On(widget.Fit(label, col))+ink.On(l))
				label = ""
			}
		}
	}
	out = append(out, "")
	add(t.Text, "started", j.Started.Format("2 Jan 2006 15:04:05"))
	if !j.Ended.IsZero() {
		add(t.Text, "ended", j.Ended.Format("2 Jan 2006 15:04:05")+"  after "+widget.Span(j.elapsed(p.now)))
	} else {
		add(t.Accent, "progress", p.progress(j, min(wide-24, 60)))
	}
	add(t.Text, "so far", p.doing(j, false))
	add(t.Text, "rate", speed(j))
	if j.Progress.Rows > 0 {
		add(t.Text, "rows read", widget.Count(j.Progress.Rows))
	}
	if e := j.Err; e != nil {
		ink := t.Bad
		if j.State == engine.JobCancelled {
			ink = t.Warn
		}
		add(ink, "what", e.What)
		add(t.Text, "where", e.Where)
		add(t.Accent, "next", e.Next)
		add(t.Code, "statement", e.SQL)
		add(t.Text, "code", e.SQLState)
	}
	add(t.Code, "as a command", j.Command)
	out = append(out, "", "  "+t.Strong.On("Log"))
	if j.Left > 0 {
		out = append(out, "  "+t.Muted.On(widget.Plural(int64(j.Left), "earlier line is", "earlier lines are")+" no longer kept"))
	}
	if len(j.Log) == 0 {
		out = append(out, "  "+t.Muted.On("It has said nothing."))
	}
	for _, l := range j.Log {
		clock := l.At.Format("15:04:05")
		for i, s := range widget.Wrap(widget.Inert(l.Text), wide-10) {
			if i > 0 {
				clock = widget.Blank(8)
			}
			out = append(out, "  "+t.Muted.On(clock)+"  "+s)
		}
	}
	return out
}

// speed is how fast a job goes and how long it still takes.
func speed(j *Job) string {
	s, l := rate(j), left(j)
	switch {
	case s != "" && l != "":
		return s + ", " + l + " left"
	case l != "":
		return l + " left"
	}
	return s
}
