//go:build unix

package load_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
	"pipewright/engine/internal/duck"
	"pipewright/engine/internal/postgres"
	"pipewright/engine/internal/postgres/pgtest"
	"pipewright/engine/load"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// place is a database of one backend.
type place interface {
	name() engine.Backend
	sink() load.Sink
	// rows runs a statement and gives what it returns, as text; NULL is "∅".
	rows(sql string) [][]string
}

// onBoth runs a test on each backend, in a fresh database.
func onBoth(t *testing.T, f func(t *testing.T, p place)) {
	t.Run("postgres", func(t *testing.T) { f(t, newPostgres(t)) })
	t.Run("duckdb", func(t *testing.T) { f(t, newDuck(t)) })
}

type postgresPlace struct {
	t      testing.TB
	dsn    string
	config *pgconn.Config
	conn   *pgx.Conn
}

func newPostgres(t testing.TB) *postgresPlace {
	t.Helper()
	dsn := pgtest.Database(t)
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := &postgresPlace{t, dsn, config, connect(t, dsn)}
	t.Cleanup(func() { _ = p.conn.Close(context.Background()) })
	return p
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (p *postgresPlace) name() engine.Backend { return engine.Postgres }
func (p *postgresPlace) sink() load.Sink      { return postgres.NewLoadSink(p.config) }

func (p *postgresPlace) rows(sql string) [][]string {
	p.t.Helper()
	results, err := p.conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
	var out [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			line := make([]string, len(row))
			for i, v := range row {
				line[i] = "∅"
				if v != nil {
					line[i] = string(v)
				}
			}
			out = append(out, line)
		}
	}
	return out
}

type duckPlace struct {
	t  testing.TB
	db *sql.DB
}

func newDuck(t testing.TB) *duckPlace {
	t.Helper()
	c, err := duckdb.NewConnector(filepath.Join(t.TempDir(), "test.duckdb"), nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() { _ = db.Close() })
	return &duckPlace{t, db}
}

func (p *duckPlace) name() engine.Backend { return engine.DuckDB }
func (p *duckPlace) sink() load.Sink      { return duck.NewLoadSink(p.db) }

func (p *duckPlace) rows(query string) [][]string {
	p.t.Helper()
	rows, err := p.db.Query(query)
	if err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, _ := rows.Columns()
	var out [][]string
	for rows.Next() {
		values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			p.t.Fatalf("%s: %v", query, err)
		}
		line := make([]string, len(columns))
		for i, v := range values {
			line[i] = "∅"
			if v.Valid {
				line[i] = v.String
			}
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return out
}

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// run is what a load did.
type run struct {
	loaded     engine.Loaded
	notes      []string
	progress   int
	quarantine [][]string // without the header
	err        *engine.Error
}

// loading is one load of a test.
type loading struct {
	ws   engine.Workspace
	req  engine.LoadCSV
	o    load.Options
	ctx  context.Context
	seen func(engine.Event)
}

func newLoading(t testing.TB, content string) *loading {
	t.Helper()
	l := &loading{ws: engine.Workspace{Dir: t.TempDir()}, ctx: context.Background()}
	l.write(t, content)
	return l
}

func (l *loading) write(t failer, content string) {
	t.Helper()
	if l.req.Path == "" {
		l.req.Path = filepath.Join(l.ws.Dir, "file.csv")
	}
	if err := os.WriteFile(l.req.Path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (l *loading) into(table, schema string) *loading {
	l.req.Table, l.req.Schema = table, schema
	return l
}

func (l *loading) mode(m engine.Mode) *loading {
	l.req.Mode = m
	return l
}

// on runs the load and checks what holds for every one.
func (l *loading) on(t failer, p place) run {
	t.Helper()
	var r run
	l.req.Backend = p.name()
	l.o.Workspace = l.ws
	var mu sync.Mutex
	ends := 0
	err := load.Run(l.ctx, p.sink(), l.req, l.o, func(e engine.Event) {
		if !mu.TryLock() {
			t.Error("two events at once")
			return
		}
		defer mu.Unlock()
		if l.seen != nil {
			l.seen(e)
		}
		switch e := e.(type) {
		case engine.Loaded:
			r.loaded = e
			ends++
		case engine.Note:
			r.notes = append(r.notes, e.Text)
		case engine.Progress:
			r.progress++
		}
	})
	if err != nil {
		if !errors.As(err, &r.err) {
			t.Fatalf("not an *engine.Error: %T %v", err, err)
		}
		if ends != 0 {
			t.Error("a failed load says Loaded")
		}
		l.noLeftovers(t)
		return r
	}
	if ends != 1 {
		t.Errorf("%d Loaded events", ends)
	}
	d := r.loaded
	if d.RowsRead != d.Accepted+d.Rejected+d.Duplicates {
		t.Errorf("read %d ≠ accepted %d + rejected %d + duplicates %d", d.RowsRead, d.Accepted, d.Rejected, d.Duplicates)
	}
	r.quarantine = readQuarantine(t, d.Quarantine)
	if int64(len(r.quarantine)) != d.Rejected+d.Duplicates {
		t.Errorf("%d rows in the quarantine, %d rejected and %d duplicates", len(r.quarantine), d.Rejected, d.Duplicates)
	}
	l.noLeftovers(t)
	return r
}

func readQuarantine(t failer, path string) [][]string {
	t.Helper()
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "row,line,column,value,reason,record" {
		t.Errorf("the quarantine's header is %q", got)
	}
	return rows[1:]
}

// noLeftovers checks that no scratch or half-written file stays.
func (l *loading) noLeftovers(t failer) {
	t.Helper()
	for _, dir := range []string{l.ws.State(), l.ws.Reports()} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".tmp") {
				t.Errorf("%s is left behind", e.Name())
			}
		}
	}
}

func same(t failer, what string, got, want [][]string) {
	t.Helper()
	flat := func(rows [][]string) string {
		lines := make([]string, len(rows))
		for i, r := range rows {
			lines[i] = strings.Join(r, " | ")
		}
		return strings.Join(lines, "\n")
	}
	if g, w := flat(got), flat(want); g != w {
		t.Errorf("%s:\n%s\n-- want:\n%s", what, g, w)
	}
}
