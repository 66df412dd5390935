package sql

import "strings"

// reserved are the words that are drawn as keywords and completed: those of PostgreSQL that people write,
// and DuckDB's own.
var reserved = strings.Fields(`
	add all alter analyze and any array as asc asof at begin between bigint boolean both by call cascade case cast char
	character check coalesce collate column commit comment concurrently conflict constraint copy create cross cube
	current current_date current_timestamp cursor database date day deallocate decimal declare default deferrable delete
	desc describe distinct do domain double drop else end enum escape except exclude execute exists explain extension
	extract false fetch filter first following for foreign from full function generated grant group grouping having
	hour if ilike immutable in index inner insert instead int integer intersect interval into is isolation join json
	jsonb key language last lateral leading left level like limit local lock materialized merge minute month natural
	no not nothing now null nullif nulls numeric of offset on only or order outer over overriding partition pivot
	precision preceding prepare primary procedure qualify range real recursive references refresh reindex release
	rename replace restrict returning returns revoke right role rollback rollup row rows sample savepoint schema
	second select sequence serial set setof show similar smallint some sum summarize table tablesample temp temporary
	text then ties time timestamp timestamptz to trailing transaction trigger true truncate type unbounded union
	unique unpivot unnest update upsert using uuid vacuum values varchar varying view volatile when where window with
	within without year zone
	avg count max min`)

var keywords = func() map[string]string {
	m := make(map[string]string, len(reserved))
	for _, w := range reserved {
		m[w] = w
	}
	return m
}()

// keyword gives a word in lower case, and says whether it is a keyword.
func keyword(w string) (string, bool) {
	if len(w) > 24 {
		return w, false
	}
	var buf [24]byte
	low := true
	for i := range len(w) {
		c := w[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
			low = false
		}
		buf[i] = c
	}
	if k, ok := keywords[string(buf[:len(w)])]; ok {
		return k, true
	}
	if low {
		return w, false
	}
	return string(buf[:len(w)]), false
}
