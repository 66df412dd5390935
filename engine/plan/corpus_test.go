package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// execution is one execution of one query, as a server printed it twice: in JSON by EXPLAIN, and in
// another form by auto_explain, which looked on.
type execution struct {
	server, query, form string
	json, other         string
}

// corpus reads the stored executions.
func corpus(t testing.TB) []execution {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var out []execution
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		server := strings.TrimSuffix(filepath.Base(f), ".txtar")
		for i := 0; i+1 < len(a.Files); i += 2 {
			query, form, _ := strings.Cut(a.Files[i+1].Name, ".")
			out = append(out, execution{server, query, form, string(a.Files[i].Data), string(a.Files[i+1].Data)})
		}
	}
	return out
}

func parseOne(t testing.TB, text string) *Plan {
	t.Helper()
	plans, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text[:min(len(text), 3000)])
	}
	if len(plans) != 1 {
		t.Fatalf("%d plans where there is one in\n%s", len(plans), text)
	}
	return &plans[0]
}

// picture is all that a tree says, as text. What only some of the forms say is left out.
func picture(p *Plan) string {
	var b strings.Builder
	for i := range p.Nodes {
		n := p.Nodes[i]
		n.Self = nil
		props := n.Properties
		n.Properties, n.line, n.column = nil, 0, 0
		workers := n.Workers
		n.Workers = nil
		js, _ := json.Marshal(n)
		fmt.Fprintf(&b, "%s\n", js)
		var lines []string
		for _, q := range props {
			lines = append(lines, said("  ", q)...)
		}
		sort.Strings(lines)
		for _, w := range workers {
			ps := w.Properties
			w.Properties = nil
			js, _ := json.Marshal(w)
			lines = append(lines, "  worker "+string(js))
			for _, q := range ps {
				lines = append(lines, said("    ", q)...)
			}
		}
		b.WriteString(strings.Join(lines, ""))
	}
	for _, t := range p.Triggers {
		ms, _ := json.Marshal(t.TimeMs)
		fmt.Fprintf(&b, "trigger %s calls %v\n", ms, t.Calls)
	}
	ps := append(append([]Property{}, p.JIT...), p.Settings...)
	sort.Slice(ps, func(i, j int) bool { return ps[i].Key < ps[j].Key })
	for _, q := range ps {
		fmt.Fprintf(&b, "whole %v\n", q)
	}
	return b.String()
}

func said(pad string, q Property) []string {
	switch q.Key {
	case "Inner Unique", "Single Copy":
		return nil // the text form says it only with VERBOSE
	}
	return []string{fmt.Sprintf("%s%s: %s\n", pad, q.Key, q.Value)}
}

// oracle reads a JSON plan a second time, with nothing of this package.
type oracle struct {
	Plan struct{ oracleNode }
}

type oracleNode struct {
	NodeType string       `json:"Node Type"`
	Rows     *float64     `json:"Actual Rows"`
	Loops    *float64     `json:"Actual Loops"`
	Total    *float64     `json:"Actual Total Time"`
	Est      *float64     `json:"Plan Rows"`
	Relation string       `json:"Relation Name"`
	Index    string       `json:"Index Name"`
	Hit      *float64     `json:"Shared Hit Blocks"`
	Subplan  string       `json:"Subplan Name"`
	Plans    []oracleNode `json:"Plans"`
}

