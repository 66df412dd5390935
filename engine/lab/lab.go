package lab

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"pipewright/engine"
)

// Options say where a lab works and with what.
type Options struct {
	Workspace engine.Workspace
	DSN       string    // a PostgreSQL of the person's own; empty: the embedded one
	Cache     string    // where downloads are kept; empty: the user's cache folder
	Binaries  string    // PostgreSQL's bin folder, "download", or empty to search; see postgres.Options
	Stdin     io.Reader // what "-" reads; nil: standard input
	Warm      []engine.Backend
	Watch     bool // follow the PostgreSQL that is up, and bring it back when it dies; for long-lived front ends
}

// Lab owns the backends and the jobs of one process. Its methods are safe for concurrent use.
type Lab struct {
	opts     Options
	log      *slog.Logger
	logFile  io.Closer
	board    *board
	backends map[engine.Backend]backend
	ctx      context.Context
	stop     context.CancelFunc

	results results

	mu     sync.Mutex
	nextID engine.JobID
	jobs   []*job
	closed bool
}

// kept is how many ended jobs the list remembers.
const kept = 200

// Open makes a lab. It returns at once: no backend is started or asked. Backends named in Warm are
// brought up behind the caller; see NextStatus.
func Open(ctx context.Context, o Options) (*Lab, error) {
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	l := &Lab{opts: o, board: newBoard([]engine.Backend{engine.Postgres, engine.DuckDB})}
	l.log, l.logFile = openLog(o.Workspace)
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.backends = l.makeBackends()
	for _, b := range l.backends {
		l.board.set(b.Status())
	}
	for _, name := range o.Warm {
		if b := l.backends[name]; b != nil {
			go l.warm(name, b)
		}
	}
	if o.Watch {
		go l.postgres().Watch(l.ctx)
	}
	return l, nil
}

// warm brings a backend up; its status tells how that went.
func (l *Lab) warm(name engine.Backend, b backend) {
	if err := b.Start(l.ctx); err != nil {
		l.log.Warn("backend did not start", "backend", name, "error", err.Error())
	}
}

// openLog opens the workspace's log for appending. A workspace that cannot be written to has no log;
// what is wrong with it is told by the first request that needs it.
func openLog(ws engine.Workspace) (*slog.Logger, io.Closer) {
	f, err := os.OpenFile(ws.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return slog.New(slog.DiscardHandler), io.NopCloser(nil)
	}
	return slog.New(slog.NewTextHandler(f, nil)), f
}

// Workspace is the folder that the lab works in.
func (l *Lab) Workspace() engine.Workspace { return l.opts.Workspace }

// Submit implements engine.Submitter. Cancelling ctx cancels the job.
func (l *Lab) Submit(ctx context.Context, r engine.Request) (engine.Job, error) {
	work, err := l.route(r)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "the workbench is closing", Next: "open it again"}
	}
	l.nextID++
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.ctx, cancel)
	j := newJob(l.nextID, r, cancel, l.log)
	l.jobs = append(l.jobs, j)
	l.forget()
	go func() {
		defer stop()
		j.run(ctx, work)
	}()
	return j, nil
}

// forget drops the oldest ended jobs beyond the number that is kept; mu must be held.
func (l *Lab) forget() {
	for i := 0; len(l.jobs) > kept && i < len(l.jobs); {
		if l.jobs[i].Snapshot().State.Ended() {
			l.jobs = append(l.jobs[:i], l.jobs[i+1:]...)
			continue
		}
		i++
	}
}

// Jobs lists the running jobs and the latest ended ones, oldest first.
func (l *Lab) Jobs() []engine.JobSnapshot {
	l.mu.Lock()
	jobs := append([]*job(nil), l.jobs...)
	l.mu.Unlock()
	out := make([]engine.JobSnapshot, 0, len(jobs))
	for _, j := range jobs {
		out = append(out, j.Snapshot())
	}
	return out
}

// Statuses is the latest known state of each backend. It never waits.
func (l *Lab) Statuses() []engine.BackendStatus {
	all, _, _ := l.board.all()
	return all
}

// NextStatus waits until some backend's state has changed since the version seen (0: any), and gives
// all states with their version.
func (l *Lab) NextStatus(ctx context.Context, seen uint64) ([]engine.BackendStatus, uint64, error) {
	return l.board.next(ctx, seen)
}

// closing is how long Close waits for cancelled jobs to end their server-side work.
const closing = 3 * time.Second

// Close cancels what runs, waits for it to end, and lets go of the backends. A PostgreSQL of the
// workspace's own keeps running: StopBackend stops it.
func (l *Lab) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	jobs := append([]*job(nil), l.jobs...)
	l.mu.Unlock()
	l.stop()
	limit := time.NewTimer(closing)
	defer limit.Stop()
	for _, j := range jobs {
		select {
		case <-j.done:
		case <-limit.C:
			return
		}
	}
	l.results.closeAll()
	for _, b := range l.backends {
		b.Close()
	}
	_ = l.logFile.Close()
}
