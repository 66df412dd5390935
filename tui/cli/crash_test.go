package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pipewright/engine/lab/labtest"
)

// The size of what is killed: long enough to be hit in every phase, short enough for the number of hits.
const (
	crashRows   = 100_000
	crashFew    = 20_000 // for the way that takes longest
	crashBase   = 1_000  // rows that were there before
	crashShared = 400    // of them, known to the file by their key
	crashSeed   = 20250301
)

// workbench is the program as a process of its own.
type workbench struct {
	t   testing.TB
	dir string
	env []string
}

func newWorkbench(t testing.TB, env ...string) *workbench {
	dir := t.TempDir()
	w := &workbench{t: t, dir: dir}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DATABASE_URL=") && !strings.HasPrefix(v, "PIPEWRIGHT_") && !strings.HasPrefix(v, "NO_COLOR=") {
			w.env = append(w.env, v)
		}
	}
	w.env = append(w.env, "PIPEWRIGHT_WORKSPACE="+filepath.Join(dir, "ws"), "TERM=xterm")
	w.env = append(w.env, env...)
	return w
}

func (w *workbench) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0], cmd.Env, cmd.Dir = "pipewright", w.env, w.dir
	return cmd
}

// run runs a command to its end and gives what it printed. It fails the test unless the exit code is code.
func (w *workbench) run(code int, args ...string) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd := w.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if got := exitCode(w.t, cmd.Run()); got != code {
		w.t.Fatalf("pipewright %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	return out.String()
}

func exitCode(t testing.TB, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// A crashCase is one way of loading, with what the table holds before and after, as a sum over its rows.
type crashCase struct {
	name    string
	table   string
	args    []string
	restore []string // makes the table as it was before
	key     string   // what makes a row one row
	before  tableSum
	after   tableSum
	took    time.Duration
}

// tableSum tells two contents of a table apart: the rows, the different keys, and a sum over all values.
type tableSum struct {
	rows, keys int64
	hash       string
}

func crashCases() []*crashCase {
	leads := []string{"truncate leads", "insert into leads select * from leads_base"}
	events := []string{"truncate events", "insert into events select * from events_base"}
	return []*crashCase{
		{name: "append", table: "leads", key: "email", args: []string{"load", "file.csv", "--table", "leads"}, restore: leads},
		{name: "replace", table: "leads", key: "email", args: []string{"load", "file.csv", "--table", "leads", "--mode", "replace"}, restore: leads},
		{name: "upsert", table: "leads", key: "email", args: []string{"load", "few.csv", "--table", "leads", "--mode", "upsert"}, restore: leads},
		{name: "no key", table: "events", key: "company_name", args: []string{"load", "file.csv", "--table", "events", "--schema", "infer"}, restore: events},
	}
}

// crashFiles writes the file that is loaded and the one that was loaded before it.
func crashFiles(t testing.TB, dir string) {
	t.Helper()
	var file, base strings.Builder
	few := 0
	file.WriteString(leadsHeader)
	base.WriteString(leadsHeader)
	for i := range crashRows {
		if i == crashFew {
			few = file.Len()
		}
		fmt.Fprintf(&file, "Company %d,Person %d,person%d@example.com,Retail,Contacted,2025-03-01 10:00:00\n", i, i, i)
	}
	for i := range crashBase {
		n := crashRows + i
		if i < crashShared {
			n = i * (crashFew / crashShared)
		}
		fmt.Fprintf(&base, "Old %d,Person %d,person%d@example.com,Retail,New,2025-01-01 10:00:00\n", n, n, n)
	}
	for name, text := range map[string]string{"file.csv": file.String(), "few.csv": file.String()[:few], "base.csv": base.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// prepare makes the tables with what was there before, and loads each case once, undisturbed, to know what
// comes after and how long it takes.
func prepare(w *workbench, db func(...string) []string, cases []*crashCase) {
	w.t.Helper()
	crashFiles(w.t, w.dir)
	w.run(0, "load", "base.csv", "--table", "leads", "--quiet")
	w.run(0, "load", "base.csv", "--table", "events", "--schema", "infer", "--quiet")
	db("create table leads_base as select * from leads", "create table events_base as select * from events")
	for _, c := range cases {
		db(c.restore...)
		c.before = sumOf(db, c)
		begun := time.Now()
		w.run(0, append(c.args, "--quiet")...)
		c.took = time.Since(begun)
		c.after = sumOf(db, c)
		if c.before == c.after || c.before.rows != crashBase {
			w.t.Fatalf("%s: before %+v, after %+v", c.name, c.before, c.after)
		}
		forget(db, c)
	}
}

// forget puts the table back, and has the ledger of a table without a key forget the file.
func forget(db func(...string) []string, c *crashCase) {
	db(c.restore...)
	if c.table == "events" {
		// A table that was rewritten by somebody else is another table: only its rows and the ledger say what is in it.
		for _, ledger := range db("select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname = 'pipewright'") {
			db("delete from " + ledger)
		}
	}
}

func sumOf(db func(...string) []string, c *crashCase) tableSum {
	row := strings.Split(db(fmt.Sprintf(`select count(*) || ' ' || count(distinct %s) || ' ' ||
		coalesce(sum(hashtextextended(concat_ws('|', company_name, contact_person, email, industry, status), 0)::numeric), 0) from %s`, c.key, c.table))[0], " ")
	rows, _ := strconv.ParseInt(row[0], 10, 64)
	keys, _ := strconv.ParseInt(row[1], 10, 64)
	return tableSum{rows, keys, row[2]}
}

// tally is what the crashes did.
type tally struct{ kills, before, after, lost, doubled int64 }

// settle looks at the table behind a crash, loads again, and counts.
func (n *tally) settle(w *workbench, db func(...string) []string, c *crashCase, moment time.Duration) {
	w.t.Helper()
	n.kills++
	switch now := sumOf(db, c); now {
	case c.before:
		n.before++
	case c.after:
		n.after++
	default:
		w.t.Errorf("%s, killed after %v: the table is neither as before nor as after: %+v (before %+v, after %+v)", c.name, moment, now, c.before, c.after)
	}
	begun := time.Now()
	w.run(0, append(c.args, "--quiet")...)
	c.took = time.Since(begun) // as long as the next one takes, whatever else the machine does
	again := sumOf(db, c)
	n.lost += max(0, c.after.keys-again.keys)
	n.doubled += again.rows - again.keys - (c.after.rows - c.after.keys)
	if again != c.after {
		w.t.Errorf("%s, killed after %v and loaded again: %+v, want %+v", c.name, moment, again, c.after)
	}
	forget(db, c)
}

func (n *tally) report(t testing.TB, what string) {
	t.Logf("%s killed %d times: %d as before, %d as after, %d rows lost, %d rows doubled", what, n.kills, n.before, n.after, n.lost, n.doubled)
	if n.lost != 0 || n.doubled != 0 {
		t.Errorf("%d rows lost, %d rows doubled", n.lost, n.doubled)
	}
}

// Whenever the workbench dies, the table is as it was or as it should be, and the same command again makes it so.
func TestAKilledWorkbenchLosesAndDoublesNothing(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 8
	}
	dsn := labtest.Database(t)
	db := asker(t, func() string { return dsn })
	w := newWorkbench(t, "DATABASE_URL="+dsn)
	cases := crashCases()
	prepare(w, db, cases)
	rng := rand.New(rand.NewPCG(crashSeed, 1))
	var n tally
	for i := range kills {
		c := cases[i%len(cases)]
		moment := time.Duration(rng.Float64() * 1.15 * float64(c.took))
		cmd := w.command(append(c.args, "--quiet")...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(moment)
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		// The server notices by itself that its client is gone; until then the table is locked.
		gone(t, db)
		n.settle(w, db, c, moment)
	}
	for _, c := range cases {
		t.Logf("%s: the last one took %v", c.name, c.took)
	}
	n.report(t, "the workbench was")
}

// gone waits until nothing of the workbench works on the server any more.
func gone(t testing.TB, db func(...string) []string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if db("select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()")[0] == "0" {
			return
		}
		db("select pg_sleep(0.02)::text")
	}
	t.Fatal("something of a killed workbench still works on the server after 20 s")
}

// Whenever the server dies, the load says so and ends, and the next one finds a server and makes the table right.
func TestAKilledServerLosesAndDoublesNothing(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 2
	}
	w := newWorkbench(t)
	t.Cleanup(func() { w.run(0, "db", "stop", "--quiet") })
	w.run(0, "db", "start", "--quiet")
	db := asker(t, func() string { return strings.TrimSpace(w.run(0, "db", "dsn", "--quiet")) })
	cases := crashCases()
	prepare(w, db, cases)
	rng := rand.New(rand.NewPCG(crashSeed, 2))
	var n tally
	for i := range kills {
		c := cases[i%len(cases)]
		moment := time.Duration(rng.Float64() * float64(c.took))
		postmaster := postmasterOf(t, w)
		cmd := w.command(append(c.args, "--quiet")...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(moment)
		sig := syscall.SIGKILL
		if i%2 == 1 {
			sig = syscall.SIGQUIT // PostgreSQL's immediate shutdown
		}
		if err := syscall.Kill(postmaster, sig); err != nil {
			t.Fatal(err)
		}
		code := waitFor(t, cmd, 30*time.Second)
		if code != 0 && code != 1 && code != 3 || strings.Contains(errs.String(), "panic") {
			t.Errorf("%s, server killed after %v: exit code %d\n%s", c.name, moment, code, errs.String())
		}
		n.settle(w, db, c, moment)
	}
	n.report(t, "the server was")
}

// waitFor waits for a process that must end by itself.
func waitFor(t testing.TB, cmd *exec.Cmd, limit time.Duration) int {
	t.Helper()
	timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !timer.Stop() {
		t.Fatalf("it did not end within %v", limit)
	}
	return exitCode(t, err)
}

func postmasterOf(t testing.TB, w *workbench) int {
	t.Helper()
	var status struct {
		DataDir string `json:"data_dir"`
	}
	if err := json.Unmarshal([]byte(w.run(0, "db", "start", "--json", "--quiet")), &status); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(status.DataDir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// asker runs statements past the program, each time on a new connection, since the server may have been killed. It
// gives the first column of the last statement's rows as text.
func asker(t testing.TB, dsn func() string) func(...string) []string {
	ctx := context.Background()
	return func(statements ...string) []string {
		t.Helper()
		conn, err := pgx.Connect(ctx, dsn())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		var out []string
		for _, s := range statements {
			rows, err := conn.Query(ctx, s)
			if err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			out = nil
			for rows.Next() {
				v, err := rows.Values()
				if err != nil {
					t.Fatalf("%s: %v", s, err)
				}
				out = append(out, fmt.Sprint(v[0]))
			}
			if err := rows.Err(); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		return out
	}
}
