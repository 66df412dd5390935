package sql

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Report is an event of a job that this pane has asked for. It is a type of its own, so that the queries
// of a session's labs stay out.
type Report engine.Report

// Refused says that a run came to no job.
type Refused struct{ Err error }

// There says that an export has not begun, because its file is there already.
type There struct{ Path string }

// Backends are the states of the backends, as they are now.
type Backends []engine.BackendStatus

// Tick is the time, told now and then while a query runs.
type Tick time.Time

// state is where the pane is with what it ran last.
type state int

const (
	idle state = iota
	running
	done
	failed
	cancelled
)

// ran is what runs, or ran last.
type ran struct {
	sql     string
	backend engine.Backend
	from    int  // byte offset in the editor's text, where it was taken from there
	version int  // of that text
	view    view // that its rows are to be; base is empty for a text of the person's own
	export  string
	replace bool
}

// outcome is what became of one statement.
type outcome struct {
	sql     string
	columns []engine.Column
	tag     string
	rows    int64
	elapsed time.Duration
	ended   bool
}

// shownOutcomes bounds the outcomes that are kept.
const shownOutcomes = 100

// Pane is the SQL pane.
type Pane struct {
	place   keys.Place
	ed      *editor
	hist    history
	pop     popup
	names   map[engine.Backend]*known
	backend engine.Backend
	status  map[engine.Backend]engine.BackendStatus

	state    state
	job      engine.JobID
	asked    bool // a run has been asked for and has no job yet
	ran      ran
	began    time.Time
	now      time.Time
	elapsed  time.Duration // of the last run
	outcomes []outcome
	left     int // outcomes that are no longer kept
	note     string
	err      *engine.Error
	fault    fault
	wrote    string // what the last export wrote
	progress engine.Progress

	grid  grid
	view  view // of the rows that are shown
	from  engine.Backend
	ask   line
	value value
	hint  string // one sentence, until the next key

	version int
	cache   widget.Cache
	shape   shape
}

// New makes the pane.
func New() *Pane {
	return &Pane{place: Place, ed: newEditor(), names: map[engine.Backend]*known{}, backend: engine.Postgres,
		status: map[engine.Backend]engine.BackendStatus{}}
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return p.place }

// Backend is the one that the pane asks.
func (p *Pane) Backend() engine.Backend { return p.backend }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	switch p.state {
	case running:
		return "SQL …"
	case failed:
		return "SQL ✗"
	}
	return "SQL"
}

// Take takes Reports, Rows, Names, Backends, Refused and Ticks.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case Report:
		p.report(f)
	case Rows:
		p.grid.take(f)
		if p.place == Value && p.value.missing {
			p.value = newValue(&p.grid)
		}
	case Names:
		k := &known{}
		k.take(f)
		p.names[f.Backend] = k
	case Backends:
		for _, b := range f {
			p.status[b.Name] = b
		}
	case Refused:
		if p.asked {
			p.asked, p.state = false, failed
			p.err = told(f.Err)
			p.elapsed = 0
		}
	case There:
		if p.asked {
			p.asked, p.state, p.place = false, idle, Asking
			p.ask = line{open: true, export: true, replace: f.Path}
			p.ask.input.Set(f.Path)
			p.ask.wrong = "it is there already; enter replaces it, another name leaves it"
		}
	case Tick:
		p.now = time.Time(f)
		if p.state != running {
			return
		}
	default:
		return
	}
	p.version++
}

func told(err error) *engine.Error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{Kind: engine.Failed, What: err.Error(), Err: err}
}

