package lesson

import (
	"encoding/json"
	"fmt"
	"strings"

	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "lesson"

// The pane's actions.
const (
	next     keys.ID = "lesson.next"
	previous keys.ID = "lesson.previous"
	up       keys.ID = "lesson.up"
	down     keys.ID = "lesson.down"
	pageUp   keys.ID = "lesson.page-up"
	pageDown keys.ID = "lesson.page-down"
	top      keys.ID = "lesson.top"
	bottom   keys.ID = "lesson.bottom"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const show = "pipewright session show {session}"
	return []keys.Action{
		{ID: next, Place: Place, Keys: []string{"n", "right"}, Title: "next step", Help: "Go to the session's next step.", Command: show, Foot: 1},
		{ID: previous, Place: Place, Keys: []string{"p", "left"}, Title: "previous step", Help: "Go back to the step before.", Command: show, Foot: 6},
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Scroll up by a line.", Command: show, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Scroll down by a line.", Command: show, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Scroll up by a page.", Command: show, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Scroll down by a page; at the end of a step, go to the next one.", Command: show, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "top", Help: "Scroll to the step's first line.", Command: show, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "bottom", Help: "Scroll to the step's last line.", Command: show, Quiet: true},
	}
}

// Step is one timed part of a session.
type Step struct {
	Name    string // "review", "concept" …
	Minutes int
	Text    string // Markdown
}

// Lesson is a session to be read. Where a Lesson of the same session is taken again, the reader stays
// where they were.
type Lesson struct {
	Session string
	Title   string
	Minutes int
	Steps   []Step
}

// measure is the longest line of prose that reads well.
const measure = 82

// Pane shows one step of a lesson.
type Pane struct {
	data    Lesson
	step    int
	scroll  widget.Scroll
	version int
	cache   widget.Cache

	doc      widget.Doc // of the step, at a width in a theme
	docStep  int
	docWidth int
	docTheme *theme.Theme
	recalled *memory
}

// New makes the pane.
func New() *Pane { return &Pane{} }

// Take takes a Lesson.
func (p *Pane) Take(fact any) {
	l, ok := fact.(Lesson)
	if !ok {
		return
	}
	if l.Session != p.data.Session {
		p.step, p.scroll = 0, widget.Scroll{}
	}
	p.data = l
	if m := p.recalled; m != nil && m.Session == l.Session {
		p.step, p.scroll.Top = m.Step, m.Top
	}
	p.recalled = nil
	p.step = max(min(p.step, len(l.Steps)-1), 0)
	p.docTheme = nil
	p.version++
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	if n := len(p.data.Steps); n > 0 {
		return fmt.Sprintf("Lesson %d/%d", p.step+1, n)
	}
	return "Lesson"
}

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case next:
		return p.step < len(p.data.Steps)-1
	case previous:
		return p.step > 0
	}
	return len(p.data.Steps) > 0
}

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	page := max(p.scroll.H-2, 1)
	switch id {
	case next:
		p.turn(1)
	case previous:
		p.turn(-1)
	case up:
		p.scroll.By(-1)
	case down:
		p.scroll.By(1)
	case pageUp:
		if !p.scroll.By(-page) && p.step > 0 {
			p.turn(-1)
			p.scroll.Top = 1 << 20
		}
	case pageDown:
		if !p.scroll.By(page) {
			p.turn(1)
		}
	case top:
		p.scroll.Top = 0
	case bottom:
		p.scroll.Top = p.scroll.N
	}
	return nil
}

func (p *Pane) turn(n int) {
	to := max(min(p.step+n, len(p.data.Steps)-1), 0)
	if to != p.step {
		p.step, p.scroll.Top = to, 0
	}
}

// Type takes a key that no action has; the lesson takes no text.
func (p *Pane) Type(string, string) {}

// Wheel scrolls by a number of lines.
func (p *Pane) Wheel(n int) {
	p.scroll.By(n)
	p.version++
}

// Click goes to the step whose name was clicked.
func (p *Pane) Click(x, y int) keys.Intent {
	if y != 1 {
		return nil
	}
	at := 1
	for i, s := range p.data.Steps {
		if w := widget.Width(s.Name) + 2; x >= at && x < at+w {
			p.turn(i - p.step)
			p.version++
			return nil
		}
		at += widget.Width(s.Name) + 3
	}
	return nil
}

// Copy gives the code on screen, or the whole step where it shows none.
func (p *Pane) Copy() (what, text string) {
	for i := len(p.doc.Code) - 1; i >= 0; i-- {
		if c := p.doc.Code[i]; c.Line < p.scroll.Top+p.scroll.H && (c.Line >= p.scroll.Top || i == 0) {
			return "the code on screen", c.Text
		}
	}
	if p.step < len(p.data.Steps) {
		return "this step's text", p.data.Steps[p.step].Text
	}
	return "", ""
}

// memory is what is kept of the pane between two runs.
type memory struct {
	Session string `json:"session"`
	Step    int    `json:"step"`
	Top     int    `json:"top"`
}

// Keep gives what is needed to come back to the same place.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(memory{p.data.Session, p.step, p.scroll.Top})
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to a kept place once the session is there.
func (p *Pane) Recall(raw json.RawMessage) {
	var m memory
	if json.Unmarshal(raw, &m) == nil {
		p.recalled = &m
	}
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	if len(p.data.Steps) == 0 {
		return []string{
			widget.Heading(t, focused, "LESSON", "", "", w), "",
			"  No session is open.",
			"  " + t.Muted.On("Choose one in the curriculum and press enter."),
		}
	}
	text := min(w-4, measure)
	p.layout(t, text)
	body := h - 3
	p.scroll.Fit(len(p.doc.Lines), body)
	s := p.data.Steps[p.step]
	name := fmt.Sprintf("%s  %s", p.data.Session, widget.Inert(p.data.Title))
	note := t.Muted.On(p.scroll.More())
	lines := []string{widget.Heading(t, focused, name, "", note, w), p.strip(t, s, w), ""}
	for _, l := range p.scroll.Slice(p.doc.Lines) {
		lines = append(lines, "  "+l)
	}
	return lines
}

// layout lays the step out, once for each width and theme.
func (p *Pane) layout(t *theme.Theme, w int) {
	if p.docTheme == t && p.docWidth == w && p.docStep == p.step {
		return
	}
	p.doc = widget.Markdown(t, p.data.Steps[p.step].Text, w)
	p.docTheme, p.docWidth, p.docStep = t, w, p.step
}

// strip names the steps, with the open one in brackets.
func (p *Pane) strip(t *theme.Theme, s Step, w int) string {
	var b strings.Builder
	for i, st := range p.data.Steps {
		b.WriteByte(' ')
		if i == p.step {
			b.WriteString(t.Accent.On("[" + st.Name + "]"))
		} else {
			b.WriteString(t.Muted.On(" " + st.Name + " "))
		}
	}
	note := ""
	if s.Minutes > 0 {
		note = t.Muted.On(fmt.Sprintf("%d min", s.Minutes)) + " "
	}
	if widget.Width(b.String())+widget.Width(note)+1 > w {
		return widget.Spread(fmt.Sprintf("  step %d of %d: ", p.step+1, len(p.data.Steps))+t.Accent.On(s.Name), note, w)
	}
	return widget.Spread(b.String(), note, w)
}
