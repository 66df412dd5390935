package engine

import "context"

// Column describes one column of a result.
type Column struct {
	Name string
	Type string // as the backend names it: "integer", "character varying(255)", "VARCHAR"
	// Kind is what a front end needs to know to align and encode the cells.
	Kind ValueKind
}

// ValueKind sorts column types by how their values are shown and encoded.
type ValueKind uint8

// The kinds of value.
const (
	TextValue   ValueKind = iota
	NumberValue           // right-aligned; a JSON number, never rounded
	BoolValue             // a JSON boolean
	TimeValue             // date, time, timestamp, interval: text in JSON
	JSONValue             // already JSON
	BytesValue            // shown as \x…
)

// Cell is one value as psql or DuckDB's shell shows it.
type Cell struct {
	Text string
	Null bool
}

// RowWindow is a part of a result: the rows [First, First+len(Rows)).
type RowWindow struct {
	Columns []Column
	First   int64
	Rows    [][]Cell
	Total   int64 // -1 while unknown
}

// Result is the open result of a query. Its rows stay where they are (on a server's cursor, or in a file);
// only those asked for are in memory. Its methods may be called from any goroutine.
type Result interface {
	Columns() []Column
	// Rows gives up to n rows from the first-th on, counted from 0; a negative first counts from the end.
	// Fewer than n mean that the result ends; the window's Total is then known.
	Rows(ctx context.Context, first, n int64) (RowWindow, error)
	// Close lets go of the cursor or the file. It may be called more than once.
	Close()
}
