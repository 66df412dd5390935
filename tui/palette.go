package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"pipewright/tui/keys"
	"pipewright/tui/widget"
)

// paletteBox finds an action by a few of its letters.
type paletteBox struct {
	all    []paletteRow
	shown  []paletteRow
	input  widget.Input
	cursor int
	scroll widget.Scroll
}

func newPalette(m *model) *paletteBox {
	p := &paletteBox{all: m.rows()}
	p.search()
	return p
}

// source lets the fuzzy search see the rows.
type source []paletteRow

func (s source) String(i int) string { return s[i].String() }
func (s source) Len() int            { return len(s) }

func (p *paletteBox) search() {
	p.cursor, p.scroll.Top = 0, 0
	want := strings.TrimSpace(p.input.Value())
	if want == "" {
		p.shown = p.all
		return
	}
	p.shown = nil
	for _, f := range fuzzy.FindFrom(want, source(p.all)) {
		p.shown = append(p.shown, p.all[f.Index])
	}
}

func (p *paletteBox) place() keys.Place { return inPalette }

func (p *paletteBox) typed(key, text string) {
	if text != "" {
		p.input.Type(text)
	} else if !p.input.Key(key) {
		return
	}
	p.search()
}

func (p *paletteBox) wheel(n int) { p.move(n) }

func (p *paletteBox) move(n int) { p.cursor = max(min(p.cursor+n, len(p.shown)-1), 0) }

func (p *paletteBox) do(m *model, id keys.ID) tea.Cmd {
	switch id {
	case palUp:
		p.move(-1)
	case palDown:
		p.move(1)
	case palClose:
		m.over = nil
	case palCopy:
		if p.cursor < len(p.shown) {
			m.over = nil
			return m.copy("the command", p.shown[p.cursor].command)
		}
	case palRun:
		m.over = nil
		if p.cursor < len(p.shown) {
			r := p.shown[p.cursor]
			if r.lab != "" {
				return m.run(r.lab)
			}
			return m.do(r.action)
		}
	}
	return nil
}

func (p *paletteBox) draw(m *model) (box []string, x, y int) {
	t, w := m.theme, min(100, m.frame.W-6)
	room := min(max(m.frame.H-8, 3), 16)
	p.scroll.Fit(len(p.shown), room)
	p.scroll.Follow(p.cursor)
	lines := []string{p.input.Draw(t, ": ", w), ""}
	for i := range room {
		n := p.scroll.Top + i
		if n >= len(p.shown) {
			lines = append(lines, "")
			continue
		}
		lines = append(lines, p.line(m, n, w))
	}
	if len(p.shown) == 0 {
		lines[2] = t.Muted.On("Nothing is called that. esc closes.")
	}
	hint := "enter run   ctrl+y copy the command   esc close"
	if more := p.scroll.More(); more != "" && w > 70 {
		hint += "   " + more
	}
	box = framed(t, "What to do", hint, lines, w)
	x, _ = m.centred(box)
	return box, x, max(min(4, m.frame.H-len(box)), 0)
}

func (p *paletteBox) line(m *model, n, w int) string {
	r := p.shown[n]
	const keyCol = 10
	titleCol := min(38, (w-keyCol)*6/11)
	key, title := widget.Fit(r.action.Key(), keyCol), widget.Fit(r.title, titleCol)
	command := widget.Fit(r.command, max(w-keyCol-titleCol-2, 0))
	if n == p.cursor {
		return m.theme.Select.On(" " + key + title + " " + command)
	}
	return " " + m.theme.Key.On(key) + title + " " + m.theme.Muted.On(command)
}
