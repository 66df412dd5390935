package result

import (
	"encoding/json"
	"fmt"
	"strings"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "result"

// The pane's actions.
const (
	up       keys.ID = "result.up"
	down     keys.ID = "result.down"
	pageUp   keys.ID = "result.page-up"
	pageDown keys.ID = "result.page-down"
	top      keys.ID = "result.top"
	bottom   keys.ID = "result.bottom"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const run = "pipewright run {session} {lab}"
	return []keys.Action{
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Move the cursor to the row above.", Command: run, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Move the cursor to the row below.", Command: run, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Move the cursor up by a page.", Command: run, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Move the cursor down by a page.", Command: run, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "top", Help: "Move the cursor to the first row.", Command: run, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "bottom", Help: "Move the cursor to the last row that is kept.", Command: run, Quiet: true},
	}
}

// kept is how many rows of a result the pane holds. The rest is counted, not kept.
const kept = 1000

// answer is the result of one statement.
type answer struct {
	sql     string
	columns []engine.Column
	rows    [][]engine.Cell
	end     *engine.ResultEnd
}

// Pane shows the latest query's last result.
type Pane struct {
	job     engine.JobID
	request engine.RunQuery
	running bool
	answers int // statements that have begun to answer
	last    answer
	end     *engine.Ended
	table   widget.Table
	version int
	cache   widget.Cache
}

// New makes the pane.
func New() *Pane { return &Pane{} }

// Take takes the reports of queries.
func (p *Pane) Take(fact any) {
	f, ok := fact.(engine.Report)
	if !ok {
		return
	}
	r, ok := f.Request.(engine.RunQuery)
	if !ok {
		return
	}
	if _, begin := f.Event.(engine.Started); begin && f.Job >= p.job {
		p.job, p.request, p.running, p.answers, p.last, p.end = f.Job, r, true, 0, answer{}, nil
		p.table = widget.Table{}
	}
	if f.Job != p.job {
		return
	}
	switch e := f.Event.(type) {
	case engine.ResultStart:
		p.answers++
		p.last = answer{sql: e.SQL, columns: e.Columns}
		p.table = widget.Table{}
		for _, c := range e.Columns {
			p.table.Columns = append(p.table.Columns, widget.TableColumn{Title: widget.Inert(c.Name), Min: 3, Max: 60, Right: c.Kind == engine.NumberValue})
		}
	case engine.ResultRows:
		room := max(kept-len(p.last.rows), 0)
		p.last.rows = append(p.last.rows, e.Rows[:min(len(e.Rows), room)]...)
	case engine.ResultEnd:
		p.last.end = &e
	case engine.Ended:
		p.running, p.end = false, &e
	}
	p.version++
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	switch {
	case p.running:
		return "Result …"
	case p.end != nil && p.end.State == engine.JobFailed:
		return "Result ✗"
	}
	return "Result"
}

// Can says whether an action would do something now.
func (p *Pane) Can(keys.ID) bool { return len(p.last.rows) > 0 }

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
		p.move(-kept)
	case bottom:
		p.move(kept)
	}
	return nil
}

func (p *Pane) move(n int) {
	p.table.Cursor = max(min(p.table.Cursor+n, len(p.last.rows)-1), 0)
	p.version++
}

// Type takes a key that no action has; the pane takes no text.
func (p *Pane) Type(string, string) {}

// Wheel moves the cursor by a number of rows.
func (p *Pane) Wheel(n int) { p.move(n) }

// Click does nothing beyond what a focus does.
func (p *Pane) Click(int, int) keys.Intent { return nil }

// Copy gives the row under the cursor with tabs between its cells, or else the statement.
func (p *Pane) Copy() (what, text string) {
	if p.table.Cursor < len(p.last.rows) {
		var cells []string
		for _, c := range p.last.rows[p.table.Cursor] {
			cells = append(cells, c.Text)
		}
		return "the row", strings.Join(cells, "\t")
	}
	return "the statement", p.last.sql
}

// Keep gives nothing: a result is not kept from one run to the next.
func (p *Pane) Keep() json.RawMessage { return nil }

// Recall has nothing to come back to.
func (p *Pane) Recall(json.RawMessage) {}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}

// rows is the table's view on the kept rows.
type rows [][]engine.Cell

func (r rows) Len() int { return len(r) }
func (r rows) Row(i int) []string {
	out := make([]string, len(r[i]))
	for c, cell := range r[i] {
		out[c] = cell.Text
		if cell.Null {
			out[c] = "∅"
		}
	}
	return out
}

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	if p.job == 0 {
		return []string{
			widget.Heading(t, focused, "RESULT", "", "", w), "",
			"  " + t.Muted.On("No query has run. The lab of a session that asks the database answers here."),
		}
	}
	sql := p.last.sql
	if sql == "" {
		sql = p.request.SQL
	}
	lines := []string{widget.Heading(t, focused, "RESULT", t.Muted.On("on "+string(p.request.Backend)), p.outcome(t), w)}
	room := max(min(h/4, 6), 1)
	for i, l := range widget.InertLines(sql) {
		if i == room {
			lines = append(lines, "   "+t.Muted.On("…"))
			break
		}
		lines = append(lines, "   "+t.Code.On(widget.Cut(l, w-4)))
	}
	lines = append(lines, "")
	if p.end != nil && p.end.Err != nil {
		for _, s := range []string{p.end.Err.What, p.end.Err.Next} {
			for _, l := range widget.Wrap(widget.Inert(s), min(w-6, 100)) {
				lines = append(lines, "   "+t.Bad.On(l))
			}
		}
		return lines
	}
	if len(p.table.Columns) > 0 {
		lines = append(lines, p.table.Draw(t, rows(p.last.rows), w, h-len(lines))...)
	}
	return lines
}

// outcome says how the query stands.
func (p *Pane) outcome(t *theme.Theme) string {
	switch {
	case p.running:
		return t.Warn.On("● running")
	case p.end.State == engine.JobCancelled:
		return t.Warn.On("■ cancelled after " + widget.Span(p.end.Elapsed))
	case p.end.State == engine.JobFailed:
		return t.Bad.On("✗ failed after " + widget.Span(p.end.Elapsed))
	}
	s := "✓ done in " + widget.Span(p.end.Elapsed)
	if e := p.last.end; e != nil {
		s = "✓ " + widget.Plural(e.RowCount, "row", "rows") + " in " + widget.Span(e.Elapsed)
		if e.Truncated || e.RowCount > int64(len(p.last.rows)) && len(p.last.columns) > 0 {
			s += fmt.Sprintf(", the first %s kept", widget.Count(int64(len(p.last.rows))))
		}
		if e.Exported != "" {
			s += " → " + widget.Inert(e.Exported)
		}
	}
	return t.Good.On(s)
}
