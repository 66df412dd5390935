//go:build unix

package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/cluster"
)

// stopPatience is how long the server may take to end in the fast way before it is told to end at once.
const stopPatience = 20 * time.Second

// Stop ends the workspace's server, for every process that uses it, and leaves it down until somebody
// starts it. It is an error to stop a server that was given by its address. Errors are *engine.Error.
func (s *Server) Stop(ctx context.Context) error {
	if s.o.DSN != "" {
		return notOurs("stop")
	}
	if _, known, err := findRecord(s.o.Workspace.Postgres()); err == nil && !known {
		s.update(notMade) // and make no folder to say so
		return nil
	}
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return c.stop(ctx)
}

func notOurs(verb string) error {
	return &engine.Error{
		Kind: engine.Usage, What: "the server was given by its address, and is not ours to " + verb,
		Next: "leave out --dsn and unset DATABASE_URL to mean the workspace's own",
	}
}

func notMade(b *engine.BackendStatus) {
	b.State, b.Sentence, b.Progress = engine.StateDown, "PostgreSQL has not been made in this workspace yet.", nil
	b.Fix = "pipewright db start"
}

// stop ends the server and marks it as stopped on purpose, before it goes, so that no window that
// watches it brings it back.
func (h *held) stop(ctx context.Context) error {
	if !h.known {
		h.s.update(notMade)
		return nil
	}
	h.rec.Stopped = true
	if err := h.save(); err != nil {
		return err
	}
	h.s.dropConnections()
	if err := cluster.Stop(ctx, h.rec.data(), stopPatience); err != nil {
		return err
	}
	h.s.update(func(b *engine.BackendStatus) {
		b.State, b.Sentence, b.Fix, b.Progress = engine.StateDown, "PostgreSQL is stopped.", "pipewright db start", nil
		b.DataDir = h.rec.data()
	})
	return nil
}

// dropConnections closes what the pool holds idle, and the rest as it comes back.
func (s *Server) dropConnections() {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if s.pool != nil {
		s.pool.Reset()
	}
}

// Reset stops the workspace's server, deletes all of its data, and starts an empty one with the same
// password. The front end has asked the person before. It is an error to reset a server that was given
// by its address. Errors are *engine.Error.
func (s *Server) Reset(ctx context.Context) error {
	if s.o.DSN != "" {
		return notOurs("reset")
	}
	h, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.reset(ctx); err != nil {
		e := asError(err)
		s.fail(e)
		return e
	}
	return nil
}

// aside prefixes a data folder that is being deleted.
const aside = "deleted-"

func (h *held) reset(ctx context.Context) error {
	if h.known {
		h.s.say("stop", "Stopping PostgreSQL …")
		if err := h.stop(ctx); err != nil {
			return err
		}
		data := h.rec.data()
		if lock, ok, err := cluster.ReadLock(data); err == nil && ok {
			if life := lock.Life(data); life == cluster.Running || life == cluster.Unclear {
				return &engine.Error{
					Kind: engine.Failed, Where: data,
					What: fmt.Sprintf("process %d still holds the data folder, and nothing was deleted", lock.PID), Next: "end it and try again",
				}
			}
		}
		h.s.say("delete", "Deleting the data in "+data+" …")
		// Renamed first: from here on no start takes the half-deleted folder for a cluster.
		if err := os.Rename(data, filepath.Join(h.rec.Home, aside+time.Now().UTC().Format("20060102T150405.000"))); err != nil && !os.IsNotExist(err) {
			return workspaceError(data, err)
		}
		h.sweep(aside)
	}
	return h.up(ctx)
}
