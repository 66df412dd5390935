package lesson

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// The places of this pane: the text, and the line in which a question is answered.
const (
	Place  keys.Place = "lesson"
	Typing keys.Place = "answer"
)

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
	answer   keys.ID = "lesson.answer"
	give     keys.ID = "answer.give"
	drop     keys.ID = "answer.drop"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const show = "pipewright session show {session}"
	return []keys.Action{
		{ID: next, Place: Place, Keys: []string{"n", "right"}, Title: "next", Help: "Go to the session's next screen.", Command: show, Foot: 1},
		{ID: answer, Place: Place, Keys: []string{"a"}, Title: "answer", Help: "Answer the question on screen before you see what it is; the guess is kept beside the result.", Command: show, Foot: 1},
		{ID: previous, Place: Place, Keys: []string{"p", "left"}, Title: "previous", Help: "Go back to the screen before.", Command: show, Foot: 6},
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Scroll up by a line.", Command: show, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Scroll down by a line.", Command: show, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Scroll up by a page.", Command: show, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Scroll down by a page; at the end of a screen, go to the next one.", Command: show, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "top", Help: "Scroll to the screen's first line.", Command: show, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "bottom", Help: "Scroll to the screen's last line.", Command: show, Quiet: true},
		{ID: give, Place: Typing, Keys: []string{"enter"}, Title: "give the answer", Help: "Keep what was typed as the answer.", Command: show, Foot: 1},
		{ID: drop, Place: Typing, Keys: []string{"esc", "ctrl+c"}, Title: "not now", Help: "Go back to the text without an answer.", Command: show, Foot: 2},
	}
}

// Step is one timed part of a session.
type Step struct {
	Name    string // "review", "concept" …
	Minutes int
}

// Screen is one idea of a step.
type Screen struct {
	Step  string
	Title string
	Text  string // Markdown
	Asks  []Ask  // questions in the text that wait for an answer
}

// Ask is a question to be answered before a run.
type Ask struct {
	ID       string
	Question string
	Choices  []string // empty: any answer
}

// Lesson is a session to be read. Where a Lesson of the same session is taken again, the reader stays
// where they were.
type Lesson struct {
	Session string
	Title   string
	Minutes int
	Steps   []Step
	Screens []Screen
}

// Step is the name of the step that is on screen, or empty.
func (p *Pane) Step() string {
	if p.at < len(p.data.Screens) {
		return p.data.Screens[p.at].Step
	}
	return ""
}

// Lab is the id of the lab that the screen tells the reader to run, or empty.
func (p *Pane) Lab() string {
	if p.at >= len(p.data.Screens) {
		return ""
	}
	_, rest, ok := strings.Cut(p.data.Screens[p.at].Text, "pipewright run "+p.data.Session+" ")
	if !ok {
		return ""
	}
	return strings.TrimRight(strings.Fields(rest + " .")[0], "`.,")
}

// measure is the longest line of prose that reads well.
const measure = 82

// Pane shows one screen of a lesson.
type Pane struct {
	data    Lesson
	at      int // index of the screen
	scroll  widget.Scroll
	asking  *Ask // the question that is being answered
	input   widget.Input
	version int
	cache   widget.Cache

	doc      widget.Doc // of the screen, at a width in a theme
	docAt    int
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
		p.at, p.scroll = 0, widget.Scroll{}
	}
	p.data, p.asking = l, p.still(l)
	if m := p.recalled; m != nil && m.Session == l.Session {
		p.at, p.scroll.Top = m.Screen, m.Top
	}
	p.recalled = nil
	p.at = max(min(p.at, len(l.Screens)-1), 0)
	p.docTheme = nil
	p.version++
}

// still is the question that is being answered, if it is in the lesson as it is now.
func (p *Pane) still(l Lesson) *Ask {
	if p.asking == nil || p.at >= len(l.Screens) || l.Session != p.data.Session {
		return nil
	}
	for i, a := range l.Screens[p.at].Asks {
		if a.ID == p.asking.ID {
			return &l.Screens[p.at].Asks[i]
		}
	}
	return nil
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place {
	if p.asking != nil {
		return Typing
	}
	return Place
}

// open is the first question of the screen that has no answer.
func (p *Pane) open() *Ask {
	if p.at < len(p.data.Screens) && len(p.data.Screens[p.at].Asks) > 0 {
		return &p.data.Screens[p.at].Asks[0]
	}
	return nil
}

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	if n := len(p.data.Screens); n > 0 {
		return fmt.Sprintf("Lesson %d/%d", p.at+1, n)
	}
	return "Lesson"
}

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case next:
		return p.at < len(p.data.Screens)-1
	case previous:
		return p.at > 0
	case answer:
		return p.open() != nil
	}
	return len(p.data.Screens) > 0
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
		if !p.scroll.By(-page) && p.at > 0 {
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
	case answer:
		p.asking = p.open()
		p.input.Set("")
	case give:
		return p.give()
	case drop:
		p.asking = nil
	}
	return nil
}

// give hands back what was typed, once it is an answer. Of a choice its number or a beginning will do.
func (p *Pane) give() keys.Intent {
	ask, guess := p.asking, strings.TrimSpace(p.input.Value())
	if guess == "" {
		return nil
	}
	for i, c := range ask.Choices {
		if guess == strconv.Itoa(i+1) || strings.HasPrefix(strings.ToLower(c), strings.ToLower(guess)) {
			p.asking = nil
			return keys.Answer{Prediction: ask.ID, Guess: c}
		}
	}
	if len(ask.Choices) > 0 {
		return nil
	}
	p.asking = nil
	return keys.Answer{Prediction: ask.ID, Guess: guess}
}

