package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// header is the first line: where you are, the backends, the jobs, the time.
func (m *model) header(w int) string {
	t, wide := m.theme, w >= 120
	left := " " + t.Title.On("Pipewright")
	switch {
	case m.opened == nil && m.wanted != "":
		left += "  " + t.Muted.On("opening "+widget.Inert(m.wanted)+" …")
	case m.opened != nil && wide:
		left += fmt.Sprintf("   %s %s", t.Muted.On(fmt.Sprintf("Week %d ›", m.opened.Week)), t.Strong.On(m.opened.ID+" "+widget.Inert(m.opened.Title)))
	case m.opened != nil:
		left += "  " + t.Strong.On(m.opened.ID+" "+widget.Inert(m.opened.Title))
	}
	var parts []string
	for _, b := range m.backends {
		parts = append(parts, backend(t, b, wide))
	}
	if n := len(m.jobs.running()); n > 0 {
		parts = append(parts, t.Warn.On("● "+widget.Plural(int64(n), "job", "jobs")))
	} else if wide {
		parts = append(parts, t.Muted.On("no jobs"))
	}
	if m.opened != nil {
		spent := m.earlier + m.clock.spent(m.now())
		clock := fmt.Sprintf("%d of %d min", int(spent/time.Minute), m.opened.Minutes)
		parts = append(parts, t.Muted.On(clock))
	}
	gap := "  "
	if wide {
		gap = "   "
	}
	return widget.Spread(left, strings.Join(parts, gap)+" ", w)
}

// backend is one backend by name, sign and word.
func backend(t *theme.Theme, b engine.BackendStatus, wide bool) string {
	name := string(b.Name)
	if !wide {
		name = map[engine.Backend]string{engine.Postgres: "pg", engine.DuckDB: "duck"}[b.Name]
	}
	if v := b.Version; v != "" && wide {
		name += " " + widget.Inert(v)
	}
	sign, word, ink := "·", "idle", t.Muted
	switch b.State {
	case engine.StateStarting:
		sign, word, ink = "◐", "starting", t.Warn
		if p := b.Progress; p != nil && p.Total > 0 {
			word = fmt.Sprintf("%s %d %%", widget.Inert(p.Stage), min(p.Done*100/p.Total, 100))
		} else if p != nil && p.Stage != "" && wide {
			word += ": " + widget.Inert(p.Stage)
		}
	case engine.StateUp:
		sign, word, ink = "●", "up", t.Good
	case engine.StateDown:
		sign, word = "○", "down"
	case engine.StateFailed:
		sign, word, ink = "✗", "failed", t.Bad
	case engine.StateMissing:
		sign, word = "–", "missing"
	}
	return name + " " + ink.On(sign+" "+word)
}

// tab is one tab where it stands on its line.
type tab struct {
	place keys.Place
	text  string
	x, w  int
}

// tabLine lays the tabs out in w cells: all of them, or as many as fit with the one that is shown among
// them.
func (m *model) tabLine(w int) (tabs []tab, before, after bool) {
	here, end := 0, 0
	for i, e := range m.entries {
		t := tab{place: e.Place, text: fmt.Sprintf(" %d %s ", (i+1)%10, m.panes[e.Place].Title())} // 0 is the key of the tenth
		if e.Place == m.focus {
			here, t.text = i, "["+t.text[1:len(t.text)-1]+"]"
		}
		t.x, t.w = end+1, widget.Width(t.text)
		end = t.x + t.w
		tabs = append(tabs, t)
	}
	if end <= w {
		return tabs, false, false
	}
	last := len(tabs)
	for last > here+1 && tabs[last-1].x+tabs[last-1].w > w-2 {
		last--
	}
	first := 0
	for first < here && tabs[last-1].x+tabs[last-1].w-tabs[first].x > w-3 {
		first++
	}
	shift := tabs[first].x - 1
	for i := range tabs {
		tabs[i].x -= shift
	}
	return tabs[first:last], first > 0, last < len(tabs)
}

// tabs names the panes, with the one that is shown in brackets.
func (m *model) tabs(w int) string {
	tabs, before, after := m.tabLine(w)
	var b strings.Builder
	for i, t := range tabs {
		if i == 0 && before {
			b.WriteString(m.theme.Muted.On("‹"))
		} else {
			b.WriteByte(' ')
		}
		if t.place == m.focus {
			b.WriteString(m.theme.Accent.On(t.text))
		} else {
			b.WriteString(m.theme.Muted.On(t.text))
		}
	}
	if !after {
		return widget.Fit(b.String(), w)
	}
	return widget.Fit(b.String(), w-1) + m.theme.Muted.On("›")
}

// hints is how many actions the footer shows.
const hints = 5

// footer is the last line: what did just happen, and the keys that matter here as far as there is room.
func (m *model) footer(w int) string {
	t := m.theme
	right := t.Key.On("?") + t.Muted.On(" keys") + " "
	if m.table.Modal(m.place()) {
		right = ""
	}
	left, used := "", 0
	if m.notice.text != "" {
		ink, sign := t.Text, "· "
		if m.notice.bad {
			ink, sign = t.Bad, "✗ "
		}
		text := widget.Cut(sign+widget.Inert(m.notice.text), w-widget.Width(right)-2)
		left = " " + ink.On(text) + "  "
		used = widget.Width(left)
	}
	for _, a := range m.hints() {
		title := a.Title
		if a.ID == actRun {
			if l, ok := m.due(); ok && len(m.opened.Labs) > 1 {
				title += " " + widget.Inert(l.ID)
			}
		}
		hint := " " + a.Key() + " " + title + "  "
		if n := widget.Width(hint); used+n+widget.Width(right)+1 <= w {
			left += " " + t.Key.On(a.Key()) + " " + title + "  "
			used += n
		}
	}
	return widget.Spread(left, right, w)
}

// hints lists the actions that matter now, the most useful first.
func (m *model) hints() []keys.Action {
	place := m.place()
	all := m.table.In(place)
	if !m.table.Modal(place) {
		all = append(all, m.table.In(keys.Everywhere)...)
	}
	out := slices.DeleteFunc(slices.Clone(all), func(a keys.Action) bool { return a.Foot == 0 || m.over == nil && !m.can(a) })
	slices.SortStableFunc(out, func(a, b keys.Action) int { return a.Foot - b.Foot })
	return out[:min(len(out), hints)]
}
