//go:build unix

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/cluster"
)

// Watch follows the server from its first start on, until ctx ends: when it dies, the status changes at
// once, and the workspace's own is started again, a given one connected to again, until it is back. A
// server that was stopped on purpose stays down until somebody starts it; then it is attached to.
//
// It holds one idle connection, whose end is the sign: nothing is polled while the server is up.
func (s *Server) Watch(ctx context.Context) {
	for {
		if !s.await(ctx, func(b engine.BackendStatus) bool { return b.State == engine.StateUp }) {
			return
		}
		began := time.Now()
		err := s.hold(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.alive(ctx, err) {
			// The connection alone was ended, as by pg_terminate_backend. No haste if that goes on.
			if time.Since(began) < time.Second && pause(ctx, time.Second) != nil {
				return
			}
			continue
		}
		if !s.mourn(ctx) {
			return
		}
	}
}

// await waits until the status is as wanted. It returns false when ctx ends.
func (s *Server) await(ctx context.Context, wanted func(engine.BackendStatus) bool) bool {
	for {
		s.statusMu.Lock()
		now, changed := s.status, s.changed
		s.statusMu.Unlock()
		if wanted(now) {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// dial makes a connection of its own, outside the pool.
func (s *Server) dial(ctx context.Context) (*pgx.Conn, error) {
	s.connMu.Lock()
	var config *pgx.ConnConfig
	if s.config != nil {
		config = s.config.Copy()
	}
	s.connMu.Unlock()
	if config == nil {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "PostgreSQL has not been started"}
	}
	if config.RuntimeParams == nil {
		config.RuntimeParams = map[string]string{}
	}
	config.RuntimeParams["application_name"] = "pipewright watch"
	return pgx.ConnectConfig(ctx, config)
}

// hold waits on an idle connection until it ends, and gives the reason.
func (s *Server) hold(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

// alive says whether the server still takes connections although one of them ended with err.
func (s *Server) alive(ctx context.Context, err error) bool {
	if !Gone(err) && ctx.Err() == nil {
		return true // it answers, if only with a refusal
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return !Gone(err) && ctx.Err() == nil
	}
	return conn.Close(ctx) == nil
}

// retryDelays are the waits between tries to bring the server back; the last one goes on.
var retryDelays = []time.Duration{0, 250 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}

// mourn tells that the server is gone, and returns when it is up again. It returns false when ctx ends.
func (s *Server) mourn(ctx context.Context) bool {
	s.dropConnections()
	for try := 0; ; try++ {
		if s.stoppedOnPurpose() {
			if !s.sleepUntilStarted(ctx) {
				return false
			}
		} else if try == 0 {
			s.tellGone()
		}
		err := s.Start(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil || s.isClosed() {
			return false
		}
		if pause(ctx, retryDelays[min(try+1, len(retryDelays)-1)]) != nil {
			return false
		}
	}
}

// tellGone puts the server's death into the status, with its reason where the log gives one.
func (s *Server) tellGone() {
	s.update(func(b *engine.BackendStatus) {
		if b.State != engine.StateUp {
			return // somebody here starts or stops it already
		}
		b.State, b.Progress, b.Fix = engine.StateDown, nil, ""
		b.Sentence = "PostgreSQL went away; bringing it back …"
		if s.o.DSN != "" {
			b.Sentence = "PostgreSQL went away; connecting again …"
		} else if why := cluster.LastWords(s.logPath()); why != nil {
			e := asError(why)
			b.State, b.Sentence, b.Fix = engine.StateFailed, "PostgreSQL went away: "+e.What+".", e.Next
		}
	})
}

func (s *Server) isClosed() bool {
	s.flightMu.Lock()
	defer s.flightMu.Unlock()
	return s.closed
}

// logPath is the log of the workspace's cluster; empty when there is none.
func (s *Server) logPath() string {
	rec, known, err := findRecord(s.o.Workspace.Postgres())
	if err != nil || !known {
		return ""
	}
	return rec.log()
}

// stoppedOnPurpose says whether somebody, in any process, stopped the workspace's server.
func (s *Server) stoppedOnPurpose() bool {
	if s.o.DSN != "" {
		return false
	}
	rec, known, err := findRecord(s.o.Workspace.Postgres())
	return err == nil && known && rec.Stopped
}

// sleepUntilStarted waits until this process or another one starts the server again.
func (s *Server) sleepUntilStarted(ctx context.Context) bool {
	s.update(func(b *engine.BackendStatus) {
		if b.State == engine.StateStarting {
			return // a start or reset in this process is under way
		}
		b.State, b.Progress, b.Sentence, b.Fix = engine.StateDown, nil, "PostgreSQL is stopped.", "pipewright db start"
	})
	look := time.NewTicker(2 * time.Second) // for a start by another process: one small file
	defer look.Stop()
	for {
		s.statusMu.Lock()
		now, changed := s.status, s.changed
		s.statusMu.Unlock()
		if now.State == engine.StateUp {
			return true
		}
		select {
		case <-changed:
		case <-look.C:
			if !s.stoppedOnPurpose() {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}
