package views_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/sessions"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/views"
	"pipewright/views/data"
	"pipewright/views/doctor"
	"pipewright/views/jobs"
	"pipewright/views/progress"
)

// This file proves the panes that look at what is there: jobs, backends, progress and data.

type look struct {
	name  string
	pane  func() views.Pane
	facts []any
	do    []keys.ID
	typed string
}

func (l look) make(t testing.TB, w, h int) views.Pane {
	t.Helper()
	p := l.pane()
	th := theme.New(theme.Plain)
	for _, f := range l.facts {
		if s, sample := f.(data.Sample); sample {
			p.Do("data.open")
			f = s
		}
		p.Take(f)
	}
	p.Draw(th, w, h, true)
	for _, id := range l.do {
		if !p.Can(id) {
			t.Fatalf("%s cannot be done", id)
		}
		p.Do(id)
		p.Draw(th, w, h, true)
	}
	for _, r := range l.typed {
		p.Type(string(r), string(r))
	}
	return p
}

func jobsPane() views.Pane     { return jobs.New() }
func doctorPane() views.Pane   { return doctor.New() }
func progressPane() views.Pane { return progress.New() }
func dataPane() views.Pane     { return data.New() }

func at(h, m, s int) time.Time { return time.Date(2026, 3, 2, h, m, s, 0, time.UTC) }

var streaming = jobs.Job{JobSnapshot: engine.JobSnapshot{ID: 12, Title: "load data/leads_1m.csv → leads", State: engine.JobRunning, Started: at(11, 59, 48),
	Progress: engine.Progress{Stage: "copy", Done: 61_000_000, Total: 122_000_000, Unit: "bytes", Rows: 512_345, Accepted: 500_000, Rejected: 10_111, Duplicates: 2_234,
		Rate: 410_000, Elapsed: 12 * time.Second, Left: 12 * time.Second}},
	Name: "load leads_1m.csv → leads", Command: "pipewright load data/leads_1m.csv --table leads --mode replace",
	Log: []jobs.Line{{At: at(11, 59, 48), Text: "starting PostgreSQL 18.3 \x1b[2J"}, {At: at(11, 59, 49), Text: "comma, quoted with \", UTF-8, header, LF"}}}

var failedJob = jobs.Job{JobSnapshot: engine.JobSnapshot{ID: 11, Title: "query on postgres", State: engine.JobFailed, Started: at(11, 58, 0), Ended: at(11, 58, 2),
	Err: &engine.Error{What: "column \"emial\" does not exist", Where: "line 3, character 14", Next: "did you mean leads.email?", SQL: "select id,\n       name,\n       emial\nfrom leads", SQLState: "42703"}},
	Command: "pipewright query 'select id,\n       name,\n       emial\nfrom leads'"}

// history is jobs of every kind.
func history() jobs.List {
	return jobs.List{Now: noon, Jobs: []jobs.Job{
		{JobSnapshot: engine.JobSnapshot{ID: 7, Title: "check 1.4", State: engine.JobDone, Started: time.Date(2026, 3, 1, 23, 50, 0, 0, time.UTC), Ended: time.Date(2026, 3, 1, 23, 50, 1, 0, time.UTC)}, Command: "pipewright check 1.4"},
		{JobSnapshot: engine.JobSnapshot{ID: 8, Title: "query on postgres", State: engine.JobDone, Started: at(11, 50, 0), Ended: at(11, 50, 0)}, Lookup: true},
		{JobSnapshot: engine.JobSnapshot{ID: 9, Title: "load", State: engine.JobDone, Started: at(11, 55, 0), Ended: at(11, 55, 1), Progress: engine.Progress{Rows: 500, Accepted: 400, Rejected: 85, Duplicates: 15}},
			Name: "Load the 500 leads of 株式会社 as they are", Command: "pipewright run 1.4 load"},
		{JobSnapshot: engine.JobSnapshot{ID: 10, Title: "load data/huge.csv → events", State: engine.JobCancelled, Started: at(11, 56, 0), Ended: at(11, 57, 31), Progress: engine.Progress{Rows: 12_345_678},
			Err: &engine.Error{Kind: engine.Interrupted, What: "cancelled"}}, Command: "pipewright load data/huge.csv --table events"},
		failedJob, streaming,
		{JobSnapshot: engine.JobSnapshot{ID: 13, Title: "start postgres", State: engine.JobCancelling, Started: at(11, 59, 58)}, Command: "pipewright db start"},
	}}
}

