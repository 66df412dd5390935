package progress

import (
	"encoding/json"
	"fmt"

	"pipewright/engine"
	"pipewright/sessions"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "progress"

// The pane's actions.
const (
	open     keys.ID = "progress.open"
	next     keys.ID = "progress.next"
	again    keys.ID = "progress.again"
	up       keys.ID = "progress.up"
	down     keys.ID = "progress.down"
	pageUp   keys.ID = "progress.page-up"
	pageDown keys.ID = "progress.page-down"
	top      keys.ID = "progress.top"
	bottom   keys.ID = "progress.bottom"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const progress = "pipewright progress"
	move := func(id keys.ID, title, help string, ks ...string) keys.Action {
		return keys.Action{ID: id, Place: Place, Keys: ks, Title: title, Help: help, Command: progress, Quiet: true}
	}
	return []keys.Action{
		{ID: open, Place: Place, Keys: []string{"enter"}, Title: "open", Help: "Open the session under the cursor.", Command: "pipewright session show {session}", Foot: 1},
		{ID: next, Place: Place, Keys: []string{"n"}, Title: "what comes next", Help: "Open the session that comes next.", Command: "pipewright session start {session}", Foot: 2},
		{ID: again, Place: Place, Keys: []string{"R"}, Title: "read again", Help: "Read the journal again.", Command: progress},
		move(up, "up", "Move to the session above.", "up", "k"),
		move(down, "down", "Move to the session below.", "down", "j"),
		move(pageUp, "page up", "Move up by a page.", "pgup", "ctrl+b", "b"),
		move(pageDown, "page down", "Move down by a page.", "space", "pgdown", "ctrl+f"),
		move(top, "top", "Move to the first session.", "home"),
		move(bottom, "bottom", "Move to the last session.", "end"),
	}
}

// Failed says that the journal could not be read.
type Failed struct{ Err *engine.Error }

// kind of line
type kind int

const (
	phaseLine kind = iota
	weekLine
	sessionLine
)

// line is one row of the list.
type line struct {
	kind    kind
	phase   *sessions.PhaseProgress
	week    *sessions.WeekProgress
	session *sessions.SessionProgress
	planned int // minutes
}

// Pane shows an Overview.
type Pane struct {
	told    bool
	data    Overview
	err     *engine.Error
	lines   []line
	at      string // session under the cursor
	cursor  int    // of lines
	scroll  widget.Scroll
	listTop int
	version int
	cache   widget.Cache
}

// New makes the pane.
func New() *Pane { return &Pane{} }

// Take takes an Overview, or that there is none.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case Overview:
		p.told, p.data, p.err = true, f, nil
		p.arrange()
	case Failed:
		p.err = f.Err
	default:
		return
	}
	p.version++
}

// arrange lists the lines, and keeps the cursor on its session; the first time it stands on what comes
// next.
func (p *Pane) arrange() {
	p.lines = p.lines[:0]
	for i := range p.data.Phases {
		ph := &p.data.Phases[i]
		at := len(p.lines)
		p.lines = append(p.lines, line{kind: phaseLine, phase: ph})
		for j := range ph.Weeks {
			w := &ph.Weeks[j]
			wk := line{kind: weekLine, week: w}
			for k := range w.Sessions {
				wk.planned += w.Sessions[k].Minutes
			}
			p.lines[at].planned += wk.planned
			p.lines = append(p.lines, wk)
			for k := range w.Sessions {
				p.lines = append(p.lines, line{kind: sessionLine, session: &w.Sessions[k], planned: w.Sessions[k].Minutes})
			}
		}
	}
	if p.at == "" && p.data.Next != nil {
		p.at = p.data.Next.ID
	}
	p.cursor = -1
	for i, l := range p.lines {
		if l.kind == sessionLine && (p.cursor < 0 || l.session.ID == p.at) {
			p.cursor = i
		}
	}
	p.mark()
}

func (p *Pane) mark() {
	if s := p.session(); s != nil {
		p.at = s.ID
	}
}

func (p *Pane) session() *sessions.SessionProgress {
	if p.cursor < 0 || p.cursor >= len(p.lines) {
		return nil
	}
	return p.lines[p.cursor].session
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	if !p.told {
		return "Progress"
	}
	return fmt.Sprintf("Progress %d/%d", p.data.SessionsDone, p.data.SessionsTotal)
}

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case open:
		s := p.session()
		return s != nil && s.State != sessions.Listed
	case next:
		return p.data.Next != nil
	case again:
		return true
	}
	return len(p.lines) > 0
}

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	page := max(p.scroll.H-1, 1)
	switch id {
	case open:
		if s := p.session(); s != nil {
			return keys.OpenSession{ID: s.ID}
		}
	case next:
		if p.data.Next != nil {
			return keys.OpenSession{ID: p.data.Next.ID}
		}
	case again:
		return keys.Refresh{Place: Place}
	case up:
		p.move(-1)
	case down:
		p.move(1)
	case pageUp:
		p.move(-page)
	case pageDown:
		p.move(page)
	case top:
		p.move(-len(p.lines))
	case bottom:
		p.move(len(p.lines))
	}
	return nil
}

// move moves the cursor by n lines, to the nearest session in that direction; at an end, to the last one
// there.
func (p *Pane) move(n int) {
	if len(p.lines) == 0 || n == 0 {
		return
	}
	p.version++
	step := 1
	if n < 0 {
		step = -1
	}
	i := max(min(p.cursor+n, len(p.lines)-1), 0)
	for i >= 0 && i < len(p.lines) && p.lines[i].kind != sessionLine {
		i += step
	}
	if i < 0 || i >= len(p.lines) {
		for i -= step; i >= 0 && i < len(p.lines) && p.lines[i].kind != sessionLine; {
			i -= step
		}
	}
	if i < 0 || i >= len(p.lines) {
		return
	}
	p.cursor = i
	p.mark()
}

// Type takes a key that no action has; the pane takes no text.
func (p *Pane) Type(string, string) {}

// Wheel moves the cursor.
func (p *Pane) Wheel(n int) { p.move(n) }

// Click puts the cursor on a session; a click on the one under the cursor opens it.
func (p *Pane) Click(_, y int) keys.Intent {
	i := p.scroll.Top + y - p.listTop
	if y < p.listTop || y >= p.listTop+p.scroll.H || i < 0 || i >= len(p.lines) || p.lines[i].kind != sessionLine {
		return nil
	}
	p.version++
	if i == p.cursor && p.Can(open) {
		return p.Do(open)
	}
	p.cursor = i
	p.mark()
	return nil
}

// Copy gives the progress as Markdown, as in PROGRESS.md.
func (p *Pane) Copy() (what, text string) {
	if !p.told {
		return "", ""
	}
	return "the progress as Markdown", sessions.Markdown(p.data.Progress)
}

// Keep gives the session under the cursor.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(p.at)
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to it.
func (p *Pane) Recall(raw json.RawMessage) {
	var at string
	if json.Unmarshal(raw, &at) == nil {
		p.at = at
	}
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
