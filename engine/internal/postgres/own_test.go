//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/cluster"
)

func TestAFreshWorkspaceGetsAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	s, heard := newServer(t, Options{})
	if got := s.Status().State; got != engine.StateUnknown {
		t.Errorf("before the first start the state is %s", got)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := heard.until(t, "up", func(b engine.BackendStatus) bool { return b.State == engine.StateUp })
	stages := map[string]bool{}
	for _, b := range all {
		if b.Sentence == "" {
			t.Errorf("a status without a sentence: %+v", b)
		}
		if b.Progress != nil {
			stages[b.Progress.Stage] = true
		}
	}
	for _, stage := range []string{"search", "initdb", "start", "database"} {
		if !stages[stage] {
			t.Errorf("stage %s was not told", stage)
		}
	}
	for sql, want := range map[string]string{
		"select current_database()":                         "crm_dev",
		"select current_user":                               "postgres",
		"select current_setting('server_encoding')":         "UTF8",
		"select current_setting('fsync')":                   "on",
		"select current_setting('full_page_writes')":        "on",
		"select current_setting('synchronous_commit')":      "on",
		"select current_setting('wal_level')":               "minimal",
		"select current_setting('listen_addresses')":        "127.0.0.1",
		"select current_setting('max_wal_size')":            "2GB",
		"select current_setting('unix_socket_directories')": "",
		"select count(*) from pg_authid where rolname = 'postgres' and rolpassword like 'SCRAM-SHA-256$%'": "1",
	} {
		if got := one(t, s, sql); got != want {
			t.Errorf("%s gives %q, want %q", sql, got, want)
		}
	}
	b := s.Status()
	if b.Port == 0 || b.Port == 5432 || b.Version == "" || b.DataDir == "" || b.Path == "" {
		t.Errorf("the status lacks something: %+v", b)
	}
	wantPrivate(t, s)
}

// wantPrivate sees that secrets can be read by their owner alone, and that a password is needed.
func wantPrivate(t *testing.T, s *Server) {
	t.Helper()
	for _, path := range []string{s.o.Workspace.Env(), passwordPath(s.o.Workspace.Postgres())} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, info.Mode().Perm())
		}
	}
	dsn, err := s.ConnString()
	if err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile(s.o.Workspace.Env())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(env), "\nDATABASE_URL="+dsn+"\n") {
		t.Error(".env lacks the address that ConnString gives")
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := pgx.Connect(t.Context(), ownDSN(s.Status().Port, "wrong", Database)); err == nil {
		t.Error("the server takes any password")
	}
}