// manyJobs are n jobs.
func manyJobs(n int) jobs.List {
	l := jobs.List{Now: noon}
	for i := range n {
		j := jobs.Job{JobSnapshot: engine.JobSnapshot{ID: engine.JobID(i + 1), Title: fmt.Sprintf("load data/leads_%d.csv → leads", i), State: engine.JobDone, Started: at(10, i/60%60, i%60), Ended: at(11, i/60%60, i%60),
			Progress: engine.Progress{Rows: int64(i) * 1234}}, Command: "pipewright load data/leads.csv --table leads"}
		if i%20 == 19 {
			j.State, j.Ended, j.Progress = engine.JobRunning, time.Time{}, streaming.Progress
		}
		l.Jobs = append(l.Jobs, j)
	}
	return l
}

var postgresUp = engine.BackendStatus{Name: engine.Postgres, State: engine.StateUp, Version: "18.3", Sentence: "PostgreSQL 18.3 on 127.0.0.1:54321, process 4242, up since 2026-03-02 09:14:00.",
	Path: "/home/ann/.cache/pipewright/postgres/18.3.0-linux-amd64/bin", DataDir: "/home/ann/pipewright/.pipewright/postgres/data-18", Port: 54321,
	Settings: []engine.Setting{{Name: "pid", Value: "4242", Source: "postmaster.pid"}, {Name: "server_version", Value: "18.3", Source: "default"},
		{Name: "data_directory", Value: "/home/ann/pipewright/.pipewright/postgres/data-18", Source: "override"}, {Name: "port", Value: "54321", Source: "command line"},
		{Name: "shared_buffers", Value: "128MB", Source: "configuration file"}, {Name: "work_mem", Value: "4MB", Source: "default"}, {Name: "effective_cache_size", Value: "4GB", Source: "default"},
		{Name: "fsync", Value: "on", Source: "default"}, {Name: "synchronous_commit", Value: "on", Source: "default"}, {Name: "TimeZone", Value: "Europe/Amsterdam", Source: "configuration file"}}}

var duckReady = engine.BackendStatus{Name: engine.DuckDB, State: engine.StateUp, Version: "1.5.6", Sentence: "Ready; the file is closed until it is needed.", Path: "in this process",
	DataDir: "/home/ann/pipewright/.pipewright/crm_dev.duckdb", Settings: []engine.Setting{{Name: "memory_limit", Value: "953.6 MiB", Source: "pipewright"}, {Name: "threads", Value: "2", Source: "pipewright"},
		{Name: "temp_directory", Value: "/home/ann/pipewright/.pipewright/duckdb-tmp", Source: "pipewright"}}}

var postgresGone = engine.BackendStatus{Name: engine.Postgres, State: engine.StateFailed, Sentence: "The data folder is of PostgreSQL 15\x1b[31m and only 18 is here.", Fix: "apt-get install postgresql-15, then pipewright db start",
	DataDir: "/home/ann/pipewright/.pipewright/postgres/data-15"}

func diagnosis(all ...engine.BackendStatus) doctor.Report {
	return doctor.Report{Diagnosis: engine.Diagnosis{Backends: all}, Workspace: "/home/ann/pipewright", At: noon}
}

// journal is a learner's: entries on several days, against a curriculum of sessions with and without content.
func overview(t testing.TB, entries ...sessions.Entry) progress.Overview {
	t.Helper()
	cat, err := sessions.Load()
	if err != nil {
		t.Fatal(err)
	}
	return progress.Of(cat, entries, noon)
}

