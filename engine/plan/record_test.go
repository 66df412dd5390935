//go:build unix

package plan

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/txtar"

	"pipewright/engine/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var record = flag.Bool("record", false, "store what the server prints as testdata/corpus/pgMAJOR.txtar")

// recorded is a query of testdata/queries.sql: settings or a PREPARE, then the statement to explain.
type recorded struct {
	name   string
	before []string
	sql    string
}

func recordedQueries(t testing.TB) []recorded {
	var out []recorded
	for _, block := range strings.Split(readTestdata(t, "queries.sql"), "-- ")[1:] {
		name, sql, _ := strings.Cut(block, "\n")
		parts := strings.Split(strings.TrimSuffix(strings.TrimSpace(sql), ";"), "; ")
		last := parts[len(parts)-1]
		last = strings.Replace(last, "explain_execute", "execute", 1)
		out = append(out, recorded{name, parts[:len(parts)-1], last})
	}
	return out
}

// TestLiveServer runs every query on the server at hand, in each form, and holds the forms of one
// execution against each other.
func TestLiveServer(t *testing.T) {
	ctx := context.Background()
	dsn := pgtest.Database(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	var seen string
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if strings.Contains(n.Message, "plan:") {
			seen = "LOG:  " + n.Message
		}
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range []string{
		readTestdata(t, "setup.sql"), "load 'auto_explain'", "set auto_explain.log_min_duration = 0", "set auto_explain.log_analyze = on",
		"set auto_explain.log_buffers = on", "set auto_explain.log_wal = on", "set auto_explain.log_triggers = on",
		"set auto_explain.log_settings = on", "set track_io_timing = on", "set client_min_messages = log", "set max_parallel_workers_per_gather = 2", "set jit = off",
	} {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
	}
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		t.Fatal(err)
	}
	archive := &txtar.Archive{Comment: fmt.Appendf(nil, "Plans of PostgreSQL %d: each execution twice, in JSON by EXPLAIN and in another form by auto_explain.\n", version)}
	for i, q := range recordedQueries(t) {
		t.Run(q.name, func(t *testing.T) {
			for _, form := range []string{"text", "yaml", "xml"} {
				seen = ""
				js := explainOnce(t, conn, q, form, version)
				if js == "" {
					t.Skip("this version of the server has no such statement")
				}
				if seen == "" {
					t.Fatal("auto_explain said nothing")
				}
				a, b := parseOne(t, js), parseOne(t, seen)
				checkOracle(t, js, a)
				if got, want := picture(b), picture(a); got != want {
					t.Errorf("%s differs from JSON:\n%s", form, diffLines(want, got))
				}
				checkArithmetic(t, a)
				if form == "yaml" && i%2 == 0 || form == "xml" && i%2 == 1 {
					continue // stored for every other query
				}
				archive.Files = append(archive.Files, txtar.File{Name: q.name + ".json", Data: []byte(js + "\n")},
					txtar.File{Name: q.name + "." + form, Data: []byte(strings.TrimRight(seen, "\n") + "\n")})
			}
		})
	}
	if *record {
		name := filepath.Join("testdata", "corpus", fmt.Sprintf("pg%d.txtar", version))
		if err := os.WriteFile(name, bytes.ReplaceAll(txtar.Format(archive), []byte("\r\n"), []byte("\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// explainOnce runs a query once and gives its plan in JSON; auto_explain's form comes as a notice. The
// transaction is rolled back.
func explainOnce(t *testing.T, conn *pgx.Conn, q recorded, form string, version int) string {
	t.Helper()
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx); _, _ = conn.Exec(ctx, "deallocate all") }()
	verbose := "off"
	if len(q.name)%2 == 0 {
		verbose = "on"
	}
	for _, s := range append([]string{"set local auto_explain.log_format = " + form, "set local auto_explain.log_verbose = " + verbose}, q.before...) {
		s = strings.Replace(s, "set ", "set local ", 1)
		s = strings.Replace(s, "local local", "local", 1)
		if version >= 16 {
			s = strings.Replace(s, "force_parallel_mode", "debug_parallel_query", 1)
		}
		if _, err := tx.Exec(ctx, s); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
	}
	var js string
	err = tx.QueryRow(ctx, "explain (analyze, buffers, wal, settings, format json, verbose "+verbose+") "+q.sql).Scan(&js)
	if err != nil {
		if version < 15 && strings.HasPrefix(q.sql, "merge") {
			return ""
		}
		t.Fatal(err)
	}
	return js
}

// TestOptions runs queries with options that leave figures out or add some, in each form. Nothing in
// them depends on time, so that four executions are alike.
func TestOptions(t *testing.T) {
	ctx := context.Background()
	config, err := pgx.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, readTestdata(t, "setup.sql")+"; set jit = off; set max_parallel_workers_per_gather = 0"); err != nil {
		t.Fatal(err)
	}
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		t.Fatal(err)
	}
	options := []string{"", "costs off", "verbose", "settings", "analyze, timing off, summary off, buffers off", "analyze, timing off, costs off, summary off, buffers off", "analyze, timing off, summary off, verbose, wal, buffers off"}
	if version >= 16 {
		options = append(options, "generic_plan")
	}
	if version >= 17 {
		options = append(options, "memory", "memory, costs off")
	}
	for _, option := range options {
		t.Run(option, func(t *testing.T) {
			for _, q := range recordedQueries(t) {
				if strings.HasPrefix(q.name, "jit") || strings.Contains(q.name, "parallel") || strings.HasPrefix(q.name, "gather") || strings.HasPrefix(q.name, "single") || strings.HasPrefix(q.sql, "execute") || strings.Contains(option, "analyze") && writing(q.sql) {
					continue
				}
				want := ""
				if strings.Contains(option, "analyze") { // the first to meet a row that was rolled back marks it as dead
					explainAs(t, conn, q, option, "json", version)
				}
				for _, form := range []string{"json", "text", "yaml", "xml"} {
					text := explainAs(t, conn, q, option, form, version)
					if text == "" {
						break
					}
					got := picture(parseOne(t, text))
					if form == "json" {
						want = got
					} else if got != want {
						t.Errorf("%s in %s differs from JSON:\n%s\n%s", q.name, form, diffLines(want, got), text[:min(len(text), 1500)])
					}
				}
			}
		})
	}
}

func explainAs(t *testing.T, conn *pgx.Conn, q recorded, option, form string, version int) string {
	t.Helper()
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, s := range q.before {
		if _, err := tx.Exec(ctx, strings.Replace(s, "set ", "set local ", 1)); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("explain (%s format %s) %s", strings.TrimPrefix(option+", ", ", "), form, q.sql))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		if version < 15 && strings.HasPrefix(q.sql, "merge") {
			return ""
		}
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// writing says whether a query leaves dead rows, which the estimates of the next one count.
func writing(sql string) bool {
	for _, word := range []string{"insert ", "update ", "delete ", "merge ", "with gone"} {
		if strings.HasPrefix(sql, word) {
			return true
		}
	}
	return false
}
