package load

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "load"

// The pane's actions.
const (
	up       keys.ID = "load.up"
	down     keys.ID = "load.down"
	pageUp   keys.ID = "load.page-up"
	pageDown keys.ID = "load.page-down"
	top      keys.ID = "load.top"
	bottom   keys.ID = "load.bottom"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const run = "pipewright run {session} {lab}"
	return []keys.Action{
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Move the cursor to the rejected row above.", Command: run, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Move the cursor to the rejected row below.", Command: run, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Move the cursor up by a page.", Command: run, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Move the cursor down by a page.", Command: run, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "top", Help: "Move the cursor to the first rejected row.", Command: run, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "bottom", Help: "Move the cursor to the last rejected row shown.", Command: run, Quiet: true},
	}
}

// Offer is what can be run in the open session: the words that an empty pane shows.
type Offer struct {
	Session string
	Lab     string // id of the lab that is due; empty: none
	Title   string
}

// Last is the result of an earlier run of the session's lab, shown until a new one begins.
type Last struct {
	Session string
	Loaded  engine.Loaded
}

// state is where the pane is.
type state int

const (
	empty state = iota
	running
	ended
)

// Pane shows one load, the latest.
type Pane struct {
	offer    Offer
	state    state
	job      engine.JobID
	request  engine.LoadCSV
	started  time.Time
	progress engine.Progress
	notes    []string
	loaded   *engine.Loaded
	earlier  bool // loaded is of an earlier day's run
	end      engine.Ended
	pulses   int
	table    widget.Table
	version  int
	cache    widget.Cache
}

// New makes the pane.
func New() *Pane {
	return &Pane{table: widget.Table{Columns: []widget.TableColumn{
		{Title: "row", Min: 4, Right: true},
		{Title: "column", Min: 6, Max: 20},
		{Title: "value", Min: 6, Max: 40},
		{Title: "reason", Min: 12},
	}}}
}

// Take takes an Offer, a Last and the reports of loads.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case Offer:
		if f.Session != p.offer.Session && p.state == ended {
			p.state, p.loaded, p.notes = empty, nil, nil
		}
		p.offer = f
	case Last:
		if p.state == empty && f.Session == p.offer.Session {
			p.state, p.loaded, p.earlier = ended, &f.Loaded, true
			p.request = engine.LoadCSV{Path: f.Loaded.Source, Table: f.Loaded.Table, Backend: f.Loaded.Backend}
			p.end = engine.Ended{State: engine.JobDone, Elapsed: f.Loaded.Elapsed, At: f.Loaded.At}
			p.table.Cursor = 0
		}
	case engine.Report:
		r, ok := f.Request.(engine.LoadCSV)
		if !ok {
			return
		}
		p.event(f.Job, r, f.Event)
	default:
		return
	}
	p.version++
}

func (p *Pane) event(job engine.JobID, r engine.LoadCSV, ev engine.Event) {
	if e, ok := ev.(engine.Started); ok && job >= p.job {
		p.state, p.job, p.request, p.started = running, job, r, e.At
		p.progress, p.notes, p.loaded, p.earlier, p.pulses = engine.Progress{}, nil, nil, false, 0
		p.table.Cursor, p.table.Scroll = 0, widget.Scroll{}
		return
	}
	if job != p.job {
		return
	}
	switch e := ev.(type) {
	case engine.Progress:
		p.progress = e
		p.pulses++
	case engine.Note:
		p.notes = append(p.notes, e.Text)
		p.notes = p.notes[max(len(p.notes)-20, 0):]
	case engine.Loaded:
		p.loaded = &e
	case engine.Ended:
		p.state, p.end = ended, e
	}
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	switch {
	case p.state == running && p.progress.Total > 0:
		return fmt.Sprintf("Load %d %%", percent(p.progress))
	case p.state == running:
		return "Load …"
	case p.state == ended && p.end.State == engine.JobFailed:
		return "Load ✗"
	case p.state == ended && p.end.State == engine.JobDone:
		return "Load ✓"
	}
	return "Load"
}

func percent(g engine.Progress) int64 {
	if g.Total <= 0 {
		return 0
	}
	return min(g.Done*100/g.Total, 100)
}

// Can says whether an action would do something now.
func (p *Pane) Can(keys.ID) bool { return p.loaded != nil && len(p.loaded.Sample) > 0 }

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	page := max(p.table.Scroll.H-1, 1)
	switch id {
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

func (p *Pane) move(n int) {
	if p.loaded == nil {
		return
	}
	p.table.Cursor = max(min(p.table.Cursor+n, len(p.loaded.Sample)-1), 0)
	p.version++
}

// Type takes a key that no action has; the pane takes no text.
func (p *Pane) Type(string, string) {}

// Wheel moves the cursor by a number of rows.
func (p *Pane) Wheel(n int) { p.move(n) }

// Click does nothing yet beyond what a focus does.
func (p *Pane) Click(int, int) keys.Intent { return nil }

// Copy gives the record under the cursor as it stood in the file, or else the path of the quarantine.
func (p *Pane) Copy() (what, text string) {
	if p.loaded == nil {
		return "", ""
	}
	if i := p.table.Cursor; i < len(p.loaded.Sample) {
		r := p.loaded.Sample[i]
		return fmt.Sprintf("row %d as it stood in the file", r.Row), r.Record
	}
	return "the quarantine's path", p.loaded.Quarantine
}

// Keep gives what is needed to come back to the same place.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(p.table.Cursor)
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to a kept place.
func (p *Pane) Recall(raw json.RawMessage) {
	var n int
	if json.Unmarshal(raw, &n) == nil && n > 0 {
		p.table.Cursor = n
	}
}

// samples is the table's view on the first rejected rows.
type samples []engine.Reject

func (s samples) Len() int { return len(s) }
func (s samples) Row(i int) []string {
	r := s[i]
	value := r.Value
	if value == "" {
		value = "(empty)"
	}
	return []string{strconv.FormatInt(r.Row, 10), r.Column, value, r.Reason}
}

// reason is one line of the reasons table.
type reason struct {
	text string
	rows int64
}

// reasons lists the reasons, the commonest first.
func reasons(m map[string]int64) []reason {
	out := make([]reason, 0, len(m))
	for k, v := range m {
		out = append(out, reason{k, v})
	}
	slices.SortFunc(out, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.rows, a.rows), strings.Compare(a.text, b.text))
	})
	return out
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