func checked(at time.Time, session, criterion string, passed bool) sessions.Entry {
	return sessions.Entry{V: sessions.Version, At: at, Type: sessions.CheckRanType, Session: session, Check: &sessions.CheckRan{Criterion: criterion, Passed: passed, Observed: "500", Expected: "500", On: "leads"}}
}

func timed(at time.Time, session, step string, seconds float64) sessions.Entry {
	return sessions.Entry{V: sessions.Version, At: at, Type: sessions.StepTimedType, Session: session, Step: &sessions.StepTimed{Step: step, Seconds: seconds}}
}

// worked is a journal in which the first session with content is proven and the second begun.
func worked(t testing.TB) progress.Overview {
	t.Helper()
	cat, err := sessions.Load()
	if err != nil {
		t.Fatal(err)
	}
	var entries []sessions.Entry
	n := 0
	for _, s := range cat.Sessions() {
		if !s.Available() || len(s.Criteria) == 0 {
			continue
		}
		day := noon.AddDate(0, 0, -4+n)
		if n == 0 {
			for i, c := range s.Criteria {
				entries = append(entries, checked(day.Add(time.Duration(i)*time.Minute), s.ID, c.ID, true))
			}
			entries = append(entries, timed(day, s.ID, "exercise", 3120))
		}
		if n == 1 {
			entries = append(entries, timed(noon.Add(-3*time.Hour), s.ID, "concept", 1260), checked(noon.Add(-2*time.Hour), s.ID, s.Criteria[0].ID, true))
			if len(s.Criteria) > 1 {
				entries = append(entries, sessions.Entry{V: sessions.Version, At: noon, Type: sessions.SelfTickType, Session: s.ID, Tick: &sessions.SelfTicked{Criterion: s.Criteria[1].ID, On: true}})
			}
		}
		n++
	}
	return overview(t, entries...)
}

var leadsTable = data.Table{Backend: engine.Postgres, Schema: "public", Name: "leads", Usual: true, Kind: "table", Rows: 400, Bytes: 98_304, Columns: []data.Column{
	{Name: "id", Type: "integer", NotNull: true, Key: "primary"}, {Name: "company_name", Type: "character varying(255)", NotNull: true}, {Name: "email", Type: "character varying(255)", Key: "unique"},
	{Name: "company_id", Type: "integer", Key: "→ companies"}, {Name: "status", Type: "text"}, {Name: "score", Type: "numeric(10,2)"}, {Name: "created_at", Type: "timestamp without time zone", NotNull: true}}}

func crm() []any {
	wide := data.Table{Backend: engine.Postgres, Schema: "Sales 2026", Name: "株式会社\x1b[31m", Kind: "view", Rows: -1, Bytes: -1}
	for i := range 40 {
		wide.Columns = append(wide.Columns, data.Column{Name: fmt.Sprintf("column_%d", i), Type: "text"})
	}
	return []any{
		data.Tables{Backend: engine.Postgres, At: noon, Bytes: 1_234_567_890, Tables: []data.Table{leadsTable,
			{Backend: engine.Postgres, Schema: "public", Name: "events", Usual: true, Kind: "table", Rows: 12_345_678, About: true, Bytes: 987_654_321, Columns: leadsTable.Columns[:3]}, wide}},
		data.Tables{Backend: engine.DuckDB, At: noon, Bytes: 12_582_912, Tables: []data.Table{
			{Backend: engine.DuckDB, Schema: "main", Name: "leads", Usual: true, Kind: "table", Rows: 1_000_000, Bytes: -1, Columns: leadsTable.Columns[:5]}}},
	}
}

