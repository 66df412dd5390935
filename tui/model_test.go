package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
	"pipewright/views/checklist"
	"pipewright/views/load"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// still is an engine that takes no request and whose backends never change: what is drawn depends on
// what a test hands in alone.
type still struct{}

func (still) Submit(context.Context, engine.Request) (engine.Job, error) {
	return nil, &engine.Error{Kind: engine.Unavailable, What: "the engine of this test takes no requests", Next: "none"}
}

func (still) Statuses() []engine.BackendStatus {
	return []engine.BackendStatus{
		{Name: engine.Postgres, State: engine.StateUp, Version: "18.3"},
		{Name: engine.DuckDB, State: engine.StateUnknown, Version: "1.5.6"},
	}
}

func (s still) NextStatus(ctx context.Context, _ uint64) ([]engine.BackendStatus, uint64, error) {
	<-ctx.Done()
	return s.Statuses(), 0, ctx.Err()
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// fresh is the shell on the real curriculum, as it first comes up.
func fresh(t testing.TB, w, h int) *model {
	t.Helper()
	ws := engine.Workspace{Dir: t.TempDir()}
	course, err := NewCourse(ws)
	if err != nil {
		t.Fatal(err)
	}
	m, err := newModel(t.Context(), Options{Lab: still{}, Course: course, Workspace: ws}, memory{}, theme.New(theme.Dark))
	if err != nil {
		t.Fatal(err)
	}
	m.now = func() time.Time { return noon }
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.Update(m.readOutline()())
	return m
}

// opened is the shell with session 1.4 open.
func opened(t testing.TB, w, h int) *model {
	t.Helper()
	m := fresh(t, w, h)
	m.Update(m.open("1.4", false)())
	if m.opened == nil {
		t.Fatal(m.notice.text)
	}
	return m
}

var load14 = engine.LoadCSV{Path: "data/leads_500.csv", Table: "leads", Schema: "leads", Backend: engine.Postgres, Mode: engine.Replace}

// report hands a load's event to the panes, as the bridge does.
func report(m *model, ev engine.Event) {
	m.take(engine.Report{Job: 1, Request: load14, Event: ev})
}

func started(m *model) {
	report(m, engine.Started{Job: 1, Title: load14.Title(), At: noon})
	m.below = "load"
	m.visit("load")
}

var half = engine.Progress{Stage: "copy", Done: 6_000_000, Total: 12_000_000, Unit: "bytes", Rows: 61_234, Accepted: 49_000,
	Rejected: 10_000, Duplicates: 2_234, Rate: 410_000, Elapsed: 150 * time.Millisecond, Left: 160 * time.Millisecond}

func ended(m *model) {
	report(m, engine.Loaded{Backend: engine.Postgres, Table: "leads", Source: load14.Path, Mode: engine.Replace, Dialect: "comma, quoted with \", UTF-8, header, LF",
		RowsRead: 500, Accepted: 400, Rejected: 85, Duplicates: 15, Bytes: 60_400, Elapsed: 40 * time.Millisecond, RowsPerSecond: 12_500,
		Quarantine: "/home/ann/pipewright/reports/leads_500.rejected.csv", Reasons: map[string]int64{"no @": 60, "duplicate email": 15, "not a timestamp": 25},
		Sample: []engine.Reject{
			{Row: 14, Line: 15, Column: "email", Value: "ann@", Reason: "no domain after @", Record: "x"},
			{Row: 15, Line: 16, Column: "status", Value: "\x1b[31mMaybe\x00", Reason: "not one of New, Contacted", Record: "x"},
			{Row: 1234567, Line: 1234568, Column: "company_name", Value: "株式会社\tTokyo \u202eabc e\u0301", Reason: "longer than 255 characters", Record: "x"},
		}, At: noon})
	report(m, engine.Ended{Job: 1, State: engine.JobDone, Elapsed: 40 * time.Millisecond, At: noon})
}

func failed(m *model) {
	report(m, engine.Ended{Job: 1, State: engine.JobFailed, Elapsed: 40 * time.Millisecond, At: noon,
		Err: &engine.Error{Kind: engine.Unavailable, What: "the server went away during the load; the table is as it was", Where: "leads", Next: "run it again"}})
}

// queried answers a query with values that a terminal must not obey.
func queried(m *model) {
	ask := engine.RunQuery{SQL: "select email, n\nfrom leads", Backend: engine.DuckDB}
	rows := make([][]engine.Cell, 40)
	for i := range rows {
		rows[i] = []engine.Cell{{Text: fmt.Sprintf("ann+%d@x.io", i)}, {Text: fmt.Sprint(i * i)}}
	}
	rows[1][0] = engine.Cell{Text: "\x1b]0;title\a"}
	rows[2][1] = engine.Cell{Null: true}
	for _, ev := range []engine.Event{
		engine.Started{Job: 2, At: noon},
		engine.ResultStart{SQL: ask.SQL, Columns: []engine.Column{{Name: "email", Type: "text"}, {Name: "n", Type: "bigint", Kind: engine.NumberValue}}},
		engine.ResultRows{Rows: rows},
		engine.ResultEnd{Tag: "SELECT 5000", RowCount: 5000, Truncated: true, Elapsed: 12 * time.Millisecond},
		engine.Ended{Job: 2, State: engine.JobDone, Elapsed: 13 * time.Millisecond, At: noon},
	} {
		m.take(engine.Report{Job: 2, Request: ask, Event: ev})
	}
	m.visit("result")
}

// verified hands in evidence of each kind: it holds, it does not, it could not be looked for.
func verified(m *model) {
	c := m.opened.List.Criteria
	check := engine.Check{Session: "1.4", Criteria: c}
	for _, ev := range []engine.Event{
		engine.Started{Job: 3, At: noon},
		engine.Evidence{Criterion: c[0].ID, Passed: true, Observed: "500", Expected: "500", On: "data/leads_500.csv → leads", At: noon},
		engine.Evidence{Criterion: c[2].ID, Observed: "137", Expected: "100", Cause: "every row after 14 fails", Next: "where does `errors` start?", On: "the load of 12:00", At: noon},
		engine.Evidence{Criterion: c[4].ID, Err: &engine.Error{What: "PostgreSQL is not up", Next: "pipewright db start"}, At: noon},
	} {
		m.take(engine.Report{Job: 3, Request: check, Event: ev})
	}
	m.visit(checklist.Place)
}

// running is a job that goes on for ever.
type running struct{ engine.Job }

func (running) ID() engine.JobID        { return 9 }
func (running) Request() engine.Request { return load14 }
func (running) Cancel()                 {}

// press types keys by name.
func press(m *model, keys ...string) {
	for _, k := range keys {
		m.Update(pressed(k))
	}
}

var named = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
	"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
	"backspace": tea.KeyBackspace}

