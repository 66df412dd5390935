package data

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// The places of this pane: the tables, and the line in which a part of a name is typed, which is modal.
const (
	Place  keys.Place = "data"
	Typing keys.Place = "data filter"
)

// The pane's actions.
const (
	open     keys.ID = "data.open"
	closeIt  keys.ID = "data.close"
	query    keys.ID = "data.sql"
	again    keys.ID = "data.again"
	copyRow  keys.ID = "data.copy-row"
	find     keys.ID = "data.filter"
	left     keys.ID = "data.left"
	right    keys.ID = "data.right"
	up       keys.ID = "data.up"
	down     keys.ID = "data.down"
	pageUp   keys.ID = "data.page-up"
	pageDown keys.ID = "data.page-down"
	top      keys.ID = "data.top"
	bottom   keys.ID = "data.bottom"
	findKeep keys.ID = "data-filter.keep"
	findDrop keys.ID = "data-filter.drop"
)

// Modal lists the pane's places in which keys that work everywhere do not.
func Modal() []keys.Place { return []keys.Place{Typing} }

// Actions is the pane's key table.
func Actions() []keys.Action {
	const (
		list  = "pipewright query 'select * from information_schema.tables'"
		table = "pipewright query 'select * from TABLE limit 20'"
	)
	move := func(id keys.ID, title, help string, ks ...string) keys.Action {
		return keys.Action{ID: id, Place: Place, Keys: ks, Title: title, Help: help, Command: list, Quiet: true}
	}
	return []keys.Action{
		{ID: open, Place: Place, Keys: []string{"enter"}, Title: "look into", Help: "Show the table's columns and its first rows.", Command: table, Foot: 1},
		{ID: closeIt, Place: Place, Keys: []string{"backspace"}, Title: "tables", Help: "Go back from one table to all of them.", Command: list, Foot: 1},
		{ID: query, Place: Place, Keys: []string{"o"}, Title: "open in SQL", Help: "Run a select of the table in the SQL pane.", Command: table, Foot: 2},
		{ID: find, Place: Place, Keys: []string{"/"}, Title: "filter", Help: "Show the tables whose name has what you type in it.", Command: list, Foot: 3},
		{ID: again, Place: Place, Keys: []string{"R"}, Title: "look again", Help: "Look at the tables of both backends again.", Command: list, Foot: 6},
		{ID: copyRow, Place: Place, Keys: []string{"Y"}, Title: "copy a row", Help: "Copy the row under the cursor, with tabs between its cells; y copies a select.", Command: table},
		move(left, "columns left", "Show the columns to the left.", "left"),
		move(right, "columns right", "Show the columns to the right.", "right"),
		move(up, "up", "Move to the line above.", "up", "k"),
		move(down, "down", "Move to the line below.", "down", "j"),
		move(pageUp, "page up", "Move up by a page.", "pgup", "ctrl+b", "b"),
		move(pageDown, "page down", "Move down by a page.", "space", "pgdown", "ctrl+f"),
		move(top, "top", "Move to the first line.", "home"),
		move(bottom, "bottom", "Move to the last line.", "end"),
		{ID: findKeep, Place: Typing, Keys: []string{"enter", "down"}, Title: "keep it", Help: "Go back to the tables that are left.", Command: list, Foot: 1},
		{ID: findDrop, Place: Typing, Keys: []string{"esc", "ctrl+c"}, Title: "show all", Help: "Show all tables again.", Command: list, Foot: 2},
	}
}

// sampled is how many rows a sample has.
const sampled = 20

// Sampled is how many rows are read of a table that is looked into.
func Sampled() int { return sampled }

func itoa(n int) string { return strconv.Itoa(n) }

// ident names a table among all.
type ident struct {
	Backend      engine.Backend
	Schema, Name string
}

func (t *Table) ident() ident { return ident{t.Backend, t.Schema, t.Name} }

// Pane shows the tables of the backends, and one of them.
type Pane struct {
	place   keys.Place
	order   []engine.Backend
	known   map[engine.Backend]*Tables
	looking map[engine.Backend]bool
	shown   []*Table
	list    widget.Table
	filter  widget.Input
	at      ident // under the cursor

	inside  bool // one table is looked into
	sample  *Sample
	waiting bool
	rows    widget.Table
	first   int // column of the sample that is drawn first

	listTop, rowsTop int // screen lines of the first rows, for clicks
	split            int // cell at which the list ends, where something stands beside it
	version          int
	cache            widget.Cache
}

// New makes the pane.
func New() *Pane {
	return &Pane{place: Place, order: []engine.Backend{engine.Postgres, engine.DuckDB},
		known: map[engine.Backend]*Tables{}, looking: map[engine.Backend]bool{}}
}

// Take takes Tables, Looking and Samples.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case Looking:
		p.looking[f.Backend] = true
	case Tables:
		p.looking[f.Backend] = false
		if old := p.known[f.Backend]; f.Err != nil && old != nil {
			f.Tables = old.Tables // what was seen before is still worth reading
		}
		p.known[f.Backend] = &f
		p.arrange()
	case Sample:
		if (ident{f.Backend, f.Schema, f.Name}) != p.at || !p.inside {
			return
		}
		p.take(f)
	default:
		return
	}
	p.version++
}

func (p *Pane) take(s Sample) {
	p.waiting, p.sample = false, &s
	p.first = 0
	p.rows = widget.Table{}
	for _, c := range s.Columns {
		p.rows.Columns = append(p.rows.Columns, widget.TableColumn{Title: widget.Inert(c.Name), Min: 3, Max: 60, Right: c.Kind == engine.NumberValue})
	}
}

