package duck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pipewright/engine"
)

// holdVariable makes the test program a second process that holds a database file open.
const holdVariable = "PIPEWRIGHT_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		hold(path)
		return
	}
	os.Exit(m.Run())
}

// hold opens a file, says so, and keeps it until its input ends.
func hold(path string) {
	d := New(Options{Path: path})
	q, err := d.QueryConn(context.Background())
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = q.Close()
	d.Close()
	fmt.Println("closed")
}

// holder starts a process that holds a file. What it gives back lets the file go.
func holder(t *testing.T, path string) (pid int, release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdVariable+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil || line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	release = sync.OnceFunc(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	t.Cleanup(release)
	return cmd.Process.Pid, release
}

// told is an error as people are told it.
func told(err error) (*engine.Error, bool) {
	var e *engine.Error
	ok := errors.As(err, &e)
	return e, ok
}

func exec1(t testing.TB, q *QueryConn, sql string) [][]engine.Cell {
	t.Helper()
	var rows [][]engine.Cell
	_, err := q.Stream(context.Background(), sql, 0, func([]engine.Column) error { return nil },
		func(b [][]engine.Cell) error { rows = append(rows, b...); return nil })
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

func TestAnotherProcessHoldsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "crm_dev.duckdb")
	pid, release := holder(t, path)
	var states []engine.BackendStatus
	d := New(Options{Path: path, OnStatus: func(s engine.BackendStatus) { states = append(states, s) }})
	_, err := d.QueryConn(context.Background())
	e := new(engine.Error)
	if !errors.As(err, &e) || e.Kind != engine.Unavailable || !strings.Contains(e.What, fmt.Sprintf("process %d ", pid)) || e.Next == "" {
		t.Errorf("%v", err)
	}
	t.Log(err)
	if s := d.Status(); s.State != engine.StateFailed || !strings.Contains(s.Sentence, "in use by process") || len(states) == 0 {
		t.Errorf("%+v", s)
	}
	if err := d.Reset(context.Background()); !errors.As(err, &e) || e.Kind != engine.Unavailable {
		t.Errorf("reset: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.QueryConn(ctx); !errors.As(err, &e) || e.Kind != engine.Interrupted {
		t.Errorf("cancelled: %v", err)
	}
	// One who waits gets the file when the other lets it go.
	time.AfterFunc(300*time.Millisecond, release)
	q, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = q.Close()
	d.Close()
}

func TestTheFileIsLetGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm_dev.duckdb")
	closed := make(chan struct{}, 10)
	d := New(Options{Path: path, OnStatus: func(s engine.BackendStatus) {
		if strings.Contains(s.Sentence, "closed until") {
			closed <- struct{}{}
		}
	}})
	defer d.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("New has made the file")
	}
	q, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, q, "create table t as select 42 as a")
	_ = q.Close()
	<-closed
	// Another process gets it, and sees what was written.
	_, release := holder(t, path)
	release()
	q, err = d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if rows := exec1(t, q, "select a from t"); rows[0][0].Text != "42" {
		t.Error(rows)
	}
	if err := d.Stop(context.Background()); err == nil {
		t.Error("stopped while in use")
	}
	_ = q.Close()
	if err := d.Stop(context.Background()); err != nil || d.Status().State != engine.StateDown {
		t.Errorf("%v %+v", err, d.Status())
	}
}

func TestSessionsShareTheFile(t *testing.T) {
	d := New(Options{Path: filepath.Join(t.TempDir(), "a b ü", "crm_dev.duckdb")})
	defer d.Close()
	q, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, q, "create table t (a int)")
	db, err := d.DB(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("insert into t values (1), (2)"); err != nil {
		t.Fatal(err)
	}
	if rows := exec1(t, q, "select sum(a) from t"); rows[0][0].Text != "3" {
		t.Error(rows)
	}
	_ = q.Close()
	if err := d.Stop(context.Background()); err == nil {
		t.Error("stopped under the other session")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			q, err := d.QueryConn(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			exec1(t, q, fmt.Sprintf("insert into t values (%d)", i))
			_ = q.Close()
		})
	}
	group.Wait()
	s := d.Inspect(context.Background())
	if s.State != engine.StateUp || s.Version == "" || len(s.Settings) < 4 {
		t.Errorf("%+v", s)
	}
	for _, x := range s.Settings {
		if x.Name == "autoinstall_known_extensions" && x.Value != "false" || x.Name == "temp_directory" && !strings.Contains(x.Value, "a b ü") {
			t.Errorf("%+v", x)
		}
	}
	if err := d.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	q, err = d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if rows := exec1(t, q, "show tables"); len(rows) != 0 {
		t.Error(rows)
	}
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	text, damaged := filepath.Join(dir, "text.duckdb"), filepath.Join(dir, "damaged.duckdb")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	d := New(Options{Path: damaged})
	q, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, q, "create table t as select i from range(100000) t(i)")
	_ = q.Close()
	d.Close()
	content, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < 12288; i++ {
		content[i] ^= 0xff
	}
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, damaged} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := New(Options{Path: path})
		err = d.Start(context.Background())
		e := new(engine.Error)
		if !errors.As(err, &e) || e.Kind != engine.Failed || e.Where != path || e.Next == "" || strings.Contains(e.What, "\n") {
			t.Errorf("%v", err)
		}
		t.Log(err)
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(before) {
			t.Errorf("%s was touched: %v", path, err)
		}
		if err := d.Reset(context.Background()); err != nil {
			t.Errorf("reset: %v", err)
		}
		d.Close()
		if _, err := d.QueryConn(context.Background()); err == nil {
			t.Error("opened when closed")
		}
	}
}

func TestAPlaceThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := New(Options{Path: filepath.Join(file, "crm.duckdb")}).Start(context.Background())
	if e := new(engine.Error); !errors.As(err, &e) || e.What == "" || e.Next == "" {
		t.Errorf("%v", err)
	}
}
