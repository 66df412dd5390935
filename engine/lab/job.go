package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"pipewright/engine"
)

// queued is how many undelivered batches of rows a job may hold before it waits for its reader.
const queued = 16

// job is a running request. Rows and notes wait for the reader (so that a large result never piles
// up in memory); results, evidence and the end never wait; progress overwrites itself.
type job struct {
	id     engine.JobID
	req    engine.Request
	cancel context.CancelFunc
	log    *slog.Logger

	mu       sync.Mutex
	queue    []engine.Event
	waiting  int // rows and notes in queue
	progress *engine.Progress
	snap     engine.JobSnapshot
	over     bool          // the end has been queued
	told     bool          // the end has been delivered
	more     chan struct{} // closed and replaced when there is something to read
	room     chan struct{} // closed and replaced when something was read
	done     chan struct{} // closed when the work has returned
}

func newJob(id engine.JobID, req engine.Request, cancel context.CancelFunc, log *slog.Logger) *job {
	now := time.Now()
	j := &job{
		id: id, req: req, cancel: cancel, log: log,
		more: make(chan struct{}), room: make(chan struct{}), done: make(chan struct{}),
		snap: engine.JobSnapshot{ID: id, Title: req.Title(), State: engine.JobRunning, Started: now},
	}
	j.queue = append(j.queue, engine.Started{Job: id, Title: req.Title(), At: now})
	return j
}

// ID implements engine.Job.
func (j *job) ID() engine.JobID { return j.id }

// Request implements engine.Job.
func (j *job) Request() engine.Request { return j.req }

// Cancel implements engine.Job.
func (j *job) Cancel() {
	j.mu.Lock()
	if !j.snap.State.Ended() {
		j.snap.State = engine.JobCancelling
	}
	j.mu.Unlock()
	j.cancel()
}

// Snapshot implements engine.Job.
func (j *job) Snapshot() engine.JobSnapshot {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.snap
}

// Next implements engine.Job.
func (j *job) Next(ctx context.Context) (engine.Event, bool) {
	for {
		j.mu.Lock()
		if ev, ok := j.take(); ok {
			j.mu.Unlock()
			return ev, true
		}
		if j.told {
			j.mu.Unlock()
			return nil, false
		}
		more := j.more
		j.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// take gives the next deliverable event: queued ones first, then the latest progress.
func (j *job) take() (engine.Event, bool) {
	if len(j.queue) > 0 {
		ev := j.queue[0]
		j.queue[0] = nil
		j.queue = j.queue[1:]
		if waits(ev) {
			j.waiting--
			close(j.room)
			j.room = make(chan struct{})
		}
		if _, ok := ev.(engine.Ended); ok {
			j.told = true
		}
		return ev, true
	}
	if j.progress != nil {
		p := *j.progress
		j.progress = nil
		return p, true
	}
	return nil, false
}

func waits(ev engine.Event) bool {
	switch ev.(type) {
	case engine.ResultRows, engine.Note:
		return true
	}
	return false
}

// emit hands an event to the reader. It gives up on rows and notes when ctx is done.
func (j *job) emit(ctx context.Context, ev engine.Event) {
	for {
		j.mu.Lock()
		if p, ok := ev.(engine.Progress); ok {
			j.snap.Progress = p
			j.progress = &p
			j.wake()
			j.mu.Unlock()
			return
		}
		if !waits(ev) || j.waiting < queued {
			if waits(ev) {
				j.waiting++
			}
			j.queue = append(j.queue, ev)
			j.wake()
			j.mu.Unlock()
			return
		}
		room := j.room
		j.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return
		}
	}
}

// wake must be called with mu held.
func (j *job) wake() {
	close(j.more)
	j.more = make(chan struct{})
}

// run does the work and queues the one end.
func (j *job) run(ctx context.Context, work func(context.Context, func(engine.Event)) error) {
	defer close(j.done)
	defer j.cancel()
	err := j.guarded(ctx, work)
	at := time.Now()
	ended := engine.Ended{Job: j.id, State: engine.JobDone, At: at, Elapsed: at.Sub(j.snap.Started)}
	if err != nil {
		ended.Err = told(ctx, err)
		ended.State = engine.JobFailed
		if ended.Err.Kind == engine.Interrupted {
			ended.State = engine.JobCancelled
		}
		j.log.Info("job ended", "job", j.id, "title", j.req.Title(), "state", ended.State, "error", ended.Err.Error())
	}
	j.mu.Lock()
	j.snap.State, j.snap.Ended, j.snap.Err = ended.State, at, ended.Err
	j.progress = nil
	j.over = true
	j.queue = append(j.queue, ended)
	j.wake()
	j.mu.Unlock()
}

// guarded turns a panic into an error: the person sees a sentence, the log keeps the stack.
func (j *job) guarded(ctx context.Context, work func(context.Context, func(engine.Event)) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			j.log.Error("job panicked", "job", j.id, "title", j.req.Title(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = &engine.Error{Kind: engine.Failed, What: "a fault in Pipewright itself stopped the job", Next: "the workspace's .pipewright/pipewright.log says where"}
		}
	}()
	return work(ctx, func(ev engine.Event) { j.emit(ctx, ev) })
}

// told gives the error as one for people. A job whose context was cancelled was interrupted, whatever
// the layer below made of it.
func told(ctx context.Context, err error) *engine.Error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return &engine.Error{Kind: engine.Interrupted, What: "cancelled", Err: err}
	}
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{Kind: engine.Failed, What: err.Error(), Err: err}
}
