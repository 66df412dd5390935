package plan

import (
	"path/filepath"
	"strings"
	"testing"

	"pipewright/engine"
)

// shape is a tree's operators by depth.
func shape(p *Plan) string {
	var b strings.Builder
	for _, n := range p.Nodes {
		t := strings.Replace(n.Type, "SEQ_SCAN", "TABLE_SCAN", 1)
		b.WriteString(strings.Repeat(" ", n.Depth) + t + "\n")
	}
	return b.String()
}

// TestDuckDB reads each stored query of DuckDB 1.5 in its four forms: the boxes and the JSON have the
// same operators and rows, times are processor time, and the sum holds.
func TestDuckDB(t *testing.T) {
	files, err := filepath.Glob("testdata/duckdb/*.analyze.json")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		name := "duckdb/" + strings.TrimSuffix(filepath.Base(f), ".analyze.json")
		t.Run(name, func(t *testing.T) {
			text, js := parseOne(t, readTestdata(t, name+".analyze.txt")), parseOne(t, readTestdata(t, name+".analyze.json"))
			if shape(text) != shape(js) {
				t.Errorf("boxes\n%s\nJSON\n%s", shape(text), shape(js))
			}
			for i := range js.Nodes {
				// DuckDB leaves the rows out of a box where a line of the operator is too long for it.
				if i < len(text.Nodes) && text.Nodes[i].Rows != nil && *text.Nodes[i].Rows != *js.Nodes[i].Rows {
					t.Errorf("rows of node %d differ", i+1)
				}
				if i < len(text.Nodes) && text.Nodes[i].Relation != js.Nodes[i].Relation {
					t.Errorf("relation of node %d: %q and %q", i+1, text.Nodes[i].Relation, js.Nodes[i].Relation)
				}
			}
			for _, p := range []*Plan{text, js} {
				if p.Backend != engine.DuckDB || p.Clock != CPU || p.ExecutionMs == nil || !Reconcile(p).Holds() || !strings.Contains(Reconcile(p).String(), "processor time") {
					t.Errorf("%+v: %s", p.Backend, Reconcile(p))
				}
				if p.Query == "" {
					t.Error("the query is lost")
				}
			}
			text, js = parseOne(t, readTestdata(t, name+".explain.txt")), parseOne(t, readTestdata(t, name+".explain.json"))
			if shape(text) != shape(js) {
				t.Errorf("boxes\n%s\nJSON\n%s", shape(text), shape(js))
			}
			if text.Executed() || text.Timed() {
				t.Error("nothing was executed")
			}
		})
	}
	paste := readTestdata(t, "duckdb/join.explain.txt") + "\n" + readTestdata(t, "duckdb/cte.analyze.txt") + "\n" + readTestdata(t, "duckdb/join.analyze.txt")
	plans, err := Parse([]byte(paste))
	if err != nil || len(plans) != 3 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
}
