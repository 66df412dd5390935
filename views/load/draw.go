package load

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	switch p.state {
	case running:
		return p.drawRunning(t, w, focused)
	case ended:
		return p.drawEnded(t, w, h, focused)
	}
	lines := []string{widget.Heading(t, focused, "LOAD", "", "", w), ""}
	if p.offer.Lab == "" {
		return append(lines, "  "+t.Muted.On("The open session has nothing to load."))
	}
	return append(lines,
		"  Nothing has been loaded in this session.",
		"  "+t.Key.On("r")+t.Muted.On(" runs ")+widget.Inert(p.offer.Title))
}

// what names the load: its file and its table.
func (p *Pane) what() string {
	table := p.request.Table
	if p.loaded != nil && p.loaded.Table != "" {
		table = p.loaded.Table
	}
	s := widget.Inert(filepath.Base(p.request.Path)) + " → " + widget.Inert(table)
	if p.request.Backend != "" {
		s += " on " + string(p.request.Backend)
	}
	return s
}

func (p *Pane) drawRunning(t *theme.Theme, w int, focused bool) []string {
	g := p.progress
	word := "running"
	if g.Elapsed > 0 {
		word += "  " + widget.Span(g.Elapsed)
	}
	lines := []string{widget.Heading(t, focused, "LOAD", p.what(), t.Warn.On("● "+word), w), ""}
	bar := max(min(w-30, 100), 10)
	stage := g.Stage
	if stage == "" {
		stage = "waiting for the backend"
	}
	if g.Total > 0 {
		left := ""
		if g.Left > 0 {
			left = "   " + remaining(g.Left) + " left"
		}
		lines = append(lines, fmt.Sprintf("  %s %3d %%%s", t.Accent.On(widget.Bar(float64(g.Done)/float64(g.Total), bar)), percent(g), left))
	} else {
		lines = append(lines, "  "+t.Accent.On(widget.Pulse(p.pulses, bar)))
	}
	lines = append(lines, "  "+t.Muted.On(detail(g, stage)), "")
	lines = append(lines, counters(t, g.Rows, g.Accepted, g.Rejected, g.Duplicates, w)...)
	if len(p.notes) > 0 {
		lines = append(lines, "")
		for _, n := range p.notes[max(len(p.notes)-4, 0):] {
			lines = append(lines, "  "+t.Muted.On("· "+widget.Cut(widget.Inert(n), w-5)))
		}
	}
	return lines
}

// detail is the quiet line under the bar: the stage, the amount, the rate.
func detail(g engine.Progress, stage string) string {
	parts := []string{stage}
	switch {
	case g.Unit == "bytes" && g.Total > 0:
		parts = append(parts, widget.Size(g.Done)+" of "+widget.Size(g.Total))
	case g.Total > 0:
		parts = append(parts, widget.Count(g.Done)+" of "+widget.Count(g.Total)+" "+g.Unit)
	case g.Done > 0 && g.Unit == "bytes":
		parts = append(parts, widget.Size(g.Done))
	}
	if g.Rate > 0 {
		switch {
		case g.Rows > 0:
			parts = append(parts, widget.Count(int64(g.Rate))+" rows/s")
		case g.Unit == "bytes":
			parts = append(parts, widget.Size(int64(g.Rate))+"/s")
		}
	}
	return strings.Join(parts, " · ")
}

// counters says what became of the rows; the sum is always the rows read.
func counters(t *theme.Theme, read, accepted, rejected, duplicates int64, w int) []string {
	cell := func(ink theme.Ink, sign, name string, n int64) string {
		return ink.On(sign) + " " + name + " " + t.Strong.On(widget.Count(n))
	}
	parts := []string{
		cell(t.Text, " ", "read", read), cell(t.Good, "█", "accepted", accepted),
		cell(t.Bad, "▒", "rejected", rejected), cell(t.Warn, "╱", "duplicates", duplicates),
	}
	line := strings.Join(parts, "   ")
	if widget.Width(line)+2 <= w {
		return []string{" " + line}
	}
	return []string{" " + strings.Join(parts[:2], "   "), " " + strings.Join(parts[2:], "   ")}
}

func (p *Pane) drawEnded(t *theme.Theme, w, h int, focused bool) []string {
	lines := []string{widget.Heading(t, focused, "LOAD", p.what(), p.outcome(t), w), ""}
	if p.loaded == nil {
		return append(lines, p.drawWithout(t, w)...)
	}
	l := p.loaded
	bar := min(w-4, 120)
	lines = append(lines, "  "+widget.Parts(t, bar, l.RowsRead, []int64{l.Accepted, l.Rejected, l.Duplicates},
		[]theme.Ink{t.Good, t.Bad, t.Warn}, []string{"█", "▒", "╱"}))
	lines = append(lines, counters(t, l.RowsRead, l.Accepted, l.Rejected, l.Duplicates, w)...)
	about := []string{widget.Size(l.Bytes), widget.Count(int64(l.RowsPerSecond)) + " rows/s", string(l.Mode), l.Dialect}
	lines = append(lines, "   "+t.Muted.On(widget.Cut(widget.Inert(nonEmpty(about)), w-5)))
	if l.Quarantine != "" {
		label := "quarantine "
		lines = append(lines, "   "+t.Muted.On(label)+widget.CutLeft(widget.Inert(l.Quarantine), w-widget.Width(label)-5))
	}
	if l.Rejected == 0 && len(l.Reasons) == 0 {
		return append(lines, "", "   "+t.Good.On("✓")+" every row was accepted or was there before")
	}
	return append(append(lines, ""), p.rejects(t, w, h-len(lines)-1)...)
}

