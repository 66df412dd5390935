package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	lines := []string{widget.Heading(t, focused, "DOCTOR", p.summary(t), p.note(t), w)}
	if p.place == Asking {
		lines = append(lines, p.question(t, w)...)
	}
	if e := p.report.Err; e != nil {
		lines = append(lines, "")
		lines = append(lines, failure(t, e, w)...)
	}
	if !p.told || len(p.report.Backends) == 0 {
		switch {
		case p.looking:
			return append(lines, "", "  "+t.Muted.On("Looking at the backends …"))
		case p.report.Err == nil:
			return append(lines, "", "  The backends have not been looked at yet.", "  "+t.Key.On("R")+t.Muted.On(" looks; nothing is started by it"))
		}
		return append(lines, "", "  "+t.Key.On("R")+t.Muted.On(" looks again"))
	}
	body := p.body(t, w)
	room := h - len(lines)
	p.scroll.Fit(len(body), room)
	if p.scroll.More() != "" {
		p.scroll.Fit(len(body), room-1)
		return append(append(lines, p.scroll.Slice(body)...), widget.Spread("", t.Muted.On(p.scroll.More())+" ", w))
	}
	return append(lines, body...)
}

// summary is each backend with its state, in a line.
func (p *Pane) summary(t *theme.Theme) string {
	var parts []string
	for _, b := range p.backends() {
		sign, word, ink := state(t, b.State)
		parts = append(parts, string(b.Name)+" "+ink.On(sign+" "+word))
	}
	return strings.Join(parts, "   ")
}

func (p *Pane) note(t *theme.Theme) string {
	switch {
	case p.looking:
		return t.Warn.On("◐ looking")
	case p.told && !p.report.At.IsZero():
		return t.Muted.On("looked at " + p.report.At.Format("15:04:05"))
	}
	return ""
}

// state is a backend's state by sign and word.
func state(t *theme.Theme, s engine.BackendState) (sign, word string, ink theme.Ink) {
	switch s {
	case engine.StateUp:
		return "●", "up", t.Good
	case engine.StateStarting:
		return "◐", "starting", t.Warn
	case engine.StateDown:
		return "○", "down", t.Muted
	case engine.StateFailed:
		return "✗", "failed", t.Bad
	case engine.StateMissing:
		return "–", "missing", t.Warn
	}
	return "·", "idle", t.Muted
}

// question is what is asked before PostgreSQL is stopped.
func (p *Pane) question(t *theme.Theme, w int) []string {
	lines := []string{"", "  " + t.Warn.On("Stop PostgreSQL?")}
	for _, l := range widget.Wrap("Every program that uses it loses its connection. Its data stays.", max(w-4, 8)) {
		lines = append(lines, "  "+l)
	}
	if n := len(p.work); n > 0 {
		text := "This job runs and would fail:"
		if n > 1 {
			text = fmt.Sprintf("These %d jobs run, and those that use it would fail:", n)
		}
		lines = append(lines, "  "+t.Bad.On(text))
		for i, name := range p.work {
			if i == 4 && n > 5 {
				lines = append(lines, "    "+t.Muted.On(fmt.Sprintf("and %d more", n-i)))
				break
			}
			lines = append(lines, "    ● "+widget.Cut(widget.Inert(name), w-8))
		}
	}
	return append(lines, "  "+t.Key.On("enter")+t.Muted.On(" stops it   ")+t.Key.On("esc")+t.Muted.On(" leaves it running"))
}

func failure(t *theme.Theme, e *engine.Error, w int) []string {
	var out []string
	for _, l := range widget.Wrap(widget.Inert(e.What), min(w-6, 120)) {
		out = append(out, "  "+t.Bad.On("✗ "+l))
	}
	if e.Next != "" {
		for _, l := range widget.Wrap(widget.Inert(e.Next), min(w-6, 120)) {
			out = append(out, "  "+t.Accent.On("→ "+l))
		}
	}
	return out
}

// body draws the backends beside each other where there is room, else one below the other.
func (p *Pane) body(t *theme.Theme, w int) []string {
	all := p.backends()
	if w < 140 || len(all) != 2 {
		var out []string
		for _, b := range all {
			out = append(out, p.backend(t, b, w)...)
		}
		return out
	}
	half := w / 2
	a, b := p.backend(t, all[0], half), p.backend(t, all[1], w-half-1)
	n := max(len(a), len(b))
	a, b = widget.Box(a, half, n), widget.Box(b, w-half-1, n)
	out := make([]string, n)
	for i := range out {
		out[i] = a[i] + t.Rule.On("│") + b[i]
	}
	return out
}