func sampleOf(rows int) data.Sample {
	s := data.Sample{Backend: engine.Postgres, Schema: "public", Name: "leads", More: rows == data.Sampled()}
	for _, c := range leadsTable.Columns {
		k := engine.TextValue
		if strings.HasPrefix(c.Type, "integer") || strings.HasPrefix(c.Type, "numeric") {
			k = engine.NumberValue
		}
		s.Columns = append(s.Columns, engine.Column{Name: c.Name, Type: c.Type, Kind: k})
	}
	for i := range rows {
		s.Rows = append(s.Rows, []engine.Cell{{Text: fmt.Sprint(i + 1)}, {Text: []string{"Acme", "株式会社 東京\x1b[31m", "a company whose name goes on for longer than a column"}[i%3]},
			{Text: fmt.Sprintf("ann%d@example.com", i)}, {Null: true}, {Text: "New"}, {Text: fmt.Sprintf("%d.50", i*37)}, {Text: "2025-03-01 08:30:00"}})
	}
	return s
}

func manyTables(n int) data.Tables {
	out := data.Tables{Backend: engine.Postgres, At: noon}
	for i := range n {
		x := leadsTable
		x.Name = fmt.Sprintf("table_%03d", i)
		x.Rows = int64(i) * 1000
		out.Tables = append(out.Tables, x)
	}
	return out
}

func looks(t testing.TB) []look {
	down := &engine.Error{Kind: engine.Unavailable, What: "the server closed the connection \x07 unexpectedly", Next: "pipewright db start"}
	return []look{
		{"jobs loading", jobsPane, nil, nil, ""},
		{"jobs empty", jobsPane, []any{jobs.List{Now: noon}}, nil, ""},
		{"jobs full", jobsPane, []any{history()}, []keys.ID{"jobs.down"}, ""},
		{"jobs lookups", jobsPane, []any{history()}, []keys.ID{"jobs.lookups"}, ""},
		{"jobs many", jobsPane, []any{manyJobs(200)}, []keys.ID{"jobs.page-down"}, ""},
		{"jobs failed", jobsPane, []any{history()}, []keys.ID{"jobs.down", "jobs.down"}, ""},
		{"jobs log", jobsPane, []any{history()}, []keys.ID{"jobs.down", "jobs.log"}, ""},
		{"jobs log of a failure", jobsPane, []any{history()}, []keys.ID{"jobs.down", "jobs.down", "jobs.log"}, ""},
		{"doctor empty", doctorPane, nil, nil, ""},
		{"doctor loading", doctorPane, []any{doctor.Looking{}}, nil, ""},
		{"doctor full", doctorPane, []any{diagnosis(postgresUp, duckReady)}, nil, ""},
		{"doctor failed", doctorPane, []any{diagnosis(postgresGone, duckReady)}, nil, ""},
		{"doctor starting", doctorPane, []any{diagnosis(postgresGone, duckReady), doctor.Live{{Name: engine.Postgres, State: engine.StateStarting, Sentence: "Downloading PostgreSQL 18.3.0.",
			Progress: &engine.Progress{Stage: "download", Done: 4, Total: 15, Unit: "bytes"}}}}, nil, ""},
		{"doctor question", doctorPane, []any{diagnosis(postgresUp, duckReady), doctor.Work{"load leads_1m.csv → leads", "query on \x1b[2Jpostgres"}}, []keys.ID{"doctor.stop"}, ""},
		{"doctor no answer", doctorPane, []any{doctor.Report{Err: down}}, nil, ""},
		{"progress loading", progressPane, nil, nil, ""},
		{"progress empty", progressPane, []any{overview(t)}, nil, ""},
		{"progress full", progressPane, []any{worked(t)}, nil, ""},
		{"progress end", progressPane, []any{worked(t)}, []keys.ID{"progress.bottom"}, ""},
		{"progress unreadable", progressPane, []any{progress.Failed{Err: &engine.Error{What: "the journal cannot be read: permission denied", Next: "look at who owns .pipewright/journal.jsonl"}}}, nil, ""},
		{"data loading", dataPane, []any{data.Looking{Backend: engine.Postgres}, data.Looking{Backend: engine.DuckDB}}, nil, ""},
		{"data empty", dataPane, []any{data.Tables{Backend: engine.Postgres, At: noon}, data.Tables{Backend: engine.DuckDB, At: noon, Note: "no file yet; it is made when something is loaded"}}, nil, ""},
		{"data full", dataPane, crm(), nil, ""},
		{"data wide table", dataPane, crm(), []keys.ID{"data.down", "data.down"}, ""},
		{"data many", dataPane, []any{manyTables(200)}, []keys.ID{"data.bottom"}, ""},
		{"data filtered", dataPane, crm(), []keys.ID{"data.filter"}, "lead"},
		{"data no match", dataPane, crm(), []keys.ID{"data.filter"}, "zzz"},
		{"data failed", dataPane, append(crm(), data.Tables{Backend: engine.Postgres, At: noon, Err: down}), nil, ""},
		{"data down", dataPane, []any{data.Tables{Backend: engine.Postgres, Note: "PostgreSQL is down; s in doctor starts it"}, data.Tables{Backend: engine.DuckDB, Err: down}}, nil, ""},
		{"data reading", dataPane, crm(), []keys.ID{"data.open"}, ""},
		{"data table", dataPane, append(crm(), sampleOf(20)), []keys.ID{"data.down"}, ""},
		{"data table right", dataPane, append(crm(), sampleOf(3)), []keys.ID{"data.right", "data.right"}, ""},
		{"data no rows", dataPane, append(crm(), sampleOf(0)), nil, ""},
		{"data no sample", dataPane, append(crm(), data.Sample{Backend: engine.Postgres, Schema: "public", Name: "leads", Err: &engine.Error{What: "permission denied for table leads", Next: "ask its owner"}}), nil, ""},
	}
}

