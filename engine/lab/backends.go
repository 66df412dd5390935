package lab

import (
	"context"
	"os"
	"path/filepath"

	"pipewright/engine"
	"pipewright/engine/internal/duck"
	"pipewright/engine/internal/postgres"
)

// backend is what the lab needs of each adapter.
type backend interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	Reset(ctx context.Context) error
	Status() engine.BackendStatus
	Inspect(ctx context.Context) engine.BackendStatus
	Close()
}

// makeBackends is the table of backends: one row each.
func (l *Lab) makeBackends() map[engine.Backend]backend {
	return map[engine.Backend]backend{
		engine.Postgres: postgres.New(postgres.Options{
			Workspace: l.opts.Workspace,
			DSN:       l.opts.DSN,
			Cache:     cacheDir(l.opts.Cache),
			Binaries:  l.opts.Binaries,
			OnStatus:  l.board.set,
		}),
		engine.DuckDB: duck.New(duck.Options{
			Path:     l.opts.Workspace.DuckDB(),
			OnStatus: l.board.set,
		}),
	}
}

// cacheDir is the user's cache folder; empty when there is none, which the adapter reports when it
// needs one.
func cacheDir(given string) string {
	if given != "" {
		return given
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "pipewright")
}

func (l *Lab) postgres() *postgres.Server { return l.backends[engine.Postgres].(*postgres.Server) }
func (l *Lab) duck() *duck.Database       { return l.backends[engine.DuckDB].(*duck.Database) }

// up brings a backend up for a job, and tells the job's reader how far that is.
func (l *Lab) up(ctx context.Context, name engine.Backend, emit func(engine.Event)) error {
	b := l.backends[name]
	if b == nil {
		return &engine.Error{Kind: engine.Usage, What: "there is no backend named " + string(name), Next: "use postgres or duckdb"}
	}
	if b.Status().State == engine.StateUp {
		return b.Start(ctx)
	}
	watching, done := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		l.narrate(watching, name, emit)
	}()
	err := b.Start(ctx)
	done()
	<-told
	return err
}

// narrate turns a backend's status changes into progress and notes until ctx is done.
func (l *Lab) narrate(ctx context.Context, name engine.Backend, emit func(engine.Event)) {
	last := ""
	for {
		s, changed := l.board.one(name)
		if s.State == engine.StateStarting {
			if s.Sentence != "" && s.Sentence != last {
				last = s.Sentence
				emit(engine.Note{Text: s.Sentence})
			}
			if s.Progress != nil {
				emit(*s.Progress)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