// arrange lists the tables that the filter leaves; the cursor stays on its table.
func (p *Pane) arrange() {
	p.shown = p.shown[:0]
	want := strings.ToLower(strings.TrimSpace(p.filter.Value()))
	cursor := -1
	for _, b := range p.order {
		k := p.known[b]
		if k == nil {
			continue
		}
		for i := range k.Tables {
			t := &k.Tables[i]
			if want != "" && !strings.Contains(strings.ToLower(t.Title()), want) {
				continue
			}
			if t.ident() == p.at {
				cursor = len(p.shown)
			}
			p.shown = append(p.shown, t)
		}
	}
	if cursor < 0 {
		if p.inside && p.at != (ident{}) { // it is no longer there
			p.inside = false
		}
		cursor = min(p.list.Cursor, len(p.shown)-1)
	}
	p.cursor(cursor)
}

func (p *Pane) cursor(i int) {
	p.list.Cursor = max(min(i, len(p.shown)-1), 0)
	if t := p.table(); t != nil {
		p.at = t.ident()
	}
}

// table is the one under the cursor, or nil.
func (p *Pane) table() *Table {
	if i := p.list.Cursor; i >= 0 && i < len(p.shown) {
		return p.shown[i]
	}
	return nil
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return p.place }

// Title is what the pane's tab says.
func (p *Pane) Title() string { return "Data" }

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case open:
		return !p.inside && p.table() != nil
	case closeIt:
		return p.inside
	case again, findKeep, findDrop:
		return true
	case find:
		return !p.inside && (len(p.shown) > 0 || p.filter.Value() != "")
	case copyRow:
		_, ok := p.row()
		return ok
	case left:
		return p.inside && p.first > 0
	case right:
		return p.inside && p.sample != nil && p.first < len(p.sample.Columns)-1
	}
	return p.table() != nil
}

// Back leaves the table that is looked into, or the filter, and says whether there was one to leave.
func (p *Pane) Back() bool {
	p.version++
	switch {
	case p.inside:
		p.inside = false
	case p.filter.Value() != "":
		p.filter.Set("")
		p.arrange()
	default:
		return false
	}
	return true
}

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	page := max(p.list.Scroll.H-1, 1)
	if p.inside {
		page = max(p.rows.Scroll.H-1, 1)
	}
	switch id {
	case open:
		return p.open()
	case closeIt:
		p.inside = false
	case query:
		if t := p.table(); t != nil {
			return keys.RunSQL{SQL: t.Select(1000), Backend: string(t.Backend)}
		}
	case again:
		return keys.Refresh{Place: Place}
	case copyRow:
		if r, ok := p.row(); ok {
			return keys.Copy{What: "the row", Text: strings.Join(r, "\t")}
		}
	case find:
		p.place = Typing
	case findKeep:
		p.place = Place
	case findDrop:
		p.place = Place
		p.filter.Set("")
		p.arrange()
	case left:
		p.first = max(p.first-1, 0)
	case right:
		p.first++
	case up:
		p.move(-1)
	case down:
		p.move(1)
	case pageUp:
		p.move(-page)
	case pageDown:
		p.move(page)
	case top:
		p.move(-1 << 20)
	case bottom:
		p.move(1 << 20)
	}
	return nil
}

func (p *Pane) open() keys.Intent {
	t := p.table()
	if t == nil {
		return nil
	}
	p.inside, p.waiting, p.sample, p.rows = true, true, nil, widget.Table{}
	return keys.SampleTable{Backend: string(t.Backend), Schema: t.Schema, Name: t.Name}
}

func (p *Pane) move(n int) {
	p.version++
	if !p.inside {
		p.cursor(p.list.Cursor + n)
		return
	}
	if p.sample != nil {
		p.rows.Cursor = max(min(p.rows.Cursor+n, len(p.sample.Rows)-1), 0)
	}
}

// row is the one of the sample under the cursor.
func (p *Pane) row() ([]string, bool) {
	if !p.inside || p.sample == nil || p.rows.Cursor >= len(p.sample.Rows) {
		return nil, false
	}
	var out []string
	for _, c := range p.sample.Rows[p.rows.Cursor] {
		out = append(out, c.Text)
	}
	return out, true
}

// Type takes a key of the filter.
func (p *Pane) Type(key, text string) {
	if p.place != Typing {
		return
	}
	if text != "" {
		p.filter.Type(text)
	} else if !p.filter.Key(key) {
		return
	}
	p.version++
	p.arrange()
}

// Wheel moves the cursor.
func (p *Pane) Wheel(n int) { p.move(n) }

// Click puts the cursor on what was clicked; a click on the table under the cursor looks into it.
func (p *Pane) Click(x, y int) keys.Intent {
	p.version++
	if p.inside {
		if i := p.rows.Scroll.Top + y - p.rowsTop; y >= p.rowsTop && p.sample != nil && i < len(p.sample.Rows) {
			p.rows.Cursor = i
		}
		return nil
	}
	i := p.list.Scroll.Top + y - p.listTop
	if y < p.listTop || y >= p.listTop+p.list.Scroll.H || i >= len(p.shown) || p.split > 0 && x >= p.split {
		return nil
	}
	if i == p.list.Cursor {
		return p.open()
	}
	p.cursor(i)
	return nil
}

// Copy gives a select of the table under the cursor.
func (p *Pane) Copy() (what, text string) {
	t := p.table()
	if t == nil {
		return "", ""
	}
	return fmt.Sprintf("a select of %s", widget.Inert(t.Title())), t.Select(100) + ";"
}

// Keep gives the table under the cursor.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(p.at)
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to it.
func (p *Pane) Recall(raw json.RawMessage) {
	var at ident
	if json.Unmarshal(raw, &at) == nil {
		p.at = at
	}
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
