package curriculum

import (
	"encoding/json"
	"fmt"
	"strings"

	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// The places of this pane: the tree, and the line in which a filter is typed.
const (
	Place  keys.Place = "curriculum"
	Typing keys.Place = "filter"
)

// The pane's actions.
const (
	up       keys.ID = "curriculum.up"
	down     keys.ID = "curriculum.down"
	pageUp   keys.ID = "curriculum.page-up"
	pageDown keys.ID = "curriculum.page-down"
	first    keys.ID = "curriculum.first"
	last     keys.ID = "curriculum.last"
	fold     keys.ID = "curriculum.fold"
	unfold   keys.ID = "curriculum.unfold"
	open     keys.ID = "curriculum.open"
	filter   keys.ID = "curriculum.filter"
	keep     keys.ID = "filter.keep"
	clear    keys.ID = "filter.clear"
	fdown    keys.ID = "filter.down"
	fup      keys.ID = "filter.up"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const list, show = "pipewright session list", "pipewright session show {session}"
	return []keys.Action{
		{ID: open, Place: Place, Keys: []string{"enter"}, Title: "open", Help: "Open the session under the cursor; on a phase or a week, fold or unfold it.", Command: show, Foot: 1},
		{ID: filter, Place: Place, Keys: []string{"/"}, Title: "filter", Help: "Type a part of a title or an id to see only the sessions that match.", Command: list, Foot: 2},
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Move the cursor up.", Command: list, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Move the cursor down.", Command: list, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b"}, Title: "page up", Help: "Move the cursor up by a page.", Command: list, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"pgdown", "ctrl+f"}, Title: "page down", Help: "Move the cursor down by a page.", Command: list, Quiet: true},
		{ID: first, Place: Place, Keys: []string{"home"}, Title: "first", Help: "Move the cursor to the first line.", Command: list, Quiet: true},
		{ID: last, Place: Place, Keys: []string{"end"}, Title: "last", Help: "Move the cursor to the last line.", Command: list, Quiet: true},
		{ID: fold, Place: Place, Keys: []string{"left"}, Title: "fold", Help: "Fold the week or phase that the cursor is in.", Command: list, Quiet: true},
		{ID: unfold, Place: Place, Keys: []string{"right"}, Title: "unfold", Help: "Unfold the week or phase under the cursor.", Command: list, Quiet: true},
		{ID: keep, Place: Typing, Keys: []string{"enter"}, Title: "keep", Help: "Keep the filter and go back to the tree.", Command: list, Foot: 1},
		{ID: clear, Place: Typing, Keys: []string{"esc", "ctrl+c"}, Title: "clear", Help: "Clear the filter.", Command: list, Foot: 2},
		{ID: fdown, Place: Typing, Keys: []string{"down", "tab"}, Title: "down", Help: "Move the cursor down while the filter is being typed.", Command: list, Quiet: true},
		{ID: fup, Place: Typing, Keys: []string{"up", "shift+tab"}, Title: "up", Help: "Move the cursor up while the filter is being typed.", Command: list, Quiet: true},
	}
}

// Pane is the curriculum tree.
type Pane struct {
	data    Outline
	rows    []row
	cursor  int
	scroll  widget.Scroll
	folded  map[string]bool // by row id
	filter  widget.Input
	typing  bool
	version int

	recalled bool   // the folds are those of last time
	wanted   string // the row that had the cursor then
	cache    widget.Cache
}

// row is one visible line: a phase, a week or a session.
type row struct {
	id      string // "p1", "w1", "1.4"
	phase   *Phase
	week    *Week
	session *Session
}

// New makes the pane.
func New() *Pane { return &Pane{folded: map[string]bool{}} }

// Take takes an Outline; the pane has no other facts.
func (p *Pane) Take(fact any) {
	o, ok := fact.(Outline)
	if !ok {
		return
	}
	fresh := len(p.data.Phases) == 0
	moved := o.Open != "" && o.Open != p.data.Open
	p.data = o
	p.refresh()
	if fresh && !p.recalled {
		p.foldOthers()
	} else if fresh {
		p.point(p.wanted)
	}
	if moved {
		p.reveal(o.Open)
	}
	p.version++
}

// foldOthers folds every phase and week but those of the open session, or else of the first session that
// can be opened and is not done, and puts the cursor on it.
func (p *Pane) foldOthers() {
	home := p.data.Open
	for _, ph := range p.data.Phases {
		for _, w := range ph.Weeks {
			p.folded[weekID(w)] = true
			for _, s := range w.Sessions {
				if home == "" && s.Written && !s.Done() {
					home = s.ID
				}
			}
		}
	}
	p.reveal(home)
}

func weekID(w Week) string   { return fmt.Sprintf("w%d", w.Number) }
func phaseID(p Phase) string { return fmt.Sprintf("p%d", p.Number) }

// reveal unfolds what holds a session and puts the cursor on it.
func (p *Pane) reveal(id string) {
	for _, ph := range p.data.Phases {
		for _, w := range ph.Weeks {
			for _, s := range w.Sessions {
				if s.ID == id {
					delete(p.folded, weekID(w))
					delete(p.folded, phaseID(ph))
				}
			}
		}
	}
	p.refresh()
	p.point(id)
}

// point puts the cursor on a row, if it is there.
func (p *Pane) point(id string) {
	for i, r := range p.rows {
		if r.id == id {
			p.cursor = i
		}
	}
}

// refresh lists the visible rows anew and keeps the cursor on the row that it was on.
func (p *Pane) refresh() {
	was := ""
	if p.cursor < len(p.rows) {
		was = p.rows[p.cursor].id
	}
	want := strings.ToLower(p.filter.Value())
	p.rows = p.rows[:0]
	for i := range p.data.Phases {
		ph := &p.data.Phases[i]
		at := len(p.rows)
		p.rows = append(p.rows, row{id: phaseID(*ph), phase: ph})
		if want == "" && p.folded[phaseID(*ph)] {
			continue
		}
		for j := range ph.Weeks {
			p.week(&ph.Weeks[j], want)
		}
		if want != "" && len(p.rows) == at+1 {
			p.rows = p.rows[:at]
		}
	}
	p.cursor = min(p.cursor, max(len(p.rows)-1, 0))
	for i, r := range p.rows {
		if r.id == was {
			p.cursor = i
		}
	}
}

func (p *Pane) week(w *Week, want string) {
	at := len(p.rows)
	p.rows = append(p.rows, row{id: weekID(*w), week: w})
	if want == "" && p.folded[weekID(*w)] {
		return
	}
	for k := range w.Sessions {
		s := &w.Sessions[k]
		if want == "" || strings.Contains(strings.ToLower(s.ID+" "+s.Title), want) {
			p.rows = append(p.rows, row{id: s.ID, session: s})
		}
	}
	if want != "" && len(p.rows) == at+1 {
		p.rows = p.rows[:at]
	}
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place {
	if p.typing {
		return Typing
	}
	return Place
}

// Title is what the pane's tab says.
func (p *Pane) Title() string { return "Sessions" }

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	r, ok := p.at()
	switch id {
	case open:
		return ok && (r.session == nil || r.session.Written)
	case filter:
		return len(p.data.Phases) > 0
	}
	return true
}

func (p *Pane) at() (row, bool) {
	if p.cursor < 0 || p.cursor >= len(p.rows) {
		return row{}, false
	}
	return p.rows[p.cursor], true
}

// Do carries out an action. What reaches beyond the pane comes back as an intent.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	switch id {
	case up, fup:
		p.move(-1)
	case down, fdown:
		p.move(1)
	case pageUp:
		p.move(-max(p.scroll.H-1, 1))
	case pageDown:
		p.move(max(p.scroll.H-1, 1))
	case first:
		p.cursor = 0
	case last:
		p.cursor = max(len(p.rows)-1, 0)
	case fold:
		p.foldHere()
	case unfold:
		if r, ok := p.at(); ok && r.session == nil {
			delete(p.folded, r.id)
			p.refresh()
		}
	case open:
		return p.open()
	case filter:
		p.typing = true
	case keep:
		p.typing = false
		p.toSession()
	case clear:
		p.typing = false
		p.filter.Set("")
		p.refresh()
	}
	return nil
}

