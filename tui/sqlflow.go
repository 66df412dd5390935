package tui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/views/sql"
)

// This file is the shell's side of the SQL pane: it runs what the pane asks for, holds the open result,
// and answers with its rows and with the names of tables.

// sqlErrand marks the jobs of the SQL pane; no lab has this name.
const sqlErrand = ":sql"

// sqlDesk is what the shell holds for the SQL pane.
type sqlDesk struct {
	dir     string                  // that paths are taken from
	result  engine.Result           // open, or nil
	cancel  context.CancelFunc      // ends the fetch that is under way
	named   map[engine.Backend]bool // whose tables are known, or being looked up
	running engine.JobID            // 0: none
	opened  bool                    // the running job has given a result
	changed bool                    // or has changed the schema
}

type (
	sqlBegunMsg struct {
		request engine.RunQuery
		job     engine.Job
		err     error
	}
	sqlRowsMsg  sql.Rows
	sqlNamesMsg struct {
		names sql.Names
		err   error
	}
	sqlThereMsg sql.There
	sqlTickMsg  time.Time
)

func (m *model) beginSQL(ws engine.Workspace) {
	m.sql = sqlDesk{dir: ws.Dir, named: map[engine.Backend]bool{}}
	m.toSQL(sql.Backends(m.backends))
}

// toSQL hands a fact to the SQL pane alone.
func (m *model) toSQL(fact any) {
	if p := m.panes[sql.Place]; p != nil {
		p.Take(fact)
	}
}

// askSQL does what the SQL pane asks for.
func (m *model) askSQL(in keys.Intent) tea.Cmd {
	switch in := in.(type) {
	case keys.RunSQL:
		// What comes before the last statement is run for what it does: the pane shows the tags of it.
		return m.submitSQL(engine.RunQuery{SQL: in.SQL, Backend: engine.Backend(in.Backend), Limit: 1000, Scroll: true})
	case keys.ExportSQL:
		return m.exportSQL(in)
	case keys.FetchRows:
		return m.fetchRows(in)
	case keys.Refresh:
		if p, ok := m.panes[sql.Place].(*sql.Pane); ok && in.Place == sql.Place && !m.sql.named[p.Backend()] {
			return m.nameTables(p.Backend())
		}
	}
	return nil
}

func (m *model) submitSQL(r engine.RunQuery) tea.Cmd {
	ctx, to := m.ctx, m.lab
	return func() tea.Msg {
		job, err := to.Submit(ctx, r)
		return sqlBegunMsg{r, job, err}
	}
}

// exportSQL runs a statement into a file. One that is there is only replaced when that was said.
func (m *model) exportSQL(in keys.ExportSQL) tea.Cmd {
	path := in.Path
	if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(path, "~/") {
		path = filepath.Join(home, path[2:])
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.sql.dir, path)
	}
	run := m.submitSQL(engine.RunQuery{SQL: in.SQL, Backend: engine.Backend(in.Backend),
		Export: &engine.Export{Format: engine.ExportFormat(in.Format), Path: path}})
	if in.Replace {
		return run
	}
	return func() tea.Msg {
		if _, err := os.Stat(path); err == nil {
			return sqlThereMsg{Path: in.Path}
		}
		return run()
	}
}

// fetchRows reads a part of the open result. A fetch that is under way is ended: what it reads is no longer
// looked at.
func (m *model) fetchRows(in keys.FetchRows) tea.Cmd {
	if m.sql.cancel != nil {
		m.sql.cancel()
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.sql.cancel = cancel
	from := m.sql.result
	return func() tea.Msg {
		defer cancel()
		if from == nil {
			return sqlRowsMsg{Seq: in.Seq, Err: &engine.Error{Kind: engine.Failed, What: "the rows are no longer there", Next: "run the statement again"}}
		}
		w, err := from.Rows(ctx, in.First, in.Count)
		return sqlRowsMsg{Seq: in.Seq, Window: w, Err: err}
	}
}

// afterSQL is what each message means for the SQL pane, and what the pane wants after it.
func (m *model) afterSQL(msg tea.Msg) tea.Cmd {
	if m.crash != nil {
		return nil
	}
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case sqlBegunMsg:
		cmd = m.begunSQL(msg)
	case sqlRowsMsg:
		m.toSQL(sql.Rows(msg))
	case sqlNamesMsg:
		if msg.err != nil {
			m.sql.named[msg.names.Backend] = false
		} else {
			m.toSQL(msg.names)
		}
	case sqlThereMsg:
		m.toSQL(sql.There(msg))
	case sqlTickMsg:
		if m.sql.running != 0 {
			m.toSQL(sql.Tick(m.now()))
			cmd = tickSQL()
		}
	case statusMsg:
		cmd = m.statusSQL(msg)
	case doneMsg:
		cmd = m.renameAll()
	}
	p, ok := m.panes[sql.Place].(*sql.Pane)
	if !ok {
		return cmd
	}
	if in := p.Want(); in != nil {
		cmd = tea.Batch(cmd, m.askSQL(in))
	}
	return cmd
}