func pressed(k string) tea.KeyPressMsg {
	if c, ok := named[k]; ok {
		return tea.KeyPressMsg{Code: c}
	}
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(rest[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// whole makes sure that a screen is exactly w by h cells, and gives its text without colours.
func whole(t testing.TB, m *model, w, h int) string {
	t.Helper()
	lines := strings.Split(m.View().Content, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines, not %d", len(lines), h)
	}
	for i, l := range lines {
		lines[i] = ansi.Strip(l)
		if n := widget.Width(l); n != w {
			t.Fatalf("line %d has %d cells, not %d:\n%s", i, n, w, lines[i])
		}
		for _, r := range lines[i] {
			if r < ' ' || r == 0x7f || r == 0x202e {
				t.Fatalf("line %d shows a raw %q", i, r)
			}
		}
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestScreens(t *testing.T) {
	states := []struct {
		name string
		make func(t testing.TB, w, h int) *model
	}{
		{"fresh", fresh},
		{"opened", opened},
		{"running", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			started(m)
			report(m, half)
			return m
		}},
		{"done", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			started(m)
			ended(m)
			return m
		}},
		{"earlier", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			m.take(load.Last{Session: "1.4", Loaded: engine.Loaded{Backend: engine.Postgres, Table: "leads", Source: "data/leads_500.csv", Mode: engine.Replace,
				RowsRead: 500, Accepted: 490, Rejected: 10, Bytes: 60_400, Elapsed: 40 * time.Millisecond, RowsPerSecond: 12_500,
				Quarantine: "reports/leads_500.rejected.csv", Reasons: map[string]int64{"fewer cells than the header": 5, "more cells than the header": 5}, At: noon}})
			m.visit("load")
			return m
		}},
		{"failed", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			started(m)
			failed(m)
			return m
		}},
		{"help", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			press(m, "?")
			return m
		}},
		{"palette", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			press(m, ":", "v", "e", "r")
			return m
		}},
		{"answer", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			press(m, "n", "a", "5", "0")
			return m
		}},
		{"result", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			queried(m)
			return m
		}},
		{"verified", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			verified(m)
			return m
		}},
		{"quit", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			m.jobs.add(errand{session: "1.4", lab: "load"}, running{})
			press(m, "q")
			return m
		}},
		{"checklist", func(t testing.TB, w, h int) *model {
			m := opened(t, w, h)
			m.visit(checklist.Place)
			return m
		}},
	}
	for _, s := range states {
		for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
			name := fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				golden(t, name, whole(t, s.make(t, size[0], size[1]), size[0], size[1]))
			})
		}
	}
	t.Run("too small", func(t *testing.T) {
		golden(t, "small-50x10", whole(t, fresh(t, 50, 10), 50, 10))
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the screen differs from %s (go test ./tui -run TestScreens -update writes it anew); now:\n%s", path, got)
	}
}

