package lab

import (
	"pipewright/engine"
	"pipewright/engine/load"
	"pipewright/engine/query"
)

// What front ends need of the capabilities beside requests: they may not import them.

// Schemas names the schemas that a LoadCSV may ask for; the last is the one that infers.
func Schemas() []string {
	var names []string
	for _, s := range load.Schemas() {
		names = append(names, s.Name)
	}
	return append(names, load.Infer)
}

// Caret gives psql's two lines for a place in a statement; see query.Caret. Front ends show it below an
// error that has SQL and Position.
func Caret(sql string, position int) string { return query.Caret(sql, position) }

// Statements counts the statements of a text as RunQuery runs them: each gives one result.
func Statements(text string) int {
	n := 0
	for _, st := range query.Split(text) {
		if !st.Empty {
			n++
		}
	}
	return n
}

// AppendJSON appends a cell as a JSON value of its column's kind, as exports write it; see
// query.AppendJSON.
func AppendJSON(dst []byte, kind engine.ValueKind, cell engine.Cell) []byte {
	return query.AppendJSON(dst, kind, cell)
}
