package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
	"pipewright/views"
)

// framed puts lines of w cells into a box with a title and a line of hints.
func framed(t *theme.Theme, title, hint string, lines []string, w int) []string {
	top := "╭─ " + title + " "
	out := []string{t.Rule.On("╭─ ") + t.Accent.On(title) + t.Rule.On(" "+strings.Repeat("─", max(w+2-widget.Width(top)+1, 0))+"╮")}
	for _, l := range lines {
		out = append(out, t.Rule.On("│")+" "+widget.Fit(l, w)+" "+t.Rule.On("│"))
	}
	foot := "─ " + hint + " "
	if hint == "" {
		foot = ""
	}
	rest := strings.Repeat("─", max(w+2-widget.Width(foot), 0))
	if hint == "" {
		return append(out, t.Rule.On("╰"+rest+"╯"))
	}
	return append(out, t.Rule.On("╰─ ")+t.Muted.On(hint)+t.Rule.On(" "+rest+"╯"))
}

// centred gives the corner at which a box stands in the middle of the screen.
func (m *model) centred(box []string) (x, y int) {
	w := 0
	if len(box) > 0 {
		w = widget.Width(box[0])
	}
	return max((m.frame.W-w)/2, 0), max((m.frame.H-len(box))/2, 0)
}

// quitBox asks before something that runs is cancelled.
type quitBox struct{}

func (*quitBox) place() keys.Place    { return inQuit }
func (*quitBox) typed(string, string) {}
func (*quitBox) wheel(int)            {}

func (*quitBox) do(m *model, id keys.ID) tea.Cmd {
	m.over = nil
	if id == quitYes {
		m.ended = true
		return tea.Quit
	}
	return nil
}

func (*quitBox) draw(m *model) (box []string, x, y int) {
	run := m.jobs.running()
	w := min(64, m.frame.W-6)
	var lines []string
	for _, e := range run {
		lines = append(lines, m.theme.Warn.On("● ")+widget.Cut(m.title(e), w-2))
	}
	if len(lines) == 0 {
		lines = append(lines, "What ran has ended meanwhile.")
	} else {
		text := "Quitting cancels it. Its table stays as it was before it began."
		if len(run) > 1 {
			text = "Quitting cancels them. Their tables stay as they were before they began."
		}
		lines = append(lines, "")
		lines = append(lines, widget.Wrap(text, w)...)
	}
	box = framed(m.theme, "Quit?", "q cancel and quit   esc stay", lines, w)
	x, y = m.centred(box)
	return box, x, y
}

// helpBox lists the keys of where you are.
type helpBox struct {
	where  keys.Place
	scroll widget.Scroll
}

func newHelp(m *model) *helpBox { return &helpBox{where: m.panes[m.focus].Place()} }

func (h *helpBox) place() keys.Place    { return inHelp }
func (h *helpBox) typed(string, string) {}
func (h *helpBox) wheel(n int)          { h.scroll.By(n) }

func (h *helpBox) do(m *model, id keys.ID) tea.Cmd {
	switch id {
	case helpClose:
		m.over = nil
	case helpUp:
		h.scroll.By(-max(h.scroll.H/2, 1))
	case helpDown:
		h.scroll.By(max(h.scroll.H/2, 1))
	}
	return nil
}

func (h *helpBox) draw(m *model) (box []string, x, y int) {
	w := min(96, m.frame.W-6)
	lines := h.lines(m, w)
	room := min(len(lines), m.frame.H-4)
	h.scroll.Fit(len(lines), room)
	hint := "esc close"
	if more := h.scroll.More(); more != "" {
		hint += "   " + more
	}
	box = framed(m.theme, "Keys in "+h.name(m), hint, h.scroll.Slice(lines), w)
	x, y = m.centred(box)
	return box, x, y
}

func (h *helpBox) name(m *model) string {
	for _, e := range m.entries {
		if e.Place == h.where {
			return "the " + e.Name
		}
	}
	return "the " + string(h.where)
}

func (h *helpBox) lines(m *model, w int) []string {
	var out []string
	add := func(list []keys.Action) {
		for _, a := range list {
			if a.Place == keys.Everywhere && !m.can(a) {
				continue
			}
			var ks []string
			for _, k := range a.Keys[:min(len(a.Keys), 2)] {
				ks = append(ks, keys.Show(k))
			}
			const col = 17
			help := widget.Wrap(a.Help, w-col-1)
			out = append(out, m.theme.Key.On(widget.Fit(strings.Join(ks, " "), col))+" "+help[0])
			for _, l := range help[1:] {
				out = append(out, widget.Blank(col+1)+l)
			}
		}
	}
	add(m.table.In(h.where))
	for _, p := range views.Modal() {
		if strings.HasPrefix(string(p), string(h.where)+" ") { // where the pane takes text
			out = append(out, "", m.theme.Strong.On("In the "+string(p)))
			add(m.table.In(p))
		}
	}
	out = append(out, "", m.theme.Strong.On("Everywhere"))
	add(m.table.In(keys.Everywhere))
	return append(out, "", m.theme.Muted.On("Signs: ✓ proven  ◐ begun  ○ open  · not in this version  ✗ does not hold"))
}

// paletteRow is one action in the palette; lab is set for one of a session's labs.
type paletteRow struct {
	action  keys.Action
	lab     string
	title   string
	command string
}

// rows lists what the palette offers: everything that would do something now, the view's own moves last.
func (m *model) rows() []paletteRow {
	session, due := "", Lab{}
	if m.opened != nil {
		session = m.opened.ID
		due, _ = m.due()
	}
	var out, quiet []paletteRow
	add := func(a keys.Action) {
		if m.table.Modal(a.Place) || a.ID == actPalette || !m.can(a) || a.Place != keys.Everywhere && a.Place != m.focus {
			return
		}
		if a.ID == actRun {
			for _, l := range m.opened.Labs {
				out = append(out, paletteRow{a, l.ID, "run: " + widget.Inert(l.Title), a.Line(session, l.ID)})
			}
			return
		}
		r := paletteRow{action: a, title: a.Title, command: a.Line(session, due.ID)}
		if a.Place != keys.Everywhere {
			r.title = string(a.Place) + ": " + a.Title
		}
		if a.Quiet {
			quiet = append(quiet, r)
			return
		}
		out = append(out, r)
	}
	for _, a := range m.table.All() {
		add(a)
	}
	return append(out, quiet...)
}

// String is a row as the search sees it.
func (r paletteRow) String() string { return r.title + "  " + r.command }
