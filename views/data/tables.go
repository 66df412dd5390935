package data

import (
	"strings"
	"time"

	"pipewright/engine"
)

// Column is one column of a table.
type Column struct {
	Name, Type string
	NotNull    bool
	Key        string // "primary", "unique", "→ companies", several with commas; empty: none
}

// Table is one table or view of a backend.
type Table struct {
	Backend      engine.Backend
	Schema, Name string
	Usual        bool   // its schema is the one that names without a schema mean
	Kind         string // "table", "view" …
	Columns      []Column
	Rows         int64 // -1: not known
	About        bool  // Rows is an estimate
	Bytes        int64 // -1: not known
	AboutBytes   bool  // Bytes is an estimate
}

// Title is how people name the table: with its schema where that is not the usual one.
func (t Table) Title() string {
	if t.Usual {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// Ident is the table as SQL names it.
func (t Table) Ident() string {
	if t.Usual && !system(t.Name) {
		return Quote(t.Name)
	}
	return Quote(t.Schema) + "." + Quote(t.Name)
}

// system says whether a name without a schema would find a table of the system's.
func system(name string) bool { return strings.HasPrefix(name, "pg_") }

// Select is the statement that reads the table's first n rows.
func (t Table) Select(n int) string {
	return "select * from " + t.Ident() + " limit " + itoa(n)
}

// Quote quotes a name for SQL where it needs quotes: both backends fold what has none.
func Quote(name string) string {
	plain := name != "" && !words[name]
	for i, r := range name {
		if r >= 'a' && r <= 'z' || r == '_' || i > 0 && r >= '0' && r <= '9' {
			continue
		}
		plain = false
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// words are those that neither backend takes as the name of a table or schema without quotes.
var words = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
		collation column concurrently constraint create cross current_catalog current_date current_role current_schema
		current_time current_timestamp current_user default deferrable desc describe distinct do else end except false fetch
		for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lambda lateral
		leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
		pivot pivot_longer pivot_wider placing primary qualify references returning right select semi anti asof positional
		session_user show similar some summarize symmetric system_user table tablesample then to trailing true union unique
		unpivot user using variadic verbose when where window with`) {
		m[w] = true
	}
	return m
}()

// Tables are what one backend holds, or why that is not known.
type Tables struct {
	Backend engine.Backend
	Tables  []Table
	Note    string        // one sentence, where there is nothing to look at: "no file yet …"
	Bytes   int64         // of the whole database; 0: not known
	Err     *engine.Error // the look failed; what was known before stays
	At      time.Time
}

// Looking says that a backend is being looked at.
type Looking struct{ Backend engine.Backend }

// Sample is the first rows of a table.
type Sample struct {
	Backend      engine.Backend
	Schema, Name string
	Columns      []engine.Column
	Rows         [][]engine.Cell
	More         bool // the table has more rows
	Err          *engine.Error
}
