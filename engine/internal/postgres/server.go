//go:build unix

package postgres

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
)

// Database is the database in which all work happens.
const Database = "crm_dev"

// User is the superuser of a workspace's own cluster.
const User = "postgres"

// Download is the value of Options.Binaries that has the binaries downloaded although some are
// installed.
const Download = "download"

// Options say which server is meant.
type Options struct {
	Workspace engine.Workspace
	DSN       string // address of a server, by flag or DATABASE_URL; empty means the workspace's own
	Cache     string // folder for downloaded binaries; empty means the user's cache folder
	Binaries  string // empty: those found here, else downloaded; Download; or a bin folder
	// OnStatus hears of each change of status, in order. It must not block. It may be nil.
	OnStatus func(engine.BackendStatus)
}

// Server is one PostgreSQL, the workspace's own or a given one. Its methods may be called from several
// goroutines at once.
type Server struct {
	o      Options
	shared []string // caches that root uses when the server's account cannot reach the user's

	notify   sync.Mutex // orders the calls of OnStatus
	statusMu sync.Mutex
	status   engine.BackendStatus
	changed  chan struct{} // closed and replaced at each change of status

	flightMu sync.Mutex
	flight   *flight
	closed   bool

	connMu sync.Mutex
	config *pgx.ConnConfig // how to connect; nil until the first start
	pool   *pgxpool.Pool
}

// flight is one start that several callers wait for.
type flight struct {
	done    chan struct{}
	err     error
	waiting int
	cancel  context.CancelFunc
}

// New makes a Server. It does no I/O.
func New(o Options) *Server {
	if o.Workspace.Dir != "" {
		if dir, err := filepath.Abs(o.Workspace.Dir); err == nil {
			o.Workspace.Dir = dir
		}
	}
	return &Server{
		o:       o,
		shared:  binaries.SharedCaches,
		changed: make(chan struct{}),
		status: engine.BackendStatus{
			Name: engine.Postgres, State: engine.StateUnknown, Sentence: "PostgreSQL has not been asked for yet.",
		},
	}
}

// Status is what was last known. It never waits.
func (s *Server) Status() engine.BackendStatus {
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	return s.status
}

// update changes the status and tells it on.
func (s *Server) update(change func(*engine.BackendStatus)) {
	s.notify.Lock()
	defer s.notify.Unlock()
	s.statusMu.Lock()
	change(&s.status)
	now := s.status
	close(s.changed)
	s.changed = make(chan struct{})
	s.statusMu.Unlock()
	if s.o.OnStatus != nil {
		s.o.OnStatus(now)
	}
}

// say sets the sentence and stage of a start that goes on.
func (s *Server) say(stage, sentence string) {
	s.progress(engine.Progress{Stage: stage}, sentence)
}

func (s *Server) progress(p engine.Progress, sentence string) {
	s.update(func(b *engine.BackendStatus) {
		b.State, b.Sentence, b.Fix, b.Progress = engine.StateStarting, sentence, "", &p
	})
}

// fail puts an error into the status.
func (s *Server) fail(err *engine.Error) {
	s.update(func(b *engine.BackendStatus) {
		b.State, b.Progress = engine.StateFailed, nil
		if err.Kind == engine.Interrupted {
			b.State = engine.StateDown
		}
		b.Sentence, b.Fix = told(err), err.Next
	})
}

// Start brings the server up, adopts the one that runs, or attaches to the given one, and leaves it
// ready for work. Callers at the same time wait for the same start; it is given up when the last of
// them is. Errors are *engine.Error: Unavailable when there is no server, Usage for an address that is
// none, Interrupted when ctx ended.
func (s *Server) Start(ctx context.Context) error {
	if s.answers(ctx) {
		return nil
	}
	f, err := s.board()
	if err != nil {
		return err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		s.flightMu.Lock()
		f.waiting--
		if f.waiting == 0 {
			f.cancel()
		}
		s.flightMu.Unlock()
		return notWaited(ctx)
	}
}

// board joins the start that goes on, or begins one.
func (s *Server) board() (*flight, error) {
	s.flightMu.Lock()
	defer s.flightMu.Unlock()
	if s.closed {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "the connections to PostgreSQL have been closed"}
	}
	if f := s.flight; f != nil && f.waiting > 0 {
		f.waiting++
		return f, nil
	}
	before := s.flight
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight{done: make(chan struct{}), waiting: 1, cancel: cancel}
	s.flight = f
	go func() {
		defer cancel()
		if before != nil {
			<-before.done // it was given up and is on its way out
		}
		if err := s.bring(ctx); err != nil {
			e := asError(err)
			s.fail(e)
			f.err = e
		}
		s.flightMu.Lock()
		if s.flight == f {
			s.flight = nil
		}
		s.flightMu.Unlock()
		close(f.done)
	}()
	return f, nil
}

// bring is one start, of whichever kind.
func (s *Server) bring(ctx context.Context) error {
	if s.o.DSN != "" {
		return s.attach(ctx)
	}
	s.say("search", "PostgreSQL: looking for the workspace's server …")
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return c.up(ctx)
}

// answers says whether the server that was up is still up.
func (s *Server) answers(ctx context.Context) bool {
	if s.Status().State != engine.StateUp {
		return false
	}
	s.connMu.Lock()
	pool := s.pool
	s.connMu.Unlock()
	if pool == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := pool.Ping(ctx)
	// A pool that is all in use is no sign of death.
	return err == nil || errors.Is(err, context.DeadlineExceeded) || (!Gone(err) && ctx.Err() == nil)
}

// Pool gives connections to crm_dev, or to the given address's database, and starts the server first
// when it is not up. The pool follows the server through restarts and changes of port.
func (s *Server) Pool(ctx context.Context) (*pgxpool.Pool, error) {
	if s.Status().State == engine.StateUp {
		s.connMu.Lock()
		pool := s.pool
		s.connMu.Unlock()
		if pool != nil {
			return pool, nil
		}
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if s.pool == nil {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "the connections to PostgreSQL have been closed"}
	}
	return s.pool, nil
}

// poolSize is the most connections that one process uses: loads with two streams, queries, a bench.
const poolSize = 12

// connectTo makes config the way to connect from now on.
func (s *Server) connectTo(config *pgx.ConnConfig) error {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	s.config = config.Copy()
	if s.pool != nil {
		s.pool.Reset()
		return nil
	}
	pc, err := pgxpool.ParseConfig("sslmode=disable host=127.0.0.1")
	if err != nil {
		return err
	}
	pc.ConnConfig = config.Copy()
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "pipewright" // who it is, in pg_stat_activity
	}
	pc.MaxConns = poolSize
	pc.MaxConnIdleTime = 5 * time.Minute
	pc.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		s.connMu.Lock()
		defer s.connMu.Unlock()
		c.Host, c.Port, c.User, c.Password, c.Database = s.config.Host, s.config.Port, s.config.User, s.config.Password, s.config.Database
		return nil
	}
	s.pool, err = pgxpool.NewWithConfig(context.Background(), pc)
	return err
}

// Close closes the connections and gives up a start that goes on. The server keeps running.
func (s *Server) Close() {
	s.flightMu.Lock()
	s.closed = true
	f := s.flight
	if f != nil {
		f.cancel()
	}
	s.flightMu.Unlock()
	if f != nil {
		<-f.done
	}
	s.connMu.Lock()
	pool := s.pool
	s.pool = nil
	s.connMu.Unlock()
	if pool == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		pool.Close() // waits for those that are in use
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}
