package check_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"pipewright/engine"
	"pipewright/engine/check"
)

// env answers checks from a real DuckDB, and from a real PostgreSQL where a test gives one.
type env struct {
	ws   engine.Workspace
	dbs  map[engine.Backend]*sql.DB
	down bool
}

func (e *env) Workspace() engine.Workspace      { return e.ws }
func (e *env) Version(b engine.Backend) string  { return "0.0" }
func (e *env) file(name, content string) string { return e.bytes(name, []byte(content)) }

func (e *env) bytes(name string, content []byte) string {
	path := filepath.Join(e.ws.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		panic(err)
	}
	return path
}

func (e *env) Query(ctx context.Context, b engine.Backend, text string) (engine.RowWindow, error) {
	if e.down || e.dbs[b] == nil {
		return engine.RowWindow{}, &engine.Error{Kind: engine.Unavailable, What: string(b) + " is not running"}
	}
	rows, err := e.dbs[b].QueryContext(ctx, text)
	if err != nil {
		if ctx.Err() != nil {
			return engine.RowWindow{}, ctx.Err()
		}
		return engine.RowWindow{}, &engine.Error{Kind: engine.Failed, What: strings.SplitN(err.Error(), "\n", 2)[0]}
	}
	defer func() { _ = rows.Close() }()
	return window(rows)
}

func window(rows *sql.Rows) (engine.RowWindow, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return engine.RowWindow{}, err
	}
	w := engine.RowWindow{}
	for _, t := range types {
		kind := engine.TextValue
		switch name := strings.ToUpper(t.DatabaseTypeName()); {
		case strings.Contains(name, "INT"), strings.HasPrefix(name, "DECIMAL"), strings.HasPrefix(name, "NUMERIC"), strings.HasPrefix(name, "FLOAT"), name == "DOUBLE":
			kind = engine.NumberValue
		case strings.HasPrefix(name, "BOOL"):
			kind = engine.BoolValue
		case strings.HasPrefix(name, "TIME"), name == "DATE":
			kind = engine.TimeValue
		}
		w.Columns = append(w.Columns, engine.Column{Name: t.Name(), Kind: kind})
	}
	for rows.Next() {
		values, ptrs := make([]any, len(types)), make([]any, len(types))
		for i := range values {
			ptrs[i] = &values[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return w, err
		}
		row := make([]engine.Cell, len(types))
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				row[i] = engine.Cell{Null: true}
			case time.Time:
				row[i] = engine.Cell{Text: v.Format("2006-01-02 15:04:05")}
			case bool:
				row[i] = engine.Cell{Text: fmt.Sprint(v)[:1]}
			case []byte:
				row[i] = engine.Cell{Text: string(v)}
			default:
				row[i] = engine.Cell{Text: fmt.Sprint(v)}
			}
		}
		w.Rows = append(w.Rows, row)
	}
	w.Total = int64(len(w.Rows))
	return w, rows.Err()
}

// newEnv has a table leads on DuckDB: New 3, Lost 2, one NULL status; created_at and score filled.
func newEnv(t *testing.T) *env {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	seed(t, db)
	return &env{ws: engine.Workspace{Dir: t.TempDir()}, dbs: map[engine.Backend]*sql.DB{engine.DuckDB: db}}
}

