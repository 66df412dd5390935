package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"pipewright/tui/keys"
	"pipewright/tui/layout"
	"pipewright/tui/widget"
)

// View draws the screen from what the panes have kept. It reads nothing and waits for nothing.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "Pipewright"
	if m.opened != nil {
		v.WindowTitle = "Pipewright " + m.opened.ID
	}
	return v
}

// screen gives the lines of the whole screen.
func (m *model) screen() []string {
	f := m.frame
	if f.W == 0 || f.H == 0 {
		return nil
	}
	if f.TooSmall {
		return m.small()
	}
	lines := make([]string, 0, f.H)
	lines = append(lines, m.header(f.W))
	if f.Wide {
		lines = m.wide(lines)
	} else {
		lines = m.narrow(lines)
	}
	lines = append(lines, m.footRule(), m.footer(f.W))
	if m.over != nil {
		box, x, y := m.over.draw(m)
		lines = widget.Overlay(lines, box, x, y)
	}
	return lines
}

// small is all that a terminal below the least size shows.
func (m *model) small() []string {
	text := fmt.Sprintf("Pipewright needs %d×%d cells; this terminal has %d×%d. Make it larger, or quit with q.",
		layout.MinWidth, layout.MinHeight, m.frame.W, m.frame.H)
	return widget.Box(widget.Wrap(text, m.frame.W), m.frame.W, m.frame.H)
}

// narrow shows one pane, under tabs or zoomed.
func (m *model) narrow(lines []string) []string {
	f, t := m.frame, m.theme
	if f.At(layout.Tabs).H > 0 {
		lines = append(lines, m.tabs(f.W))
	}
	lines = append(lines, widget.Rule(t, f.W, nil, nil))
	r := f.At(layout.Main)
	return append(lines, m.panes[m.focus].Draw(t, r.W, r.H, true)...)
}

// wide shows the tree, the lesson and the checklist beside each other, and what is open below them.
func (m *model) wide(lines []string) []string {
	f, t := m.frame, m.theme
	tree, side, main := f.At(layout.Tree), f.At(layout.Side), f.At(layout.Main)
	posts := []int{f.At(layout.TreeRule).X, f.At(layout.SideRule).X}
	lines = append(lines, widget.Rule(t, f.W, nil, posts))
	a, b, c := m.region(layout.Tree, tree), m.region(layout.Main, main), m.region(layout.Side, side)
	bar := t.Rule.On("│")
	for y := range main.H {
		lines = append(lines, a[y]+bar+b[y]+bar+c[y])
	}
	if below := f.At(layout.Below); below.H > 0 {
		lines = append(lines, widget.Rule(t, f.W, posts, nil))
		lines = append(lines, m.region(layout.Below, below)...)
	}
	return lines
}

// region draws the pane that stands in a region.
func (m *model) region(at layout.Region, r layout.Rect) []string {
	for _, e := range m.entries {
		if e.Region == at && (at != layout.Below || e.Place == m.below) {
			return m.panes[e.Place].Draw(m.theme, r.W, r.H, e.Place == m.focus)
		}
	}
	return widget.Box(nil, r.W, r.H)
}

// footRule is the line above the footer; it closes the vertical lines where they reach it.
func (m *model) footRule() string {
	var ups []int
	if m.frame.Wide && m.frame.At(layout.Below).H == 0 {
		ups = []int{m.frame.At(layout.TreeRule).X, m.frame.At(layout.SideRule).X}
	}
	return widget.Rule(m.theme, m.frame.W, ups, nil)
}

// paneAt gives the pane at a cell, with the corner of where it stands.
func (m *model) paneAt(x, y int) (keys.Place, layout.Rect, bool) {
	region, ok := m.frame.Find(x, y)
	if !ok {
		return "", layout.Rect{}, false
	}
	if !m.frame.Wide && region == layout.Main {
		return m.focus, m.frame.At(region), true
	}
	for _, e := range m.entries {
		if e.Region == region && m.frame.Wide && (region != layout.Below || e.Place == m.below) {
			return e.Place, m.frame.At(region), true
		}
	}
	return "", layout.Rect{}, false
}

// wheel scrolls what is under the mouse.
func (m *model) wheel(e tea.Mouse) {
	n := 3
	switch e.Button {
	case tea.MouseWheelUp:
		n = -n
	case tea.MouseWheelDown:
	default:
		return
	}
	if m.over != nil {
		m.over.wheel(n)
		return
	}
	if p, _, ok := m.paneAt(e.X, e.Y); ok {
		m.panes[p].Wheel(n)
	}
}

// click goes to the pane or tab that was clicked, and gives the click to the pane.
func (m *model) click(e tea.Mouse) tea.Cmd {
	m.notice = notice{}
	m.clock.awake(m.now())
	if e.Button != tea.MouseLeft || m.over != nil || m.frame.TooSmall {
		return nil
	}
	if r, ok := m.frame.Find(e.X, e.Y); ok && r == layout.Tabs {
		m.clickTab(e.X)
		return nil
	}
	p, r, ok := m.paneAt(e.X, e.Y)
	if !ok {
		return nil
	}
	m.visit(p)
	return m.intent(m.panes[p].Click(e.X-r.X, e.Y-r.Y))
}

func (m *model) clickTab(x int) {
	tabs, _, _ := m.tabLine(m.frame.W)
	for _, t := range tabs {
		if x >= t.x && x < t.x+t.w {
			m.visit(t.place)
			return
		}
	}
}
