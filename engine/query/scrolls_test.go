package query_test

import (
	"testing"

	"pipewright/engine/query"
)

func TestScrolls(t *testing.T) {
	for sql, want := range map[string]bool{
		"select 1":                             true,
		"-- c\n(select 1)":                     false, // words in parentheses are not looked at
		"-- c\nselect 1":                       true,
		"with a as (select 1) table a":         true,
		"values (1)":                           true,
		"explain select 1":                     true,
		"from leads":                           true,
		"select * into t from leads":           false,
		"with a as (select 1) delete from t":   false,
		"insert into t values (1) returning *": false,
		"update t set a = 1":                   false,
		"create table t (a int)":               false,
		"":                                     false,
		"-- nothing":                           false,
	} {
		if got := query.Scrolls(sql); got != want {
			t.Errorf("%q: %v, want %v", sql, got, want)
		}
	}
}
