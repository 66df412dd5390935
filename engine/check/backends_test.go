package check_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/engine/lab/labtest"
)

func TestMain(m *testing.M) { labtest.Main(m) }

// submit runs a request on a real engine and gives its events.
func submit(t *testing.T, l *lab.Lab, r engine.Request) []engine.Event {
	t.Helper()
	job, err := l.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var out []engine.Event
	for {
		ev, ok := job.Next(t.Context())
		if !ok {
			return out
		}
		out = append(out, ev)
	}
}

func evidence(t *testing.T, l *lab.Lab, c engine.Criterion) engine.Evidence {
	t.Helper()
	for _, ev := range submit(t, l, engine.Check{Criteria: []engine.Criterion{c}}) {
		if e, ok := ev.(engine.Evidence); ok {
			return e
		}
	}
	t.Fatalf("no evidence for %+v", c)
	return engine.Evidence{}
}

// TestOnBothBackends checks the same data on PostgreSQL and on DuckDB, and one against the other,
// through the engine that learners use.
func TestOnBothBackends(t *testing.T) {
	ws := engine.Workspace{Dir: t.TempDir()}
	if err := os.MkdirAll(ws.State(), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := lab.Open(context.Background(), lab.Options{Workspace: ws, DSN: labtest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, b := range []engine.Backend{engine.Postgres, engine.DuckDB} {
		for _, sql := range []string{
			`create table leads (id int, status varchar(50), score numeric(6,2), won boolean, created_at timestamp)`,
			`insert into leads values (1,'New',1.50,true,'2025-01-01 10:00:00'), (2,'New',2.25,false,'2025-01-02'), (3,'Lost',0.10,null,null), (4,null,3,true,'2025-01-04')`,
			`create table nothing (id int)`,
		} {
			evs := submit(t, l, engine.RunQuery{Backend: b, SQL: sql})
			if end, ok := evs[len(evs)-1].(engine.Ended); !ok || end.State != engine.JobDone {
				t.Fatalf("%s: %+v", b, evs[len(evs)-1])
			}
		}
	}
	const every = "select id, status, score, won, created_at from leads"
	if err := os.WriteFile(filepath.Join(ws.Dir, "r.csv"), []byte("created_at,id,status,score,won\n2025-01-01T10:00:00,1,New,1.5,True\n,3,Lost,0.1,\n2025-01-04,4,,3.00,true\n2025-01-02,2,New,2.25,f\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"postgres", "duckdb"} {
		other := map[string]string{"postgres": "duckdb", "duckdb": "postgres"}[b]
		for name, c := range map[string]struct {
			kind string
			spec m
			want bool
		}{
			"value":                {"sql", m{"query": "select sum(score) from leads", "value": 6.85}, true},
			"value off":            {"sql", m{"query": "select sum(score) from leads", "value": 6.86}, false},
			"truth":                {"sql", m{"query": "select won from leads where id = 2", "value": false}, true},
			"against the other":    {"sql", m{"query": every, "equals": every, "equals_backend": other}, true},
			"other, ordered":       {"sql", m{"query": every + " order by id", "equals": every + " order by id", "equals_backend": other, "ordered": true}, true},
			"other, order differs": {"sql", m{"query": every + " order by id", "equals": every + " order by id desc", "equals_backend": other, "ordered": true}, false},
			"other, row missing":   {"sql", m{"query": every, "equals": every + " where id > 1", "equals_backend": other}, false},
			"both empty":           {"sql", m{"query": "select * from nothing", "equals": "select * from nothing", "equals_backend": other}, false},
			"rows":                 {"rows", m{"table": "leads", "where": "status = 'New'", "equals": 2}, true},
			"rows off":             {"rows", m{"table": "leads", "equals": 3}, false},
			"no table":             {"rows", m{"table": "lead", "min": 0}, false},
			"broken":               {"sql", m{"query": "selec 1", "value": 1}, false},
			"file":                 {"file", m{"path": "r.csv", "equals": every}, true},
			"file, other rows":     {"file", m{"path": "r.csv", "equals": every + " where id < 4"}, false},
		} {
			c.spec["backend"] = b
			ev := evidence(t, l, engine.Criterion{ID: "c", Title: "t", Kind: c.kind, Spec: c.spec, Cause: "c", Next: "n"})
			if ev.Passed != c.want || ev.Err != nil {
				t.Errorf("%s on %s: %+v %v", name, b, ev, ev.Err)
			}
			if c.kind != "file" && !strings.Contains(ev.On, "on "+b+" ") {
				t.Errorf("%s on %s: on %q", name, b, ev.On)
			}
		}
	}
}

// TestServerThatIsNotThere checks on an address where nobody listens.
func TestServerThatIsNotThere(t *testing.T) {
	ws := engine.Workspace{Dir: t.TempDir()}
	l, err := lab.Open(context.Background(), lab.Options{Workspace: ws, DSN: "postgres://nobody:secret@127.0.0.1:1/none?connect_timeout=2"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ev := evidence(t, l, engine.Criterion{ID: "c", Kind: "rows", Spec: m{"table": "leads", "min": 0}})
	if ev.Passed || ev.Err == nil || ev.Err.Kind != engine.Unavailable || strings.Contains(ev.Err.Error(), "secret") {
		t.Fatalf("%+v %v", ev, ev.Err)
	}
}
