package load

import (
	"context"

	"pipewright/engine"
)

// Sink is the table end of one load: a single-use object, with one transaction. The adapters have one each.
// Errors are *engine.Error. Encode may be called by several goroutines at once; all else by one.
type Sink interface {
	// Begin opens the transaction, finds or makes the table, locks out other writers, and removes the old
	// rows when the mode says so. Nobody else sees any of it before Commit.
	Begin(ctx context.Context, plan engine.LoadPlan) (engine.LoadTarget, error)
	// Keys gives the key of each row that is in the table, in any order. The datums are valid during the
	// call. It is called before the first Write, or never.
	Keys(ctx context.Context, yield func(key []engine.Datum) error) error
	// Encode appends a row, in the order of the plan's columns.
	Encode(dst []byte, row []engine.Datum) []byte
	// Write takes encoded rows; ends says where each ends. It may change rows, and keeps neither.
	Write(ctx context.Context, rows []byte, ends []int32) error
	// Commit makes it all visible at once.
	Commit(ctx context.Context) (engine.LoadDone, error)
	// Rollback leaves the table as it was, and nothing running. It is called exactly once, also after
	// Commit and after a failed Begin, and frees what the sink holds.
	Rollback() error
}