func (p *Pane) move(n int) { p.cursor = max(min(p.cursor+n, len(p.rows)-1), 0) }

// toSession moves the cursor from a phase or week down to the first session below it.
func (p *Pane) toSession() {
	for i := p.cursor; i < len(p.rows); i++ {
		if p.rows[i].session != nil {
			p.cursor = i
			return
		}
	}
}

func (p *Pane) foldHere() {
	for i := p.cursor; i >= 0 && i < len(p.rows); i-- {
		r := p.rows[i]
		if r.session == nil && !p.folded[r.id] && (r.week != nil || i == p.cursor) {
			p.folded[r.id] = true
			p.cursor = i
			p.refresh()
			return
		}
	}
}

func (p *Pane) open() keys.Intent {
	r, ok := p.at()
	switch {
	case !ok:
		return nil
	case r.session == nil:
		if p.folded[r.id] {
			delete(p.folded, r.id)
		} else {
			p.folded[r.id] = true
		}
		p.refresh()
		return nil
	case !r.session.Written:
		return nil
	}
	return keys.OpenSession{ID: r.session.ID}
}

// Type takes a key or text that no action has, while a filter is typed.
func (p *Pane) Type(key, text string) {
	if !p.typing {
		return
	}
	if text != "" {
		p.filter.Type(text)
	} else if !p.filter.Key(key) {
		return
	}
	p.refresh()
	p.cursor = 0
	p.toSession()
	p.version++
}