func (p *Pane) turn(n int) {
	to := max(min(p.at+n, len(p.data.Screens)-1), 0)
	if to != p.at {
		p.at, p.scroll.Top = to, 0
	}
}

// Type takes a key or text that no action has, while a question is answered.
func (p *Pane) Type(key, text string) {
	if p.asking == nil {
		return
	}
	if text != "" {
		p.input.Type(text)
	} else if !p.input.Key(key) {
		return
	}
	p.version++
}

// Wheel scrolls by a number of lines.
func (p *Pane) Wheel(n int) {
	p.scroll.By(n)
	p.version++
}

// Click goes to the first screen of the step whose name was clicked.
func (p *Pane) Click(x, y int) keys.Intent {
	at := 1
	for _, s := range p.data.Steps {
		n := widget.Width(s.Name) + 2
		if y == 1 && x >= at && x < at+n {
			p.visit(s.Name)
			return nil
		}
		at += n + 1
	}
	return nil
}

// visit goes to the first screen of a step.
func (p *Pane) visit(step string) {
	for i, s := range p.data.Screens {
		if s.Step == step {
			p.turn(i - p.at)
			p.version++
			return
		}
	}
}

// Copy gives the code on screen, or the whole step where it shows none.
func (p *Pane) Copy() (what, text string) {
	for i := len(p.doc.Code) - 1; i >= 0; i-- {
		if c := p.doc.Code[i]; c.Line < p.scroll.Top+p.scroll.H && (c.Line >= p.scroll.Top || i == 0) {
			return "the code on screen", c.Text
		}
	}
	if p.at < len(p.data.Screens) {
		return "this screen's text", p.data.Screens[p.at].Text
	}
	return "", ""
}

// memory is what is kept of the pane between two runs.
type memory struct {
	Session string `json:"session"`
	Screen  int    `json:"screen"`
	Top     int    `json:"top"`
}

// Keep gives what is needed to come back to the same place.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(memory{p.data.Session, p.at, p.scroll.Top})
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
	if len(p.data.Screens) == 0 {
		return []string{
			widget.Heading(t, focused, "LESSON", "", "", w), "",
			"  No session is open.",
			"  " + t.Muted.On("Choose one in the curriculum and press enter."),
		}
	}
	p.layout(t, min(w-4, measure))
	foot := p.question(t, w)
	p.scroll.Fit(len(p.doc.Lines), h-3-len(foot))
	name := fmt.Sprintf("%s  %s", p.data.Session, widget.Inert(p.data.Title))
	lines := []string{widget.Heading(t, focused, name, "", t.Muted.On(p.scroll.More()), w), p.strip(t, w), ""}
	for _, l := range p.scroll.Slice(p.doc.Lines) {
		lines = append(lines, "  "+l)
	}
	if len(foot) > 0 {
		lines = append(widget.Box(lines, w, h-len(foot)), foot...)
	}
	return lines
}

// question is the line in which an answer is typed, under its question.
func (p *Pane) question(t *theme.Theme, w int) []string {
	if p.asking == nil {
		return nil
	}
	out := []string{widget.Rule(t, w, nil, nil)}
	for _, l := range widget.Wrap(widget.Inert(p.asking.Question), min(w-4, measure)) {
		out = append(out, "  "+t.Strong.On(l))
	}
	for i, c := range p.asking.Choices {
		out = append(out, fmt.Sprintf("    %s %s", t.Key.On(strconv.Itoa(i+1)), widget.Inert(c)))
	}
	return append(out, p.input.Draw(t, "  › ", w))
}

// layout lays the screen out, once for each width and theme.
func (p *Pane) layout(t *theme.Theme, w int) {
	if p.docTheme == t && p.docWidth == w && p.docAt == p.at {
		return
	}
	s := p.data.Screens[p.at]
	p.doc = widget.Markdown(t, "## "+s.Title+"\n\n"+s.Text, w)
	p.docTheme, p.docWidth, p.docAt = t, w, p.at
}

// strip names the steps, with the open one in brackets, and says which screen of it this is.
func (p *Pane) strip(t *theme.Theme, w int) string {
	here := p.data.Screens[p.at].Step
	nth, of := 0, 0
	for i, s := range p.data.Screens {
		if s.Step == here {
			of++
			if i <= p.at {
				nth++
			}
		}
	}
	var b strings.Builder
	note := ""
	for _, s := range p.data.Steps {
		b.WriteByte(' ')
		if s.Name != here {
			b.WriteString(t.Muted.On(" " + s.Name + " "))
			continue
		}
		b.WriteString(t.Accent.On("[" + s.Name + "]"))
		note = fmt.Sprintf("%d of %d · %d min ", nth, of, s.Minutes)
	}
	if widget.Width(b.String())+widget.Width(note)+1 > w {
		nth := slices.IndexFunc(p.data.Steps, func(s Step) bool { return s.Name == here })
		step := fmt.Sprintf("  step %d of %d", nth+1, len(p.data.Steps))
		return widget.Spread("  "+t.Accent.On("["+here+"]")+t.Muted.On(step), t.Muted.On(note), w)
	}
	return widget.Spread(b.String(), t.Muted.On(note), w)
}
