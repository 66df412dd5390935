package engine

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