func checkOracle(t *testing.T, text string, p *Plan) {
	t.Helper()
	var os []oracle
	if err := json.Unmarshal([]byte(text), &os); err != nil {
		t.Fatal(err)
	}
	at := 0
	var walk func(o oracleNode, parent, depth int)
	walk = func(o oracleNode, parent, depth int) {
		if at >= len(p.Nodes) {
			t.Fatalf("only %d nodes", len(p.Nodes))
		}
		n := p.Nodes[at]
		at++
		if n.ID != at || n.Parent != parent || n.Depth != depth {
			t.Errorf("node %d: id %d parent %d depth %d, want parent %d depth %d", at, n.ID, n.Parent, n.Depth, parent, depth)
		}
		if o.NodeType != "Aggregate" && o.NodeType != "ModifyTable" && o.NodeType != "SetOp" && !strings.Contains(n.Type, strings.TrimSuffix(o.NodeType, " Join")) {
			t.Errorf("node %d is %q, want a kind of %q", at, n.Type, o.NodeType)
		}
		if n.Relation != o.Relation && o.Relation != "" || n.Index != o.Index || n.SubplanName != o.Subplan {
			t.Errorf("node %d: %+v is not %+v", at, n, o)
		}
		if o.Est != nil && *o.Est != *n.EstRows || o.Loops != nil && *o.Loops != *n.Loops {
			t.Errorf("node %d: estimate or loops differ", at)
		}
		if o.Loops != nil && *o.Loops > 0 && (*o.Rows != *n.Rows || o.Total != nil && *o.Total != *n.TotalMs) {
			t.Errorf("node %d: rows or time differ", at)
		}
		if o.Loops != nil && n.NeverExecuted != (*o.Loops == 0) {
			t.Errorf("node %d: never executed is %v", at, n.NeverExecuted)
		}
		if o.Hit != nil && (n.SharedHit == nil && *o.Hit != 0 || n.SharedHit != nil && *n.SharedHit != *o.Hit) {
			t.Errorf("node %d: shared hit differs", at)
		}
		id := at
		for _, c := range o.Plans {
			walk(c, id, depth+1)
		}
	}
	walk(os[0].Plan.oracleNode, 0, 0)
	if at != len(p.Nodes) {
		t.Errorf("%d nodes, want %d", len(p.Nodes), at)
	}
}

func checkArithmetic(t *testing.T, p *Plan) {
	t.Helper()
	r := Reconcile(p)
	if !r.Holds() {
		t.Errorf("does not reconcile: %s\n%s", r, Text(p))
	}
	for _, n := range p.Nodes {
		if n.SelfMs != nil && (*n.SelfMs < 0 || math.IsNaN(*n.SelfMs)) {
			t.Errorf("node %d has self %v", n.ID, *n.SelfMs)
		}
	}
	if p.Nodes[0].SharedHit != nil {
		sum := 0.0
		for _, n := range p.Nodes {
			if n.Self != nil {
				sum += n.Self.SharedHit
			}
		}
		if want := *p.Nodes[0].SharedHit; sum < want-0.5 {
			t.Errorf("blocks of all nodes are %v, of the root %v\n%s", sum, want, Text(p))
		}
	}
}

// TestCorpus holds the forms of each stored execution against each other and against a second reading.
func TestCorpus(t *testing.T) {
	shapes, nodes, approximate, worst := map[string]bool{}, 0, 0, 0.0
	for _, e := range corpus(t) {
		t.Run(e.server+"/"+e.query+"/"+e.form, func(t *testing.T) {
			a, b := parseOne(t, e.json), parseOne(t, e.other)
			checkOracle(t, e.json, a)
			if got, want := picture(b), picture(a); got != want {
				t.Errorf("%s differs from JSON:\n%s", e.form, diffLines(want, got))
			}
			checkArithmetic(t, a)
			r := Reconcile(a)
			shapes[e.query] = true
			nodes += r.Nodes
			approximate += r.Approximate
			if r.WholeMs > 1 {
				worst = max(worst, math.Abs(r.SelfMs/r.WholeMs-1))
			}
		})
	}
	t.Logf("%d shapes, %d nodes, %d of them approximate, worst sum off by %.4f %%", len(shapes), nodes, approximate, worst*100)
}

func diffLines(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := 0; i < max(len(w), len(g)); i++ {
		var x, y string
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "want %s\ngot  %s\n", x, y)
			if b.Len() > 1500 {
				break
			}
		}
	}
	return b.String()
}

func readTestdata(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
