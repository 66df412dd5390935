package lab_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/engine/lab/labtest"
)

func TestMain(m *testing.M) { labtest.Main(m) }

func openLab(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.Open(t.Context(), lab.Options{Workspace: engine.Workspace{Dir: t.TempDir()}, DSN: labtest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// ask submits a request and gives its events and its end.
func ask(t *testing.T, l *lab.Lab, r engine.Request) ([]engine.Event, engine.Ended) {
	t.Helper()
	j, err := l.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var all []engine.Event
	for {
		ev, ok := j.Next(t.Context())
		if !ok {
			t.Fatal("the job ended without an end")
		}
		if end, ok := ev.(engine.Ended); ok {
			return all, end
		}
		all = append(all, ev)
	}
}

func TestAResultScrollsBothWaysOnEachBackend(t *testing.T) {
	for b, series := range map[engine.Backend]string{
		engine.Postgres: "generate_series(0, 99999) n",
		engine.DuckDB:   "range(100000) t(n)",
	} {
		t.Run(string(b), func(t *testing.T) {
			l := openLab(t)
			events, end := ask(t, l, engine.RunQuery{Backend: b, Scroll: true,
				SQL: "create table before_it (a int); select n from " + series + " order by n"})
			if end.State != engine.JobDone {
				t.Fatal(end.Err)
			}
			var open *engine.ResultOpen
			var statements int
			for _, ev := range events {
				switch ev := ev.(type) {
				case engine.ResultOpen:
					open = &ev
				case engine.ResultEnd:
					statements++
				}
			}
			if open == nil || open.Statement != 1 || statements != 1 {
				t.Fatalf("open %+v after %d statements", open, statements)
			}
			for _, first := range []int64{50_000, 10, 99_990, 0, -5} {
				w, err := open.Result.Rows(t.Context(), first, 5)
				if err != nil {
					t.Fatal(err)
				}
				want := first
				if first < 0 {
					want = 100_000 + first
				}
				if len(w.Rows) != 5 || w.First != want || w.Rows[0][0].Text != fmt.Sprint(want) {
					t.Fatalf("rows from %d: %+v", first, w)
				}
			}
			open.Result.Close()
			open.Result.Close()
		})
	}
}

func TestClosingTheLabClosesOpenResults(t *testing.T) {
	l := openLab(t)
	events, end := ask(t, l, engine.RunQuery{Scroll: true, SQL: "select 1"})
	if end.Err != nil {
		t.Fatal(end.Err)
	}
	var r engine.Result
	for _, ev := range events {
		if o, ok := ev.(engine.ResultOpen); ok {
			r = o.Result
		}
	}
	l.Close()
	if _, err := r.Rows(context.Background(), 0, 1); err == nil {
		t.Fatal("rows of a closed result")
	}
	if _, err := l.Submit(context.Background(), engine.Diagnose{}); err == nil {
		t.Fatal("a closed lab took a request")
	}
}

func TestAnErrorInTheLastStatementIsPlacedInTheWholeText(t *testing.T) {
	l := openLab(t)
	const text = "select 1;\nselect nmbr from (select 1 as number) x"
	_, end := ask(t, l, engine.RunQuery{Scroll: true, SQL: text})
	var e *engine.Error
	if !errors.As(end.Err, &e) || end.State != engine.JobFailed {
		t.Fatalf("%+v", end)
	}
	if e.SQL != text || e.Position != 18 {
		t.Fatalf("position %d in %q", e.Position, e.SQL)
	}
}

func TestADatabaseThatIsNotThereIsUnavailable(t *testing.T) {
	l, err := lab.Open(t.Context(), lab.Options{Workspace: engine.Workspace{Dir: t.TempDir()}, DSN: "postgres://nobody@127.0.0.1:1/none"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, end := ask(t, l, engine.RunQuery{SQL: "select 1"})
	if end.Err == nil || end.Err.Kind != engine.Unavailable {
		t.Fatalf("%+v", end.Err)
	}
}

func TestABadPathIsToldBeforeABackendIsAskedFor(t *testing.T) {
	l, err := lab.Open(t.Context(), lab.Options{Workspace: engine.Workspace{Dir: t.TempDir()}, DSN: "postgres://nobody@127.0.0.1:1/none"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, end := ask(t, l, engine.LoadCSV{Path: t.TempDir() + "/missing.csv", Table: "leads", Schema: "leads"})
	if end.Err == nil || end.Err.Kind == engine.Unavailable {
		t.Fatalf("%+v", end.Err)
	}
}