// report takes an event of a run.
func (p *Pane) report(r Report) {
	if e, ok := r.Event.(engine.Started); ok && p.asked {
		p.asked, p.job, p.began, p.now = false, r.Job, e.At, e.At
		return
	}
	if r.Job != p.job || p.state != running {
		return
	}
	switch e := r.Event.(type) {
	case engine.Note:
		p.note = e.Text
	case engine.Progress:
		p.progress = e
	case engine.ResultStart:
		p.outcome(outcome{sql: e.SQL, columns: e.Columns})
		if p.ran.export == "" && len(e.Columns) > 0 {
			p.show(e.Columns, true)
		}
	case engine.ResultRows:
		if p.ran.export == "" {
			p.still(e)
		}
	case engine.ResultEnd:
		if n := len(p.outcomes); n > 0 {
			o := &p.outcomes[n-1]
			o.tag, o.rows, o.elapsed, o.ended = e.Tag, e.RowCount, e.Elapsed, true
			if o.columns != nil && p.grid.open && p.grid.static {
				p.grid.total = int64(staticCount(&p.grid))
			}
		}
		if e.Exported != "" {
			p.wrote = widget.Plural(e.RowCount, "row", "rows") + " → " + e.Exported
		}
	case engine.ResultOpen:
		p.outcome(outcome{sql: e.SQL, columns: e.Result.Columns(), tag: "open", elapsed: e.Elapsed, ended: true})
		p.show(e.Result.Columns(), false)
		p.view = p.ran.view
		if p.view.base == "" {
			p.view.base = e.SQL
		}
	case engine.Ended:
		p.end(e)
	}
}

func (p *Pane) outcome(o outcome) {
	p.outcomes = append(p.outcomes, o)
	if len(p.outcomes) > shownOutcomes {
		p.outcomes = append(p.outcomes[:0], p.outcomes[1:]...)
		p.left++
	}
}

// show opens the grid on a result. Where the same statement is looked at in another way, the cursor stays
// in its column.
func (p *Pane) show(columns []engine.Column, static bool) {
	if p.place == Value || p.place == Asking {
		p.place, p.ask = Place, line{}
	}
	col, left, wanted := p.grid.col, p.grid.left, p.grid.wanted
	p.grid.begin(columns, static)
	p.from = p.ran.backend
	p.view = view{}
	if p.ran.view.base != "" && len(wanted) == len(columns) {
		p.grid.col, p.grid.left, p.grid.wanted = col, left, wanted
	}
}

// still keeps the first rows of a result that cannot be scrolled.
func (p *Pane) still(e engine.ResultRows) {
	room := staticRows - staticCount(&p.grid)
	if !p.grid.open || !p.grid.static || room <= 0 {
		return
	}
	rows := e.Rows[:min(len(e.Rows), room)]
	w := engine.RowWindow{Columns: p.grid.columns, Rows: rows, Total: -1}
	if len(p.grid.wins) > 0 {
		w.Rows = append(p.grid.wins[0].Rows, rows...)
		p.grid.wins = p.grid.wins[:0]
	}
	p.grid.keep(w)
	p.grid.seen = int64(len(w.Rows))
}

func staticCount(g *grid) int {
	if len(g.wins) == 0 {
		return 0
	}
	return len(g.wins[0].Rows)
}

func (p *Pane) end(e engine.Ended) {
	p.elapsed = e.Elapsed
	p.progress = engine.Progress{}
	switch e.State {
	case engine.JobDone:
		p.state = done
		if n := len(p.outcomes); p.ran.export == "" && (n == 0 || len(p.outcomes[n-1].columns) == 0) {
			p.grid.open, p.view = false, view{} // the last statement gave no rows
			if p.place == Value || p.place == Asking {
				p.place, p.ask = Place, line{}
			}
		}
	case engine.JobCancelled:
		p.state = cancelled
	default:
		p.state, p.err = failed, e.Err
		p.blame()
	}
}

// blame finds the place of an error in the editor: the cursor goes there, unless the text is another by
// now.
func (p *Pane) blame() {
	e := p.err
	if e == nil || e.Position <= 0 || p.ran.from < 0 || p.ed.version != p.ran.version {
		return
	}
	start := 0
	if e.SQL != "" && e.SQL != p.ran.sql {
		if start = nth(p.ran.sql, e.SQL, p.left+len(p.outcomes)); start < 0 {
			return
		}
	}
	text, n := p.ran.sql[start:], 0
	for i := range text {
		if n++; n == e.Position {
			text = text[:i]
			break
		}
	}
	p.fault = fault{p.ed.place(p.ran.from + start + len(text)), true}
	p.ed.goTo(p.fault.at)
}