// Wheel scrolls by a number of lines.
func (p *Pane) Wheel(n int) {
	p.move(n)
	p.version++
}

// Click puts the cursor on the line y of the pane; a click on the line that has it opens it.
func (p *Pane) Click(_, y int) keys.Intent {
	i := p.scroll.Top + y - p.head()
	if y < p.head() || i < 0 || i >= len(p.rows) {
		return nil
	}
	p.version++
	again := i == p.cursor
	p.cursor = i
	if again || p.rows[i].session == nil {
		return p.open()
	}
	return nil
}

// Copy gives the sessions as lines of text.
func (p *Pane) Copy() (what, text string) {
	var b strings.Builder
	for _, r := range p.rows {
		if r.session != nil {
			fmt.Fprintf(&b, "%s %s\n", r.session.ID, r.session.Title)
		}
	}
	return "the list of sessions", b.String()
}

// memory is what is kept of the pane between two runs.
type memory struct {
	Row    string   `json:"row,omitempty"`
	Filter string   `json:"filter,omitempty"`
	Folded []string `json:"folded,omitempty"`
}

// Keep gives what is needed to come back to the same place.
func (p *Pane) Keep() json.RawMessage {
	m := memory{Filter: p.filter.Value()}
	if r, ok := p.at(); ok {
		m.Row = r.id
	}
	for _, ph := range p.data.Phases {
		if p.folded[phaseID(ph)] {
			m.Folded = append(m.Folded, phaseID(ph))
		}
		for _, w := range ph.Weeks {
			if p.folded[weekID(w)] {
				m.Folded = append(m.Folded, weekID(w))
			}
		}
	}
	out, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to a kept place; what no longer exists is left out.
func (p *Pane) Recall(raw json.RawMessage) {
	var m memory
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	p.folded = map[string]bool{}
	for _, id := range m.Folded {
		p.folded[id] = true
	}
	p.filter.Set(m.Filter)
	p.recalled, p.wanted = true, m.Row
	p.version++
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