func TestEachActionIsWhole(t *testing.T) {
	table, err := Actions()
	if err != nil {
		t.Fatal(err)
	}
	if len(table.All()) < 20 {
		t.Fatalf("%d actions", len(table.All()))
	}
}

func TestStaleResultsFallAway(t *testing.T) {
	m := fresh(t, 120, 36)
	slow := m.open("1.1", false)
	m.Update(m.open("1.4", false)())
	m.Update(slow())
	if m.opened == nil || m.opened.ID != "1.4" {
		t.Fatalf("open is %+v", m.opened)
	}
}

func TestThePlaceIsKept(t *testing.T) {
	m := opened(t, 120, 36)
	press(m, "n", "n", "tab")
	m.Update(m.readOutline()()) // the session counts as begun now
	mem := m.memory()
	again, err := newModel(t.Context(), Options{Lab: still{}, Course: m.course}, mem, theme.New(theme.Dark))
	if err != nil {
		t.Fatal(err)
	}
	again.now = m.now
	again.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	again.Update(again.readOutline()())
	again.Update(again.open(again.wanted, true)())
	again.Update(again.readOutline()())
	if a, b := whole(t, m, 120, 36), whole(t, again, 120, 36); a != b {
		t.Errorf("before:\n%s\nafter:\n%s", a, b)
	}
}

func TestLeavingWritesTheProgressDown(t *testing.T) {
	m := opened(t, 80, 24)
	ws := m.course.(*workspace).ws
	if err := m.leave(Options{Workspace: ws}, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(ws.Progress()); err != nil || !strings.Contains(string(text), "1.4") {
		t.Fatalf("%v\n%s", err, text)
	}
}

func TestAPanicIsKeptForTheLog(t *testing.T) {
	m := fresh(t, 80, 24)
	m.panes = nil // what a fault might leave
	if _, cmd := m.Update(pressed("down")); cmd == nil || m.crash == nil {
		t.Fatal("the panic got through, or was lost")
	}
	ws := engine.Workspace{Dir: t.TempDir()}
	if err := os.MkdirAll(ws.State(), 0o755); err != nil {
		t.Fatal(err)
	}
	err := m.crash.tell(ws)
	text, rerr := os.ReadFile(ws.Log())
	if rerr != nil || !strings.Contains(err.Error(), ws.Log()) || !strings.Contains(string(text), "model") {
		t.Fatalf("%v %v\n%s", err, rerr, text)
	}
}

// The frame budget of design: Update at most 1 ms, View at most 4 ms, at 200×60 while a load streams.
func BenchmarkUpdateWhileALoadStreams(b *testing.B) {
	m := opened(b, 200, 60)
	started(m)
	down := pressed("down")
	for i := 0; b.Loop(); i++ {
		p := half
		p.Rows += int64(i)
		report(m, p)
		m.Update(down)
	}
}

func BenchmarkViewWhileALoadStreams(b *testing.B) {
	m := opened(b, 200, 60)
	started(m)
	for i := 0; b.Loop(); i++ {
		p := half
		p.Rows += int64(i)
		report(m, p)
		m.View()
	}
}

func BenchmarkViewAfterAKey(b *testing.B) {
	m := opened(b, 200, 60)
	started(m)
	ended(m)
	keys := []tea.KeyPressMsg{pressed("down"), pressed("up"), pressed("tab")}
	for i := 0; b.Loop(); i++ {
		m.Update(keys[i%len(keys)])
		m.View()
	}
}
