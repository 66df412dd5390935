package tui

import (
	"context"
	"sync"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
)

// This file is the only bridge from the engine's events to messages.

// errand says for what a job was submitted.
type errand struct {
	session string
	lab     string // empty for a check
	gen     int    // of the place that waits for it; older results of the same place fall away
}

// submittedMsg says that a job runs.
type submittedMsg struct {
	errand errand
	job    engine.Job
}

// eventMsg is one event of a job; ok is false when there are no more.
type eventMsg struct {
	errand errand
	job    engine.Job
	event  engine.Event
	ok     bool
}

// statusMsg is the state of the backends at one version of the board.
type statusMsg struct {
	backends []engine.BackendStatus
	version  uint64
	err      error
}

// errandFunc does an errand to its end: it submits through to, which lets the shell see the job's events,
// and tells each what the job itself does not say.
type errandFunc func(ctx context.Context, to engine.Submitter, each func(engine.Event)) error

// doneMsg says that an errand is over and that what it found has been recorded.
type doneMsg struct {
	errand errand
	err    error
}

// submit begins an errand. One command carries it out; the other waits for its job, which the shell
// then reads event by event.
func submit(ctx context.Context, to engine.Submitter, e errand, do errandFunc) tea.Cmd {
	f := &feed{to: to, wake: make(chan struct{}, 1), begun: make(chan struct{})}
	return tea.Batch(
		func() tea.Msg {
			err := do(ctx, f, f.put)
			f.close()
			return doneMsg{e, err}
		},
		func() tea.Msg {
			<-f.begun
			if f.job == nil {
				return nil // it came to no job: doneMsg says why
			}
			return submittedMsg{errand: e, job: f}
		},
	)
}

// feed is a submitter that lets one job through and keeps a copy of its events for the shell: an
// engine.Job to the shell, and the engine's own job, with its one reader, to the errand. Evidence is
// copied when the errand says that it has been recorded; everything else when the errand reads it.
type feed struct {
	to    engine.Submitter
	job   engine.Job
	begun chan struct{} // closed when the job is there, or will never be
	once  sync.Once

	mu     sync.Mutex
	queue  []engine.Event
	closed bool
	wake   chan struct{}
}

// Submit implements engine.Submitter.
func (f *feed) Submit(ctx context.Context, r engine.Request) (engine.Job, error) {
	job, err := f.to.Submit(ctx, r)
	if err != nil || f.job != nil {
		return job, err
	}
	f.job = job
	f.once.Do(func() { close(f.begun) })
	return &copied{job, f}, nil
}

// put adds an event. Progress that nobody has read is overwritten by what comes next.
func (f *feed) put(ev engine.Event) {
	f.mu.Lock()
	if n := len(f.queue); n > 0 {
		if _, old := f.queue[n-1].(engine.Progress); old {
			f.queue = f.queue[:n-1]
		}
	}
	f.queue = append(f.queue, ev)
	f.mu.Unlock()
	f.ring()
}

func (f *feed) ring() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *feed) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.once.Do(func() { close(f.begun) })
	f.ring()
}

// ID implements engine.Job, as do Request, Cancel and Snapshot.
func (f *feed) ID() engine.JobID             { return f.job.ID() }
func (f *feed) Request() engine.Request      { return f.job.Request() }
func (f *feed) Cancel()                      { f.job.Cancel() }
func (f *feed) Snapshot() engine.JobSnapshot { return f.job.Snapshot() }

// Next implements engine.Job.
func (f *feed) Next(ctx context.Context) (engine.Event, bool) {
	for {
		f.mu.Lock()
		if len(f.queue) > 0 {
			ev := f.queue[0]
			f.queue = f.queue[1:]
			f.mu.Unlock()
			return ev, true
		}
		closed := f.closed
		f.mu.Unlock()
		if closed {
			return nil, false
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// copied is the engine's job as the errand sees it.
type copied struct {
	engine.Job
	feed *feed
}

// Next implements engine.Job.
func (c *copied) Next(ctx context.Context) (engine.Event, bool) {
	ev, ok := c.Job.Next(ctx)
	if _, evidence := ev.(engine.Evidence); ok && !evidence {
		c.feed.put(ev)
	}
	return ev, ok
}

// await waits for a job's next event. Who handles the event awaits the one after it.
func await(ctx context.Context, e errand, job engine.Job) tea.Cmd {
	return func() tea.Msg {
		ev, ok := job.Next(ctx)
		return eventMsg{errand: e, job: job, event: ev, ok: ok}
	}
}

// States tells what is known of the backends; the lab does.
type States interface {
	Statuses() []engine.BackendStatus
	NextStatus(ctx context.Context, seen uint64) ([]engine.BackendStatus, uint64, error)
}

// Engine is what the shell asks of the lab.
type Engine interface {
	engine.Submitter
	States
}

// watch waits for a backend to change its state.
func watch(ctx context.Context, s States, seen uint64) tea.Cmd {
	return func() tea.Msg {
		backends, version, err := s.NextStatus(ctx, seen)
		return statusMsg{backends, version, err}
	}
}
