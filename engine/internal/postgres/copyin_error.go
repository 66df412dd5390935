package postgres

import (
	"context"
	"errors"
	"strings"

	"pipewright/engine"
)

// loadSteps says what to do about the errors that a load meets, by SQLSTATE.
var loadSteps = map[string]string{
	"23505": "load it with --mode upsert, or mend the rows that have the same value",
	"23503": "load the rows that are referred to first",
	"23502": "give the column a value in the file, or a default in the table",
	"23514": "mend the rows that the table's check constraint refuses, or the constraint",
	"42501": "connect as a role that may do this, or as the table's owner",
	"55P03": "wait until the other session has ended its transaction, and load again",
	"40P01": "load it again; the other transaction has gone on",
	"53100": "free some disk space and load again",
	"54011": "split the file into tables of fewer columns",
	"54000": "split the file into tables of fewer or narrower columns",
}

// told puts an error of the load in words. The transaction is lost with every error, and so the table is as
// it was.
func (s *LoadSink) told(err error) *engine.Error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	where := s.target.Name
	if where == "" {
		where = s.plan.Spec.Name
	}
	e = &engine.Error{Kind: engine.Failed, Where: where, Err: err}
	pg := asPgError(err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), pg != nil && pg.Code == "57014":
		e.Kind, e.What = engine.Interrupted, "the load was cancelled; the table is as it was"
	case Gone(err), pg == nil:
		e.Kind = engine.Unavailable
		e.What = "the connection to PostgreSQL was lost during the load; the table is as it was"
		e.Next = "see that the server is up (pipewright db status) and load again"
	case pg.Code == "55P03":
		e.SQLState = pg.Code
		e.What, e.Next = "another session is writing to the table, and did not end within "+lockPatience, loadSteps[pg.Code]
	default:
		e.SQLState = pg.Code
		e.What = sentence(pg.Message)
		if pg.Detail != "" && !strings.Contains(pg.Detail, "COPY") {
			e.What += " (" + sentence(pg.Detail) + ")"
		}
		e.What += "; the table is as it was"
		e.Next = loadSteps[pg.Code]
		if e.Next == "" {
			e.Next = sentence(pg.Hint)
		}
	}
	return e
}