// label is how wide the names of facts are drawn.
const label = 12

func (p *Pane) backend(t *theme.Theme, b engine.BackendStatus, w int) []string {
	sign, word, ink := state(t, b.State)
	lines := []string{"", "  " + t.Strong.On(widget.Fit(string(b.Name), label)) + ink.On(sign+" "+word)}
	add := func(ink theme.Ink, name, s string) {
		if s == "" {
			return
		}
		for _, l := range widget.Wrap(widget.Inert(s), max(w-label-4, 8)) {
			lines = append(lines, "  "+t.Muted.On(widget.Fit(name, label))+ink.On(l))
			name = ""
		}
	}
	add("", "version", b.Version)
	add("", "note", b.Sentence)
	if g := b.Progress; g != nil && b.State == engine.StateStarting {
		add(t.Accent, "progress", progress(g, p.pulse, min(w-label-20, 40)))
	}
	add(t.Accent, "to mend", b.Fix)
	add("", "path", b.Path)
	add("", "data", b.DataDir)
	if b.Port > 0 {
		add("", "port", strconv.Itoa(b.Port))
	}
	if len(b.Settings) == 0 {
		return lines
	}
	lines = append(lines, "  "+t.Muted.On("settings in effect"))
	return append(lines, settings(t, b.Settings, w)...)
}

func progress(g *engine.Progress, pulse, w int) string {
	if g.Total <= 0 {
		return widget.Pulse(pulse, w) + "  " + g.Stage
	}
	return fmt.Sprintf("%s %3d %% %s", widget.Bar(float64(g.Done)/float64(g.Total), w), min(g.Done*100/g.Total, 100), g.Stage)
}

// settings draws names, values and where each value comes from, in columns that are as wide as they need
// to be.
func settings(t *theme.Theme, all []engine.Setting, w int) []string {
	name, source := 0, 0
	for _, s := range all {
		name = max(name, widget.Width(widget.Inert(s.Name)))
		source = max(source, widget.Width(widget.Inert(s.Source)))
	}
	name, source = min(name, w/3), min(source, w/4)
	longest := 0
	for _, s := range all {
		longest = max(longest, widget.Width(widget.Inert(s.Value)))
	}
	value := min(longest, max(w-name-source-9, 6))
	out := make([]string, 0, len(all))
	for _, s := range all {
		v := widget.Inert(s.Value)
		if strings.ContainsRune(v, '/') {
			v = widget.CutLeft(v, value) // a path, whose end says most
		}
		out = append(out, "    "+widget.Fit(widget.Inert(s.Name), name)+"  "+widget.Fit(v, value)+"  "+t.Muted.On(widget.Cut(widget.Inert(s.Source), source)))
	}
	return out
}

// Text is the report in plain lines, as pipewright doctor prints it.
func Text(all []engine.BackendStatus, workspace string) string {
	table := [][]string{{"backend", "state", "version", "path"}}
	for _, b := range all {
		table = append(table, []string{string(b.Name), string(b.State), b.Version, b.Path})
	}
	out := columns(table)
	for _, b := range all {
		rows := [][]string{{string(b.Name), ""}}
		add := func(name, value string) {
			if value != "" {
				rows = append(rows, []string{name, value})
			}
		}
		add("note", b.Sentence)
		add("data", b.DataDir)
		if b.Port > 0 {
			add("port", strconv.Itoa(b.Port))
		}
		add("to mend", b.Fix)
		for _, s := range b.Settings {
			value := s.Value
			if s.Source != "" {
				value += "  (" + s.Source + ")"
			}
			add(s.Name, value)
		}
		if len(rows) > 1 {
			out += "\n" + columns(rows)
		}
	}
	return out + "\nworkspace " + widget.Inert(workspace) + "\n"
}

// columns sets rows of cells in columns, two spaces apart.
func columns(rows [][]string) string {
	var widths []int
	for _, r := range rows {
		for c, s := range r {
			if c == len(widths) {
				widths = append(widths, 0)
			}
			widths[c] = max(widths[c], widget.Width(widget.Inert(s)))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for c, s := range r {
			line.WriteString(widget.Fit(widget.Inert(s), widths[c]) + "  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