func nonEmpty(parts []string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}

// outcome says in sign and words how the load ended.
func (p *Pane) outcome(t *theme.Theme) string {
	when := ""
	if p.earlier {
		when = "  " + p.end.At.Format("2 Jan 15:04")
	}
	switch p.end.State {
	case engine.JobDone:
		return t.Good.On("✓ done in "+widget.Span(p.end.Elapsed)) + t.Muted.On(when)
	case engine.JobCancelled:
		return t.Warn.On("■ cancelled after " + widget.Span(p.end.Elapsed))
	}
	return t.Bad.On("✗ failed after " + widget.Span(p.end.Elapsed))
}

// drawWithout draws a load that ended without a result.
func (p *Pane) drawWithout(t *theme.Theme, w int) []string {
	if p.end.State == engine.JobCancelled {
		return []string{"  The table is as it was before the load began.", "  " + t.Key.On("r") + t.Muted.On(" runs it again")}
	}
	e := p.end.Err
	if e == nil {
		return []string{"  The load ended without a result."}
	}
	var out []string
	add := func(ink theme.Ink, prefix, s string) {
		if s == "" {
			return
		}
		for i, l := range widget.Wrap(widget.Inert(s), min(w-6, 100)) {
			if i > 0 {
				prefix = widget.Blank(widget.Width(prefix))
			}
			out = append(out, ink.On(prefix)+ink.On(l))
		}
	}
	add(t.Bad, "  ", e.What)
	add(t.Muted, "  ", e.Where)
	add(t.Accent, "  → ", e.Next)
	return append(out, "", "  The table is as it was before the load began.")
}

// rejects draws the reasons and the first rejected rows: beside each other where there is room, else
// one above the other.
func (p *Pane) rejects(t *theme.Theme, w, h int) []string {
	rs := reasons(p.loaded.Reasons)
	if h < 2 {
		return nil
	}
	if len(p.loaded.Sample) == 0 { // of an earlier run the journal keeps the reasons, and the file the rows
		out := p.reasons(t, rs, min(w, 72), h-2)
		return append(out, "", "   "+t.Muted.On("The rows themselves are in the quarantine file."))
	}
	if w >= 100 {
		left := min(w*2/5, 64)
		a := widget.Box(p.reasons(t, rs, left, h), left, h)
		b := widget.Box(p.rows(t, w-left-1, h), w-left-1, h)
		out := make([]string, h)
		for i := range out {
			out[i] = a[i] + t.Rule.On("│") + b[i]
		}
		return out
	}
	top := min(len(rs)+1, max(h/2, 2))
	out := append(widget.Box(p.reasons(t, rs, w, top), w, top), "")
	return append(out, p.rows(t, w, h-top-1)...)
}

func (p *Pane) reasons(t *theme.Theme, rs []reason, w, h int) []string {
	out := []string{widget.Spread("   "+t.Muted.On("reason"), t.Muted.On("rows")+"  ", w)}
	for i, r := range rs {
		if i == h-2 && len(rs) > h-1 {
			return append(out, "   "+t.Muted.On(fmt.Sprintf("and %d more reasons", len(rs)-i)))
		}
		out = append(out, widget.Spread("   "+widget.Inert(r.text), widget.Count(r.rows)+"  ", w))
	}
	return out
}

func (p *Pane) rows(t *theme.Theme, w, h int) []string {
	if h < 2 || len(p.loaded.Sample) == 0 {
		return nil
	}
	foot := ""
	if n := int64(len(p.loaded.Sample)); n < p.loaded.Rejected {
		foot = fmt.Sprintf("the first %d of %s; all are in the quarantine file", n, widget.Count(p.loaded.Rejected))
		h--
	}
	out := p.table.Draw(t, samples(p.loaded.Sample), w, h)
	if foot != "" {
		out = append(out, " "+t.Muted.On(widget.Cut(foot, w-2)))
	}
	return out
}

// remaining is an estimate for people: whole seconds, and no more precise than it is.
func remaining(d time.Duration) string {
	switch s := (d + time.Second - 1) / time.Second; {
	case s <= 1:
		return "about a second"
	case s < 60:
		return fmt.Sprintf("about %d s", s)
	default:
		return "about " + widget.Span(d.Round(time.Second))
	}
}