func seed(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, s := range []string{
		`create table leads (id int, email text, status text, score numeric(6,2), won boolean, created_at timestamp)`,
		`insert into leads values (1,'a@x.io','New',1.50,true,'2025-01-01 10:00:00'), (2,'b@x.io','New',2.25,false,'2025-01-02'),
			(3,'c@x.io','New',3,null,'2025-01-03'), (4,'d@x.io','Lost',0.10,false,'2025-01-04'), (5,'e@x.io','Lost',10,true,'2025-01-05'),
			(6,'',null,null,null,null)`,
		`create table nothing (id int)`,
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

type m = map[string]any

func run(t *testing.T, e check.Env, kind string, spec m, loads map[string]engine.Loaded) engine.Evidence {
	t.Helper()
	return check.Run(t.Context(), e, engine.Criterion{ID: "c", Title: "t", Kind: kind, Spec: spec, Cause: "own cause", Next: "own next"}, loads)
}

// verdicts runs right and wrong specs: every wrong one must fail with all four parts.
func verdicts(t *testing.T, e check.Env, kind string, loads map[string]engine.Loaded, right, wrong map[string]m) {
	t.Helper()
	for name, spec := range right {
		if ev := run(t, e, kind, spec, loads); !ev.Passed || ev.Err != nil || ev.Observed == "" || ev.Expected == "" || ev.On == "" || ev.At.IsZero() {
			t.Errorf("right %q: %+v %v", name, ev, ev.Err)
		}
	}
	for name, spec := range wrong {
		ev := run(t, e, kind, spec, loads)
		if ev.Passed || ev.Err != nil {
			t.Errorf("wrong %q passed or erred: %+v %v", name, ev, ev.Err)
		}
		if ev.Observed == "" || ev.Expected == "" || ev.Cause == "" || ev.Next == "" || ev.On == "" {
			t.Errorf("wrong %q lacks a part: %+v", name, ev)
		}
	}
}

const byStatus = "select status, count(*) as count from leads group by status"

func TestSQL(t *testing.T) {
	e := newEnv(t)
	on := func(spec m) m { spec["backend"] = "duckdb"; return spec }
	verdicts(t, e, "sql", nil, map[string]m{
		"one value":            on(m{"query": "select count(*) from leads", "value": uint64(6)}),
		"value as text":        on(m{"query": "select count(*) from leads", "value": "6"}),
		"value as float":       on(m{"query": "select count(*) from leads", "value": 6.0}),
		"null":                 on(m{"query": "select status from leads where id = 6", "value": nil}),
		"truth":                on(m{"query": "select won from leads where id = 1", "value": true}),
		"within tolerance":     on(m{"query": "select avg(score) from leads", "value": 3.4, "tolerance": 0.05}),
		"range":                on(m{"query": "select count(*) from leads", "min": 5, "max": 7}),
		"rows in any order":    on(m{"query": byStatus, "rows": []any{[]any{"Lost", 2}, []any{nil, 1}, []any{"New", 3}}}),
		"rows in order":        on(m{"query": byStatus + " order by count", "ordered": true, "rows": []any{[]any{nil, 1}, []any{"Lost", 2}, []any{"New", 3}}}),
		"numbers as written":   on(m{"query": "select score from leads where id < 3", "rows": []any{[]any{"1.5"}, []any{"2.250"}}}),
		"another query":        on(m{"query": byStatus, "equals": "select status, sum(1) from leads group by 1 order by 2"}),
		"bags":                 on(m{"query": "select status from leads", "equals": "select status from leads order by id desc"}),
		"other with tolerance": on(m{"query": "select score from leads", "equals": "select score + 0.001 from leads order by 1", "tolerance": 0.01}),
		"both empty, allowed":  on(m{"query": "select * from nothing", "equals": "select * from nothing", "may_be_empty": true}),
		"times":                on(m{"query": "select created_at from leads where id = 2", "value": "2025-01-02T00:00:00Z"}),
	}, map[string]m{
		"one off":              on(m{"query": "select count(*) from leads", "value": 5}),
		"null is not empty":    on(m{"query": "select status from leads where id = 6", "value": ""}),
		"empty is not null":    on(m{"query": "select email from leads where id = 6", "value": nil}),
		"outside tolerance":    on(m{"query": "select avg(score) from leads", "value": 3.5, "tolerance": 0.05}),
		"below":                on(m{"query": "select count(*) from leads", "min": 7}),
		"above":                on(m{"query": "select count(*) from leads", "max": 5}),
		"no number":            on(m{"query": "select max(status) from leads", "min": 1}),
		"many values":          on(m{"query": "select id from leads", "value": 1}),
		"missing row":          on(m{"query": byStatus, "rows": []any{[]any{"Lost", 2}, []any{"New", 3}}}),
		"count in a row":       on(m{"query": byStatus, "rows": []any{[]any{"Lost", 2}, []any{nil, 1}, []any{"New", 4}}}),
		"order":                on(m{"query": byStatus + " order by count desc", "ordered": true, "rows": []any{[]any{nil, 1}, []any{"Lost", 2}, []any{"New", 3}}}),
		"a row twice":          on(m{"query": "select status from leads where status = 'Lost'", "rows": []any{[]any{"Lost"}}}),
		"width":                on(m{"query": "select 1, 2", "rows": []any{[]any{1}}}),
		"both empty":           on(m{"query": "select * from nothing", "equals": "select * from nothing"}),
		"no such table":        on(m{"query": "select count(*) from lead", "value": 6}),
		"no such table, other": on(m{"query": "select count(*) from leads", "equals": "select count(*) from lead"}),
		"broken SQL":           on(m{"query": "selec 1", "value": 1}),
	})
}

func TestMissingTableNamesTheNextStep(t *testing.T) {
	ev := run(t, newEnv(t), "rows", m{"table": "absent", "min": 1, "backend": "duckdb"}, nil)
	if ev.Passed || ev.Err != nil || !strings.Contains(ev.Next, "lab") || ev.Cause == "own cause" {
		t.Fatalf("%+v", ev)
	}
	ev = run(t, newEnv(t), "rows", m{"table": "leads", "min": 9, "backend": "duckdb"}, nil)
	if ev.Cause != "own cause" || ev.Next != "own next" {
		t.Fatalf("the criterion's own words are lost: %+v", ev)
	}
}

func TestRows(t *testing.T) {
	e := newEnv(t)
	on := func(spec m) m { spec["backend"] = "duckdb"; return spec }
	verdicts(t, e, "rows", nil, map[string]m{
		"exactly":   on(m{"table": "leads", "equals": 6}),
		"where":     on(m{"table": "leads", "where": "status = 'New' -- comment", "equals": 3}),
		"schema":    on(m{"table": "main.leads", "min": 6, "max": 6}),
		"none":      on(m{"table": "leads", "where": "email like '%@%@%'", "equals": 0, "not_empty": true}),
		"none here": on(m{"table": "nothing", "equals": 0}),
	}, map[string]m{
		"more":            on(m{"table": "leads", "equals": 5}),
		"fewer":           on(m{"table": "leads", "min": 7}),
		"empty, guarded":  on(m{"table": "nothing", "where": "id = 1", "equals": 0, "not_empty": true}),
		"absent":          on(m{"table": "absent", "equals": 0}),
		"name, not SQL":   on(m{"table": "leads; drop table leads", "equals": 6}),
		"quote in a name": on(m{"table": `le"ads`, "equals": 6}),
	})
	if ev := run(t, e, "rows", on(m{"table": "leads", "equals": 6}), nil); !ev.Passed {
		t.Fatal("the table was harmed")
	}
}

func TestBackendDownIsNeitherPassedNorFailed(t *testing.T) {
	e := newEnv(t)
	e.down = true
	e.file("r.csv", "a\n1\n")
	for kind, spec := range map[string]m{
		"sql":  {"query": "select 1", "value": 1},
		"rows": {"table": "leads", "equals": 0},
		"file": {"path": "r.csv", "equals": "select 1 as a"},
	} {
		ev := run(t, e, kind, spec, nil)
		if ev.Passed || ev.Err == nil || ev.Err.Kind != engine.Unavailable || ev.Cause != "" {
			t.Errorf("%s: %+v", kind, ev)
		}
	}
}

func TestCancelledIsNeitherPassedNorFailed(t *testing.T) {
	e := newEnv(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for kind, spec := range map[string]m{
		"sql":     {"query": "select 1", "value": 1, "backend": "duckdb"},
		"process": {"command": "sleep", "args": []any{"60"}},
	} {
		ev := check.Run(ctx, e, engine.Criterion{ID: "c", Kind: kind, Spec: spec}, nil)
		if ev.Passed || ev.Err == nil || ev.Err.Kind != engine.Interrupted {
			t.Errorf("%s: %+v", kind, ev)
		}
	}
}

type brokenEnv struct{ *env }

func (brokenEnv) Query(context.Context, engine.Backend, string) (engine.RowWindow, error) {
	panic("a defect")
}

type strangeEnv struct{ *env }

func (strangeEnv) Query(context.Context, engine.Backend, string) (engine.RowWindow, error) {
	return engine.RowWindow{}, errors.New("connection reset by peer, password=hunter2")
}

func TestDefectsBecomeErrors(t *testing.T) {
	ev := run(t, brokenEnv{newEnv(t)}, "rows", m{"table": "leads", "equals": 6}, nil)
	if ev.Passed || ev.Err == nil {
		t.Fatalf("%+v", ev)
	}
	ev = run(t, strangeEnv{newEnv(t)}, "rows", m{"table": "leads", "equals": 6}, nil)
	if ev.Passed || ev.Err == nil || strings.Contains(ev.Err.Error(), "hunter2") {
		t.Fatalf("%+v", ev)
	}
	ev = run(t, newEnv(t), "magic", m{}, nil)
	if ev.Passed || ev.Err == nil || ev.Err.Kind != engine.Usage {
		t.Fatalf("%+v", ev)
	}
}

func TestObservedIsInert(t *testing.T) {
	ev := run(t, newEnv(t), "sql", m{"backend": "duckdb", "query": "select chr(27) || '[2J' || repeat('x', 5000)", "value": "y"}, nil)
	if strings.ContainsRune(ev.Observed, 0x1b) || len(ev.Observed) > 400 {
		t.Fatalf("%q", ev.Observed)
	}
}

func TestTimeLimitOfSQL(t *testing.T) {
	ev := run(t, newEnv(t), "sql", m{"backend": "duckdb", "within": "50ms", "value": 1,
		"query": "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = 3"}, nil)
	if ev.Passed || ev.Err != nil || !strings.Contains(ev.Observed, "50ms") {
		t.Fatalf("%+v %v", ev, ev.Err)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		spec m
		says string
	}{
		"unknown kind":       {"magic", m{}, "the kinds are file, load, process, rows, sql"},
		"unknown key":        {"rows", m{"table": "a", "equals": 1, "colums": 2}, `unknown key "colums"`},
		"missing key":        {"rows", m{"equals": 1}, `key "table" is missing`},
		"mistyped":           {"rows", m{"table": "a", "equals": "many"}, `key "equals" must be a integer, not many`},
		"fraction":           {"rows", m{"table": "a", "equals": 1.5}, "integer"},
		"negative":           {"rows", m{"table": "a", "equals": -1}, "negative"},
		"nothing expected":   {"rows", m{"table": "a"}, "equals, min or max"},
		"both":               {"rows", m{"table": "a", "equals": 1, "min": 1}, "give equals"},
		"backend":            {"sql", m{"query": "select 1", "value": 1, "backend": "oracle"}, "postgres or duckdb"},
		"two expectations":   {"sql", m{"query": "select 1", "value": 1, "equals": "select 1"}, "give one of"},
		"no expectation":     {"sql", m{"query": "select 1"}, "say what"},
		"rows not rows":      {"sql", m{"query": "select 1", "rows": []any{1, 2}}, "list of rows"},
		"outside":            {"file", m{"path": "../secret"}, "inside the workspace"},
		"absolute":           {"file", m{"path": "/etc/passwd"}, "inside the workspace"},
		"bad pattern":        {"file", m{"path": "a", "matches": "("}, "matches"},
		"needs equals":       {"file", m{"path": "a", "ordered": true}, "needs equals"},
		"digest":             {"file", m{"path": "a", "sha256": "12"}, "64"},
		"load of nothing":    {"load", m{"lab": "load"}, "beside the lab"},
		"load false":         {"load", m{"lab": "load", "sums": false}, "left out"},
		"load mode":          {"load", m{"lab": "load", "mode": "merge"}, "append, replace or upsert"},
		"process dir":        {"process", m{"command": "true", "dir": "../x"}, "inside the workspace"},
		"process time":       {"process", m{"command": "true", "within": 5}, "duration"},
		"process pattern":    {"process", m{"command": "true", "stdout_matches": "["}, "stdout_matches"},
		"process env":        {"process", m{"command": "true", "env": m{"A": []any{1}}}, "names with texts"},
		"process output cap": {"process", m{"command": "true", "output_limit": 0}, "above 0"},
	} {
		err := check.Validate(engine.Criterion{Kind: c.kind, Spec: c.spec})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, k := range check.Kinds() {
		if k.About == "" || len(k.Keys) == 0 {
			t.Errorf("kind %s says nothing of itself", k.Name)
		}
	}
}
