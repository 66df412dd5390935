package query_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
	"pipewright/engine/internal/duck"
	"pipewright/engine/internal/postgres"
	"pipewright/engine/internal/postgres/pgtest"
	"pipewright/engine/query"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// conn is a query.Conn with its end.
type conn interface {
	query.Conn
	Close() error
}

func openPostgres(t testing.TB, dsn string) *postgres.QueryConn {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := postgres.NewQueryConn(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func openDuck(t testing.TB) *duck.QueryConn {
	t.Helper()
	d := duck.New(duck.Options{Path: filepath.Join(t.TempDir(), "state", "crm_dev.duckdb")})
	c, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		d.Close()
	})
	return c
}

// both runs a test on each backend.
func both(t *testing.T, f func(t *testing.T, c conn)) {
	t.Run("postgres", func(t *testing.T) { f(t, openPostgres(t, pgtest.Database(t))) })
	t.Run("duckdb", func(t *testing.T) { f(t, openDuck(t)) })
}

// result is one gathered result.
type result struct {
	start engine.ResultStart
	rows  [][]engine.Cell
	end   engine.ResultEnd
	ended bool
}

// outcome is all that a run gave.
type outcome struct {
	results []result
	notes   []string
	err     error
}

func run(t testing.TB, c query.Conn, req engine.RunQuery, o query.Options) outcome {
	t.Helper()
	return runContext(t, context.Background(), c, req, o)
}

func runContext(t testing.TB, ctx context.Context, c query.Conn, req engine.RunQuery, o query.Options) outcome {
	t.Helper()
	var out outcome
	out.err = query.Run(ctx, c, req, o, func(e engine.Event) error {
		switch e := e.(type) {
		case engine.ResultStart:
			out.results = append(out.results, result{start: e})
		case engine.ResultRows:
			r := &out.results[len(out.results)-1]
			if e.First != int64(len(r.rows)) || len(e.Rows) == 0 || len(e.Rows) > 1000 {
				t.Errorf("batch of %d rows from %d, after %d rows", len(e.Rows), e.First, len(r.rows))
			}
			r.rows = append(r.rows, e.Rows...)
		case engine.ResultEnd:
			r := &out.results[len(out.results)-1]
			r.end, r.ended = e, true
		case engine.Note:
			out.notes = append(out.notes, e.Text)
		}
		return nil
	})
	return out
}

// told is an error as people are told it.
func told(err error) (*engine.Error, bool) {
	var e *engine.Error
	ok := errors.As(err, &e)
	return e, ok
}

func sqlOf(s string) engine.RunQuery { return engine.RunQuery{SQL: s} }

func texts(rows [][]engine.Cell) string {
	s := ""
	for i, r := range rows {
		if i > 0 {
			s += "/"
		}
		for j, c := range r {
			if j > 0 {
				s += "|"
			}
			if c.Null {
				s += "∅"
			}
			s += c.Text
		}
	}
	return s
}

func TestStatementsEachGiveAResult(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		out := run(t, c, sqlOf(`create table t (a int, b text); insert into t values (1, 'x;y'), (2, null);
			-- a comment; with a semicolon
			select a, b from t order by a; ; insert into t values (3, 'z') returning a;
			update t set b = 'q'; select count(*) as n, true as ok from t;`), query.Options{})
		if out.err != nil {
			t.Fatal(out.err)
		}
		var got []string
		for _, r := range out.results {
			got = append(got, fmt.Sprintf("%s:%d:%s", r.end.Tag, r.end.RowCount, texts(r.rows)))
		}
		want := map[engine.Backend]string{
			engine.Postgres: "[CREATE TABLE:0: INSERT 0 2:2: SELECT 2:2:1|x;y/2|∅ INSERT 0 1:1:3 UPDATE 3:3: SELECT 1:1:3|t]",
			engine.DuckDB:   "[CREATE TABLE:0: INSERT 2:2: SELECT 2:2:1|x;y/2|∅ INSERT 1:1:3 UPDATE 3:3: SELECT 1:1:3|true]",
		}[c.Backend()]
		if fmt.Sprint(got) != want {
			t.Errorf("got  %v\nwant %s", got, want)
		}
	})
}

func TestLimit(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		out := run(t, c, engine.RunQuery{Limit: 3, SQL: `create table t (a int); insert into t select * from generate_series(1, 10) returning a;
			begin; select a from t order by a; select count(*) from t; commit; select 1; select a from t where a <= 3`}, query.Options{})
		if out.err != nil {
			t.Fatal(out.err)
		}
		got := ""
		for _, r := range out.results {
			got += fmt.Sprintf("%d %v %s; ", r.end.RowCount, r.end.Truncated, texts(r.rows))
		}
		if want := "0 false ; 10 true 1/2/3; 0 false ; 3 true 1/2/3; 1 false 10; 0 false ; 1 false 1; 3 false 1/2/3; "; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
