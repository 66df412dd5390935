package lab

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"

	"pipewright/engine"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func start(t *testing.T, work func(context.Context, func(engine.Event)) error) *job {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	j := newJob(1, engine.Diagnose{}, cancel, quiet())
	go j.run(ctx, work)
	t.Cleanup(cancel)
	return j
}

func drain(t *testing.T, j *job) []engine.Event {
	t.Helper()
	var all []engine.Event
	for {
		ev, ok := j.Next(context.Background())
		if !ok {
			return all
		}
		all = append(all, ev)
	}
}

func TestEachOutputIsDeliveredOnceAndTheEndComesLast(t *testing.T) {
	const n = 5000
	j := start(t, func(_ context.Context, emit func(engine.Event)) error {
		for i := range n {
			emit(engine.ResultRows{First: int64(i)})
			emit(engine.Progress{Done: int64(i)})
		}
		emit(engine.Loaded{RowsRead: n})
		return nil
	})
	all := drain(t, j)
	var rows, loaded int64
	for i, ev := range all {
		switch ev := ev.(type) {
		case engine.ResultRows:
			if ev.First != rows {
				t.Fatalf("batch %d came as number %d", ev.First, rows)
			}
			rows++
		case engine.Loaded:
			loaded++
		case engine.Ended:
			if i != len(all)-1 || ev.State != engine.JobDone {
				t.Fatalf("end at %d of %d: %+v", i, len(all), ev)
			}
		}
	}
	if _, ok := all[0].(engine.Started); !ok || rows != n || loaded != 1 {
		t.Fatalf("started %T, rows %d, loaded %d", all[0], rows, loaded)
	}
}

func TestACancelledJobEndsThoughNobodyReads(t *testing.T) {
	started := make(chan struct{})
	j := start(t, func(ctx context.Context, emit func(engine.Event)) error {
		close(started)
		for ctx.Err() == nil {
			emit(engine.ResultRows{})
		}
		return ctx.Err()
	})
	<-started
	j.Cancel()
	<-j.done
	all := drain(t, j)
	end, ok := all[len(all)-1].(engine.Ended)
	if !ok || end.State != engine.JobCancelled || end.Err.Kind != engine.Interrupted {
		t.Fatalf("last event %+v", all[len(all)-1])
	}
}

func TestAPanicBecomesASentence(t *testing.T) {
	j := start(t, func(context.Context, func(engine.Event)) error { panic("boom") })
	all := drain(t, j)
	end := all[len(all)-1].(engine.Ended)
	if end.State != engine.JobFailed || end.Err == nil {
		t.Fatalf("%+v", end)
	}
}

func TestAForeignErrorKeepsItsText(t *testing.T) {
	j := start(t, func(context.Context, func(engine.Event)) error { return errors.New("no such thing") })
	all := drain(t, j)
	if end := all[len(all)-1].(engine.Ended); end.Err.What != "no such thing" {
		t.Fatalf("%+v", end.Err)
	}
}