func (m *model) statusSQL(msg statusMsg) tea.Cmd {
	if msg.err != nil {
		return nil
	}
	m.toSQL(sql.Backends(msg.backends))
	var cmd tea.Cmd
	for _, b := range msg.backends {
		if b.State == engine.StateUp && !m.sql.named[b.Name] {
			cmd = tea.Batch(cmd, m.nameTables(b.Name))
		}
	}
	return cmd
}

// renameAll looks the tables up anew on each backend on which they are known.
func (m *model) renameAll() tea.Cmd {
	var cmd tea.Cmd
	for b, known := range m.sql.named {
		if known {
			cmd = tea.Batch(cmd, m.nameTables(b))
		}
	}
	return cmd
}

// tickSQL tells the time while a query runs.
func tickSQL() tea.Cmd {
	return tea.Tick(200*time.Millisecond, func(t time.Time) tea.Msg { return sqlTickMsg(t) })
}

// begunSQL registers a job of the SQL pane, whose events come as eventMsg like those of every job.
func (m *model) begunSQL(msg sqlBegunMsg) tea.Cmd {
	if msg.err != nil {
		m.toSQL(sql.Refused{Err: msg.err})
		return nil
	}
	e := errand{lab: sqlErrand}
	m.jobs.add(e, msg.job)
	m.sql.running, m.sql.opened, m.sql.changed = msg.job.ID(), false, false
	return tea.Batch(await(m.ctx, e, msg.job), tickSQL())
}

// eventSQL takes an event of a job of the SQL pane. The result that was open is let go of when another is
// there, or when the statement that ran gives no rows.
func (m *model) eventSQL(e *entry, msg eventMsg) tea.Cmd {
	r, ok := msg.job.Request().(engine.RunQuery)
	if !ok {
		return nil
	}
	var old engine.Result
	var names tea.Cmd
	switch ev := msg.event.(type) {
	case engine.ResultOpen:
		old, m.sql.result, m.sql.opened = m.sql.result, ev.Result, true
	case engine.ResultEnd:
		m.sql.changed = m.sql.changed || changes(ev.Tag)
	case engine.Ended:
		e.state = ev.State
		m.sql.running = 0
		if ev.State == engine.JobDone && !m.sql.opened && r.Export == nil {
			old, m.sql.result = m.sql.result, nil
		}
		if m.sql.changed || !m.sql.named[r.Backend] {
			names = m.nameTables(r.Backend)
		}
		if m.focus != sql.Place {
			m.tell(e, ev)
		}
	}
	m.toSQL(sql.Report{Job: msg.job.ID(), Request: r, Event: msg.event})
	return tea.Batch(await(m.ctx, msg.errand, msg.job), closing(old, m.sql.cancel), names)
}

// closing lets go of a result, and of the fetch that reads it.
func closing(old engine.Result, cancel context.CancelFunc) tea.Cmd {
	if old == nil {
		return nil
	}
	if cancel != nil {
		cancel()
	}
	return func() tea.Msg {
		old.Close()
		return nil
	}
}

// changes says whether a command tag is of a statement that changes what tables there are.
func changes(tag string) bool {
	verb, _, _ := strings.Cut(tag, " ")
	switch verb {
	case "CREATE", "DROP", "ALTER", "SELECT", "COMMENT", "ATTACH", "DETACH", "USE", "IMPORT", "DO", "CALL":
		return verb != "SELECT" || strings.Contains(tag, "INTO")
	}
	return false
}

// mostNames is how many columns are known for completion.
const mostNames = 20_000

// nameTables looks the tables and columns of a backend up, for completion.
func (m *model) nameTables(b engine.Backend) tea.Cmd {
	m.sql.named[b] = true
	ctx, to := m.ctx, m.lab
	return func() tea.Msg {
		names, err := tablesOf(ctx, to, b)
		return sqlNamesMsg{names, err}
	}
}

func tablesOf(ctx context.Context, to engine.Submitter, b engine.Backend) (sql.Names, error) {
	names := sql.Names{Backend: b}
	job, err := to.Submit(ctx, engine.RunQuery{Backend: b, Limit: mostNames, SQL: `select table_schema, table_name, column_name
		from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
		order by table_schema, table_name, ordinal_position`})
	if err != nil {
		return names, err
	}
	for {
		ev, ok := job.Next(ctx)
		if !ok {
			return names, ctx.Err()
		}
		switch ev := ev.(type) {
		case engine.ResultRows:
			for _, r := range ev.Rows {
				n := len(names.Tables) - 1
				if n < 0 || names.Tables[n].Schema != r[0].Text || names.Tables[n].Name != r[1].Text {
					names.Tables = append(names.Tables, sql.Table{Schema: r[0].Text, Name: r[1].Text})
					n++
				}
				names.Tables[n].Columns = append(names.Tables[n].Columns, r[2].Text)
			}
		case engine.Ended:
			if ev.Err != nil {
				return names, ev.Err
			}
		}
	}
}
