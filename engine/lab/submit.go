package lab

import (
	"context"
	"fmt"

	"pipewright/engine"
)

// work carries out one request and reports through emit.
type work func(ctx context.Context, emit func(engine.Event)) error

// route is the table of requests: one row each.
func (l *Lab) route(r engine.Request) (work, error) {
	switch r := r.(type) {
	case engine.LoadCSV:
		return func(ctx context.Context, emit func(engine.Event)) error { return l.load(ctx, r, emit) }, nil
	case engine.RunQuery:
		return func(ctx context.Context, emit func(engine.Event)) error { return l.query(ctx, r, emit) }, nil
	case engine.Check:
		return func(ctx context.Context, emit func(engine.Event)) error { return l.check(ctx, r, emit) }, nil
	case engine.StartBackend:
		return l.onBackend(r.Backend, func(ctx context.Context, b backend, emit func(engine.Event)) error {
			return l.up(ctx, r.Backend, emit)
		})
	case engine.StopBackend:
		return l.onBackend(r.Backend, func(ctx context.Context, b backend, _ func(engine.Event)) error {
			return b.Stop(ctx)
		})
	case engine.ResetBackend:
		return l.onBackend(r.Backend, func(ctx context.Context, b backend, _ func(engine.Event)) error {
			if !r.Confirmed {
				return &engine.Error{Kind: engine.Usage, What: "a reset deletes the workspace's own data on " + string(r.Backend), Next: "confirm it"}
			}
			return b.Reset(ctx)
		})
	case engine.Diagnose:
		return l.diagnose, nil
	}
	return nil, &engine.Error{Kind: engine.Usage, What: fmt.Sprintf("the engine knows no request %T", r)}
}

func (l *Lab) onBackend(name engine.Backend, do func(context.Context, backend, func(engine.Event)) error) (work, error) {
	b := l.backends[name]
	if b == nil {
		return nil, &engine.Error{Kind: engine.Usage, What: "there is no backend named " + string(name), Next: "use postgres or duckdb"}
	}
	return func(ctx context.Context, emit func(engine.Event)) error {
		if err := do(ctx, b, emit); err != nil {
			return err
		}
		emit(engine.BackendChanged{Status: b.Inspect(ctx)})
		return nil
	}, nil
}

// diagnose looks at each backend and starts none.
func (l *Lab) diagnose(ctx context.Context, emit func(engine.Event)) error {
	var d engine.Diagnosis
	for _, name := range l.board.order {
		d.Backends = append(d.Backends, l.backends[name].Inspect(ctx))
	}
	emit(d)
	return nil
}

// check runs criteria in their order. A criterion that cannot be carried out does not stop the others.
func (l *Lab) check(ctx context.Context, r engine.Check, emit func(engine.Event)) error {
	env := &checkEnv{lab: l, emit: emit}
	for i, c := range r.Criteria {
		emit(engine.Progress{Stage: "check", Done: int64(i), Total: int64(len(r.Criteria)), Unit: "criteria"})
		ev := runCriterion(ctx, env, c, r.Loads)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		emit(ev)
	}
	return nil
}