// nth is the byte offset of a statement in a text of several: the one that ran when so many were done, or
// else the first that reads so.
func nth(text, sql string, ran int) int {
	all := split(text)
	for _, i := range []int{ran, ran - 1} {
		if i >= 0 && i < len(all) && strings.HasSuffix(sql, all[i].text) {
			return all[i].from - (len(sql) - len(all[i].text))
		}
	}
	return strings.Index(text, sql)
}

// Want is what the pane wants now beyond what it was asked for: the rows that are looked at. The shell asks
// after each change.
func (p *Pane) Want() keys.Intent {
	if f, ok := p.grid.fetch(); ok {
		return f
	}
	return nil
}

// Wheel scrolls the rows, the value, or the text that is being written.
func (p *Pane) Wheel(n int) {
	p.version++
	switch {
	case p.place == Value:
		p.value.scroll.By(n)
	case p.place == Editing && !p.grid.open:
		p.ed.down(n)
	default:
		p.grid.move(int64(n))
	}
}

// Click puts the cursor where it was clicked: in the text, or on a row and column.
func (p *Pane) Click(x, y int) keys.Intent {
	p.version++
	p.hint = ""
	if p.place == Value || p.place == Asking {
		return nil
	}
	s := p.shape
	switch {
	case y >= s.editTop && y < s.editTop+s.editH:
		p.place, p.pop = Editing, popup{}
		row := min(p.ed.top+y-s.editTop, len(p.ed.lines)-1)
		p.ed.goTo(pos{row, byteAt(p.ed.lines[row], max(x-s.gutter, 0))})
	case s.gridH > 0 && y >= s.gridTop:
		p.place = Place
		if row := p.grid.top + int64(y-s.gridTop-1); row >= 0 && y > s.gridTop && row < p.grid.count() {
			p.grid.row = row
		}
		at := s.first
		for c := p.grid.left; c < len(p.grid.columns); c++ {
			if n := p.grid.width(c) + gap; x < at+n {
				if x >= s.first {
					p.grid.col = c
				}
				break
			} else {
				at += n
			}
		}
	}
	return nil
}

// Copy gives the value under the cursor, or the statement.
func (p *Pane) Copy() (what, text string) {
	if p.place != Editing && p.grid.open {
		if v, ok := p.grid.value(); ok {
			return "the value of " + widget.Inert(p.grid.columns[p.grid.col].Name), v.Text
		}
	}
	sql, _, ok := p.current()
	if !ok {
		return "", ""
	}
	return "the statement", sql
}

// current is the statement that the cursor is in, and its byte offset in the text.
func (p *Pane) current() (sql string, from int, ok bool) {
	s, ok := p.ed.statement(len(p.ed.lines) - 1)
	if !ok {
		return "", 0, false
	}
	return p.ed.between(s.from, s.to), p.ed.offset(s.from), true
}

// memory is what is kept of the pane between two runs.
type memory struct {
	Text    string         `json:"text,omitempty"`
	Row     int            `json:"row,omitempty"`
	Col     int            `json:"col,omitempty"`
	Backend engine.Backend `json:"backend,omitempty"`
	History []string       `json:"history,omitempty"`
}

// Keep gives the half-written SQL, the history and the backend. A text of more than maxKept bytes is not
// kept.
func (p *Pane) Keep() json.RawMessage {
	m := memory{Backend: p.backend, History: p.hist.list}
	if p.ed.bytes <= maxKept {
		m.Text, m.Row, m.Col = p.ed.text(), p.ed.at.row, p.ed.at.col
	}
	out, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to them.
func (p *Pane) Recall(raw json.RawMessage) {
	var m memory
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	if m.Backend == engine.Postgres || m.Backend == engine.DuckDB {
		p.backend = m.Backend
	}
	p.hist = history{list: m.History, at: len(m.History)}
	p.ed = newEditor()
	if len(m.Text) <= maxKept && p.ed.insert(m.Text) {
		p.ed.undo, p.ed.held = nil, 0
		row := max(min(m.Row, len(p.ed.lines)-1), 0)
		line := p.ed.lines[row]
		p.ed.goTo(pos{row, previous(line, next(line, max(min(m.Col, len(line)), 0)))})
		if m.Col >= len(line) {
			p.ed.goTo(pos{row, len(line)})
		}
	}
	p.version++
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
