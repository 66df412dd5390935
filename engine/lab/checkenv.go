package lab

import (
	"context"

	"pipewright/engine"
	"pipewright/engine/check"
)

// compared is how many rows a criterion's query may return: evidence is meant to be looked at.
const compared = 100_000

// checkEnv is what criteria see of the world.
type checkEnv struct {
	lab  *Lab
	emit func(engine.Event)
}

var _ check.Env = (*checkEnv)(nil)

// Workspace implements check.Env.
func (e *checkEnv) Workspace() engine.Workspace { return e.lab.opts.Workspace }

// Version implements check.Env.
func (e *checkEnv) Version(b engine.Backend) string {
	if be := e.lab.backends[b]; be != nil {
		return be.Status().Version
	}
	return ""
}

// Query implements check.Env: the whole result of one statement.
func (e *checkEnv) Query(ctx context.Context, b engine.Backend, sql string) (engine.RowWindow, error) {
	w := engine.RowWindow{Total: -1}
	truncated := false
	err := e.lab.query(ctx, engine.RunQuery{SQL: sql, Backend: b, Limit: compared}, func(ev engine.Event) {
		switch ev := ev.(type) {
		case engine.ResultStart: // of several statements the last one counts
			w = engine.RowWindow{Columns: ev.Columns, Total: -1}
		case engine.ResultRows:
			w.Rows = append(w.Rows, ev.Rows...)
		case engine.ResultEnd:
			w.Total, truncated = int64(len(w.Rows)), ev.Truncated
		case engine.Note, engine.Progress:
			e.emit(ev)
		}
	})
	if err == nil && truncated {
		err = &engine.Error{Kind: engine.Failed, What: "the criterion's query returns more than 100,000 rows", Next: "compare counts or sums"}
	}
	return w, err
}

func runCriterion(ctx context.Context, env check.Env, c engine.Criterion, loads map[string]engine.Loaded) engine.Evidence {
	return check.Run(ctx, env, c, loads)
}