func TestLookingPanes(t *testing.T) {
	for _, l := range looks(t) {
		t.Run(l.name, func(t *testing.T) {
			var b strings.Builder
			for _, size := range [][2]int{{80, 24}, {200, 60}} {
				fmt.Fprintf(&b, "--- %d×%d\n%s", size[0], size[1], drawn(t, l.make(t, size[0], size[1]), theme.New(theme.Dark), size[0], size[1], true))
			}
			path := filepath.Join("testdata", "look-"+strings.ReplaceAll(l.name, " ", "-")+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("the pane differs from %s (go test ./views -run TestLookingPanes -update writes it anew); now:\n%s", path, b.String())
			}
		})
	}
}

// Whatever the size and whatever is done, a pane fills what it is given.
func TestALookingPaneFillsWhatItIsGiven(t *testing.T) {
	all := looks(t)
	actions := map[string][]keys.Action{"jobs": jobs.Actions(), "doctor": doctor.Actions(), "progress": progress.Actions(), "data": data.Actions()}
	rapid.Check(t, func(rt *rapid.T) {
		l := rapid.SampledFrom(all).Draw(rt, "state")
		p := l.make(t, 100, 20)
		name, _, _ := strings.Cut(l.name, " ")
		th := theme.New(rapid.SampledFrom([]theme.Name{theme.Dark, theme.Light, theme.Sixteen, theme.Plain}).Draw(rt, "theme"))
		for range 6 {
			drawn(rt, p, th, rapid.IntRange(28, 240).Draw(rt, "w"), rapid.IntRange(5, 70).Draw(rt, "h"), rapid.Bool().Draw(rt, "focused"))
			if a := rapid.SampledFrom(actions[name]).Draw(rt, "action"); a.Place == p.Place() && p.Can(a.ID) {
				p.Do(a.ID)
			}
			p.Wheel(rapid.IntRange(-5, 5).Draw(rt, "wheel"))
			p.Click(rapid.IntRange(0, 100).Draw(rt, "x"), rapid.IntRange(0, 20).Draw(rt, "y"))
			p.Type("x", "x")
			p.Copy()
			if n := rapid.IntRange(0, 12).Draw(rt, "fact"); n < len(l.facts) {
				p.Take(l.facts[n])
			}
		}
	})
}
