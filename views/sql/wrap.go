package sql

import (
	"fmt"
	"strings"

	"pipewright/engine"
)

// order is the way in which a column is sorted.
type order int

const (
	unsorted order = iota
	ascending
	descending
)

// view is how a statement's rows are looked at: sorted and filtered by the database, which runs the
// statement inside of another.
type view struct {
	base   string // the statement itself
	by     int    // column that is sorted by, from 0
	order  order
	column string // that is filtered
	filter string // what its values hold; empty: no filter
}

// plain says whether the rows are looked at as the statement gives them.
func (v view) plain() bool { return v.order == unsorted && v.filter == "" }

// wraps says whether a statement can stand inside of another.
func wraps(statement string, b engine.Backend) bool {
	all := split(statement)
	if len(all) != 1 {
		return false
	}
	switch all[0].verb {
	case "select", "values", "table":
		return true
	case "from", "pivot", "unpivot", "describe", "summarize", "show":
		return b == engine.DuckDB
	}
	return false
}

// sql is the statement that the database runs for the view.
func (v view) sql(b engine.Backend) string {
	if v.plain() {
		return v.base
	}
	return "select * from (" + v.base + "\n) as q" + v.clauses(b)
}

// told is the statement as the person is shown it: without the part that stands in the editor.
func (v view) told(b engine.Backend) string {
	return "select * from (…) as q" + v.clauses(b)
}

func (v view) clauses(b engine.Backend) string {
	var s strings.Builder
	if v.filter != "" {
		s.WriteString(" where " + contains(v.column, v.filter, b))
	}
	switch v.order {
	case ascending:
		fmt.Fprintf(&s, " order by %d asc nulls last", v.by+1)
	case descending:
		fmt.Fprintf(&s, " order by %d desc nulls last", v.by+1)
	}
	return s.String()
}

// contains is the condition that a column's value, as text, holds another text in any case. What LIKE
// reads as a sign is escaped, so that the text is found as it stands.
func contains(column, text string, b engine.Backend) string {
	subject := quoteName(column) + "::text"
	if b == engine.DuckDB {
		subject = "cast(" + quoteName(column) + " as varchar)"
	}
	pattern := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(text)
	escape := ""
	if strings.ContainsAny(text, `%_!`) {
		escape = " escape '!'"
	} else {
		pattern = text
	}
	if escape == "" && strings.Contains(text, `\`) {
		escape = " escape '!'" // PostgreSQL would read the backslash as its own escape
	}
	return subject + " ilike '%" + strings.ReplaceAll(pattern, "'", "''") + "%'" + escape
}