func TestTheServerIsFoundAgain(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	other := startHelper(t, helperTask{Options: Options0{Dir: w.Dir}}, 0)
	port := other.until(t, "started")
	pid := lockOf(t, w).PID

	t.Run("a second process attaches", func(t *testing.T) {
		s, _ := newAttached(t, w)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strconv.Itoa(s.Status().Port); got != port {
			t.Errorf("port %s, want the first one's %s", got, port)
		}
		run(t, s, "create table leads (id integer)")
	})
	t.Run("kill -9 of the starter leaves a server that is adopted", func(t *testing.T) {
		if err := other.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = other.cmd.Wait()
		s, _ := newAttached(t, w)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := lockOf(t, w).PID; got != pid {
			t.Errorf("the server is process %d, want %d as before", got, pid)
		}
		if got := one(t, s, "select count(*) from leads"); got != "0" {
			t.Errorf("%s rows", got)
		}
		if !strings.Contains(s.Status().Sentence, "found running") {
			t.Errorf("the status says %q", s.Status().Sentence)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if lock, ok, _ := cluster.ReadLock(dataOf(t, w)); ok {
			t.Errorf("after the stop there is still a lock: %+v", lock)
		}
	})
}

// newAttached is a Server that leaves the cluster running.
func newAttached(t *testing.T, w engine.Workspace) (*Server, *statuses) {
	t.Helper()
	heard := &statuses{heard: make(chan engine.BackendStatus, 4096)}
	s := New(Options{Workspace: w, OnStatus: heard.on})
	t.Cleanup(s.Close)
	return s, heard
}

func dataOf(t *testing.T, w engine.Workspace) string {
	t.Helper()
	rec, known, err := findRecord(w.Postgres())
	if err != nil || !known {
		t.Fatalf("no record of the cluster: %v", err)
	}
	return rec.data()
}

func lockOf(t *testing.T, w engine.Workspace) cluster.LockFile {
	t.Helper()
	lock, ok, err := cluster.ReadLock(dataOf(t, w))
	if err != nil || !ok {
		t.Fatalf("no lock file: %v", err)
	}
	return lock
}

func TestStartsAtOnceGiveOneServer(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	s, _ := newServer(t, Options{Workspace: w})
	second, _ := newAttached(t, w)
	others := []*helper{startHelper(t, helperTask{Options: Options0{Dir: w.Dir}}, 0), startHelper(t, helperTask{Options: Options0{Dir: w.Dir}}, 0)}
	var wg sync.WaitGroup
	for range 3 {
		for _, one := range []*Server{s, second} {
			wg.Go(func() {
				if err := one.Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	port := strconv.Itoa(s.Status().Port)
	for _, o := range others {
		if got := o.until(t, "started"); got != port {
			t.Errorf("another process got port %s, want %s", got, port)
		}
	}
	pid := lockOf(t, w).PID
	if got := one(t, second, "select pg_backend_pid() <> 0"); got != "true" {
		t.Error(got)
	}
	log := cluster.Tail(filepath.Join(filepath.Dir(dataOf(t, w)), cluster.LogName), 0)
	if n := strings.Count(log, "starting PostgreSQL"); n != 1 {
		t.Errorf("%d servers were started, want 1 (process %d):\n%s", n, pid, log)
	}
}

func TestATakenPortIsLeftToWhoHasIt(t *testing.T) {
	t.Parallel()
	// Whoever has 5432, we or somebody else: it is taken now.
	if l, err := net.Listen("tcp", "127.0.0.1:5432"); err == nil {
		defer func() { _ = l.Close() }()
	}
	s := started(t, Options{})
	before := s.Status().Port
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.Status().Port; got != before {
		t.Errorf("a free port is not kept: %d, then %d", before, got)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(before))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.Status()
	if b.Port == before || !strings.Contains(b.Sentence, fmt.Sprintf("Port %d is taken", before)) {
		t.Errorf("port %d, and the status says %q", b.Port, b.Sentence)
	}
	if got := one(t, s, "select current_setting('port')"); got != strconv.Itoa(b.Port) {
		t.Errorf("the pool is on port %s, the status says %d", got, b.Port)
	}
	wantPrivate(t, s)
}

func TestPort5432IsNeverOurs(t *testing.T) {
	h := &held{dir: t.TempDir()}
	if got := h.port(foreignPort); got == foreignPort {
		t.Error("5432 was chosen")
	}
}

func TestAStaleLockIsNoObstacle(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	data := s.Status().DataDir
	run(t, s, "create table leads as select generate_series(1, 1000) id")
	lock := lockOf(t, s.o.Workspace)

	t.Run("the server was killed", func(t *testing.T) {
		killAndWait(t, s, lock.PID)
		b := s.Inspect(t.Context())
		if b.State != engine.StateDown || !strings.Contains(b.Sentence, "stale lock") {
			t.Errorf("after kill -9 it is told: %s %q", b.State, b.Sentence)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, "select count(*) from leads"); got != "1000" {
			t.Errorf("%s rows after recovery, want 1000", got)
		}
		if !strings.Contains(s.Status().Sentence, "not shut down in order") {
			t.Errorf("the status says %q", s.Status().Sentence)
		}
	})
	t.Run("its number belongs to another program", func(t *testing.T) {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%d\n%s\n1700000000\n%d\n\n127.0.0.1\n  1 1\nready   \n", os.Getpid(), data, s.Status().Port)
		if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		account, err := cluster.OwnerOf(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := account.Own(filepath.Join(data, "postmaster.pid")); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, "select count(*) from leads"); got != "1000" {
			t.Errorf("%s rows, want 1000", got)
		}
	})
}

// killAndWait kills the server as a crash would, and waits until a connection to it has ended.
func killAndWait(t *testing.T, s *Server, pid int) {
	t.Helper()
	conn, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WaitForNotification(t.Context()); !Gone(err) {
		t.Fatalf("a killed server gives %v", err)
	}
}

func TestDataOfAnotherVersionIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	data := s.Status().DataDir
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(data, "PG_VERSION")
	real, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("11\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := listing(t, data)
	for _, binaries := range []string{"", Download} {
		again := New(Options{Workspace: s.o.Workspace, Binaries: binaries, Cache: filepath.Join(base, "never")})
		err = again.Start(t.Context())
		wantError(t, err, engine.Unavailable, "PostgreSQL 11", "nothing was changed", "18.3.0")
		if b := again.Inspect(t.Context()); b.State != engine.StateFailed || !strings.Contains(b.Sentence, "PostgreSQL 11") {
			t.Errorf("Inspect says %s %q", b.State, b.Sentence)
		}
		again.Close()
	}
	if after := listing(t, data); after != before {
		t.Errorf("the data folder changed:\n%s\nthen\n%s", before, after)
	}
	if err := os.WriteFile(version, real, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Errorf("the data does not start any more: %v", err)
	}
}

// listing is the names, sizes and times of everything in a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano(), info.Mode())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wantError sees that err is an *engine.Error of the kind whose text holds all of the parts.
func wantError(t *testing.T, err error, kind engine.Kind, parts ...string) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) {
		t.Errorf("the error is %T %v, want an *engine.Error", err, err)
		return
	}
	if e.Kind != kind {
		t.Errorf("%q is of kind %s, want %s", e, e.Kind, kind)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("the error %q lacks %q", e, part)
		}
	}
}

func TestAChangedPasswordIsToldAndTakenFromEnv(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	run(t, s, "alter role postgres password 'changed by hand'")
	again, heard := newAttached(t, s.o.Workspace)
	err := again.Start(t.Context())
	wantError(t, err, engine.Unavailable, "refuses the password", "PGPASSWORD")
	if strings.Contains(err.Error(), "changed by hand") {
		t.Error("the error holds a password")
	}
	heard.until(t, "failed", func(b engine.BackendStatus) bool { return b.State == engine.StateFailed && b.Fix != "" })
	if b := again.Inspect(t.Context()); b.State != engine.StateFailed || !strings.Contains(b.Sentence, "refuses the password") {
		t.Errorf("Inspect says %s %q", b.State, b.Sentence)
	}
	env, err := os.OpenFile(s.o.Workspace.Env(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := env.WriteString("export PGPASSWORD='changed by hand'\n"); err != nil {
		t.Fatal(err)
	}
	if err := env.Close(); err != nil {
		t.Fatal(err)
	}
	if err := again.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantPrivate(t, again)
}

func TestResetEmptiesAndKeepsTheConnection(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	before, err := s.ConnString()
	if err != nil {
		t.Fatal(err)
	}
	run(t, s, "create table leads (id integer)")
	second, heard := newAttached(t, s.o.Workspace)
	if err := second.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := one(t, s, "select count(*) from pg_class where relname = 'leads'"); got != "0" {
		t.Error("the table is still there")
	}
	if after, err := s.ConnString(); err != nil || after != before {
		t.Errorf("the address changed (%v)", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Status().DataDir), aside+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("the old data is still there: %v %v", left, err)
	}
	// The other window's connections died; its pool finds the new server.
	if err := second.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", func(b engine.BackendStatus) bool { return b.State == engine.StateUp })
	if got := one(t, second, "select count(*) from pg_class where relname = 'leads'"); got != "0" {
		t.Error("the other window sees the old data")
	}
}

func TestSettingsOfTheLearnerWin(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	run(t, s, "alter system set shared_buffers = '64MB'")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	conf, err := os.OpenFile(filepath.Join(s.Status().DataDir, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conf.WriteString("max_wal_size = 3GB\nport = 5432\nlisten_addresses = '*'\n"); err != nil {
		t.Fatal(err)
	}
	if err := conf.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.Inspect(t.Context())
	got := map[string]string{}
	for _, set := range b.Settings {
		got[set.Name] = set.Value
	}
	for name, want := range map[string]string{
		"shared_buffers": "64MB", "max_wal_size": "3GB", "fsync": "on", "listen_addresses": "127.0.0.1", "port": strconv.Itoa(b.Port),
		"pid": strconv.Itoa(lockOf(t, s.o.Workspace).PID),
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestLookingMakesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newAttached(t, engine.Workspace{Dir: filepath.Join(workspace(t).Dir, "not/there")})
	if b := s.Inspect(t.Context()); b.State == engine.StateUp || b.Sentence == "" || b.Fix == "" {
		t.Errorf("Inspect gives %+v", b)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.ConnString(); err == nil {
		t.Error("there is an address of a server that was never made")
	}
	if _, _, _, err := s.Psql(t.Context()); err == nil {
		t.Error("psql has something to connect to")
	}
	if _, err := os.Stat(s.o.Workspace.Dir); !os.IsNotExist(err) {
		t.Errorf("the workspace was made: %v", err)
	}
}
