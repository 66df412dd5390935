//go:build unix

package postgres

import (
	"context"
	"syscall"
	"testing"

	"pipewright/engine"
)

// watching runs Watch until the test ends.
func watching(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		s.Watch(ctx)
		close(done)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// held waits until Watch holds its connection.
func watched(t *testing.T, s *Server) {
	t.Helper()
	for one(t, s, "select count(*) from pg_stat_activity where application_name = 'pipewright watch' and state = 'idle' or application_name = 'pipewright watch'") == "0" {
		if t.Context().Err() != nil {
			t.Fatal("the watch never connected")
		}
	}
}

func isUp(b engine.BackendStatus) bool  { return b.State == engine.StateUp }
func notUp(b engine.BackendStatus) bool { return b.State != engine.StateUp }

func TestAServerKilledDuringAQueryComesBack(t *testing.T) {
	t.Parallel()
	s, heard := newServer(t, Options{})
	watching(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", isUp)
	watched(t, s)
	run(t, s, "create table leads as select generate_series(1, 1000) id")
	pool, err := s.Pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pid := lockOf(t, s.o.Workspace).PID
	running := make(chan error, 1)
	go func() {
		_, err := pool.Exec(t.Context(), "select pg_sleep(600)")
		running <- err
	}()
	for one(t, s, "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'") != "1" {
		if t.Context().Err() != nil {
			t.Fatal("the query never ran")
		}
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-running; !Gone(err) {
		t.Errorf("the query on the killed server gives %v", err)
	}
	heard.until(t, "not up", notUp)
	heard.until(t, "up again", isUp)
	if got := one(t, s, "select count(*) from leads"); got != "1000" {
		t.Errorf("%s rows after the crash, want 1000", got)
	}
	if lockOf(t, s.o.Workspace).PID == pid {
		t.Error("it is the same process")
	}
}

func TestAServerStoppedOnPurposeStaysDown(t *testing.T) {
	t.Parallel()
	s, heard := newServer(t, Options{})
	watching(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", isUp)
	watched(t, s)
	other, _ := newAttached(t, s.o.Workspace)
	if err := other.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := heard.until(t, "down", func(b engine.BackendStatus) bool { return b.State == engine.StateDown })
	if last := all[len(all)-1]; last.Sentence != "PostgreSQL is stopped." || last.Fix == "" {
		t.Errorf("the other window says %q, %q", last.Sentence, last.Fix)
	}
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up again", isUp)
	if got := one(t, s, "select 1"); got != "1" {
		t.Error(got)
	}
}

func TestTheEndOfOneConnectionIsNoDeath(t *testing.T) {
	t.Parallel()
	s, heard := newServer(t, Options{})
	watching(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", isUp)
	watched(t, s)
	// Only the death of the whole server may follow: the connection is made anew, the status stays.
	run(t, s, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'pipewright watch'")
	watched(t, s)
	select {
	case b := <-heard.heard:
		t.Errorf("the status changed: %+v", b)
	default:
	}
}

func TestAnAttachedServerIsFollowedToo(t *testing.T) {
	t.Parallel()
	own := started(t, Options{})
	dsn, err := own.ConnString()
	if err != nil {
		t.Fatal(err)
	}
	s, heard := newServer(t, Options{DSN: dsn})
	watching(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", isUp)
	watched(t, s)
	if err := own.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "down", notUp)
	if err := own.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up again", isUp)
}
