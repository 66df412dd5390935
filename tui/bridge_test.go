package tui

import (
	"context"
	"errors"
	"testing"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
)

// script is an engine whose one job tells what a test has written down.
type script struct {
	still
	events []engine.Event
	refuse error
}

func (s script) Submit(_ context.Context, r engine.Request) (engine.Job, error) {
	if s.refuse != nil {
		return nil, s.refuse
	}
	return &told{r: r, events: s.events}, nil
}

type told struct {
	engine.Job
	r      engine.Request
	events []engine.Event
}

func (j *told) ID() engine.JobID        { return 1 }
func (j *told) Request() engine.Request { return j.r }
func (j *told) Next(context.Context) (engine.Event, bool) {
	if len(j.events) == 0 {
		return nil, false
	}
	ev := j.events[0]
	j.events = j.events[1:]
	return ev, true
}

// errandOn submits a check, reads it to its end, and says of each evidence that it is recorded.
func errandOn(t *testing.T, record func()) errandFunc {
	return func(ctx context.Context, to engine.Submitter, each func(engine.Event)) error {
		job, err := to.Submit(ctx, engine.Check{Session: "1.4"})
		if err != nil {
			return err
		}
		for {
			ev, ok := job.Next(ctx)
			if !ok {
				return nil
			}
			if e, ok := ev.(engine.Evidence); ok {
				record()
				each(e)
			}
		}
	}
}

// both runs the two commands of an errand and gives the job's events and how the errand ended.
func both(t *testing.T, s script, record func()) ([]engine.Event, doneMsg) {
	t.Helper()
	e := errand{session: "1.4"}
	batch, ok := submit(t.Context(), s, e, errandOn(t, record))().(tea.BatchMsg)
	if !ok || len(batch) != 2 {
		t.Fatalf("%d commands", len(batch))
	}
	end := make(chan doneMsg, 1)
	go func() { end <- batch[0]().(doneMsg) }()
	var got []engine.Event
	if begun, ok := batch[1]().(submittedMsg); ok {
		for {
			msg := await(t.Context(), e, begun.job)().(eventMsg)
			if !msg.ok {
				break
			}
			got = append(got, msg.event)
		}
	}
	return got, <-end
}

func TestTheBridgeTellsEverythingOnceAndEvidenceOnlyWhenItIsRecorded(t *testing.T) {
	recorded := 0
	s := script{events: []engine.Event{
		engine.Started{Job: 1}, engine.Evidence{Criterion: "a", Passed: true}, engine.Note{Text: "n"}, engine.Evidence{Criterion: "b"},
		engine.Ended{Job: 1, State: engine.JobDone},
	}}
	got, done := both(t, s, func() { recorded++ })
	if done.err != nil || recorded != 2 || len(got) != 5 {
		t.Fatalf("%v, %d recorded, %d events: %v", done.err, recorded, len(got), got)
	}
	for i, want := range s.events {
		if got[i] != want {
			t.Errorf("event %d is %v, want %v", i, got[i], want)
		}
	}
}

func TestTheBridgeOverwritesProgressThatNobodyRead(t *testing.T) {
	f := &feed{wake: make(chan struct{}, 1), begun: make(chan struct{})}
	for i := range 1000 {
		f.put(engine.Progress{Done: int64(i)})
	}
	f.put(engine.Loaded{Table: "leads"})
	f.close()
	if ev, _ := f.Next(t.Context()); ev.(engine.Loaded).Table != "leads" {
		t.Fatalf("got %v", ev)
	}
	if ev, ok := f.Next(t.Context()); ok {
		t.Fatalf("got %v after the end", ev)
	}
}

func TestARefusedErrandEnds(t *testing.T) {
	no := errors.New("no")
	got, done := both(t, script{refuse: no}, func() {})
	if len(got) != 0 || !errors.Is(done.err, no) {
		t.Fatalf("%v %v", got, done.err)
	}
}

func TestAFailedErrandIsToldAndFreesItsPlace(t *testing.T) {
	m := opened(t, 80, 24)
	m.lab = script{refuse: &engine.Error{Kind: engine.Unavailable, What: "the disk is full", Next: "free some"}}
	cmd := m.run("load")
	if cmd == nil || !m.jobs.busy("1.4", "load") {
		t.Fatal("nothing was begun")
	}
	if m.run("load") != nil {
		t.Fatal("the same lab began twice")
	}
	m.Update(cmd().(tea.BatchMsg)[0]())
	if !m.notice.bad || m.notice.text != "the disk is full → free some" || m.jobs.busy("1.4", "load") {
		t.Fatalf("%+v, busy %v", m.notice, m.jobs.busy("1.4", "load"))
	}
}

// cancellable counts how often it is asked to stop.
type cancellable struct {
	running
	asked *int
}

func (c cancellable) Cancel() { *c.asked++ }

func TestCancelAsksTheJobOnceAndLeavingAPaneNever(t *testing.T) {
	m := opened(t, 120, 36)
	asked := 0
	m.jobs.add(errand{session: "1.4", lab: "load"}, cancellable{asked: &asked})
	press(m, "4", "esc", "tab", "1", "z", "esc")
	if asked != 0 {
		t.Fatal("leaving a pane cancelled the job")
	}
	press(m, "c", "c")
	if asked != 1 || m.jobs.running()[0].state != engine.JobCancelling {
		t.Fatalf("asked %d times, state %s", asked, m.jobs.running()[0].state)
	}
	press(m, "q")
	if m.over == nil || m.ended {
		t.Fatal("quitting did not ask")
	}
	press(m, "esc", "q", "q")
	if !m.ended {
		t.Fatal("quitting was refused")
	}
}
