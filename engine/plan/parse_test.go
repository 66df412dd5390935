package plan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipewright/engine"
)

// TestRefused is about what is no plan, or not all of one: a sentence with the line, never a tree.
func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"Plan":{"Node Type":"Limit","Plans":[`, 3000)
	whole := "Hash Join  (cost=1.00..2.00 rows=1 width=4)\n  Hash Cond: (a.x = b.x)\n  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)\n  ->  Hash  (cost=1.00..1.00 rows=1 width=4)\n        ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)\n"
	parseOne(t, whole)
	for name, c := range map[string]struct{ paste, want string }{
		"empty":              {" \n ", "nothing in this"},
		"binary":             {"\x00\x01\x02", "not text"},
		"SQL":                {"select *\nfrom leads", "SQL, not its plan"},
		"EXPLAIN statement":  {"explain analyze select 1", "EXPLAIN statement"},
		"HTML":               {"<html><body>Seq Scan</body></html>", "web page"},
		"prose":              {"Dear all,\nthe query is slow.", "no plan"},
		"cut in a heading":   {whole[:len(whole)-20], "ends in the middle"},
		"cut before input":   {whole[:strings.Index(whole, "        ->")], "0 of its 1 inputs"},
		"one input of two":   {whole[:strings.Index(whole, "  ->  Hash")], "1 of its 2 inputs"},
		"cut in a condition": {"Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)\n  Filter: ((x = 1) AND (y", "ends in the middle"},
		"figures of some":    {"Sort  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..1.0 rows=1 loops=1)\n  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)", "not whole"},
		"label at the end":   {"Result  (cost=0.00..1.00 rows=1 width=4)\n  InitPlan 1", "nothing follows"},
		"no indentation":     {strings.ReplaceAll(whole, "\n  ", "\n"), "indentation"},
		"half JSON":          {"[\n {\n \"Plan\": {\n \"Node Type\": \"Seq Scan\",\n", "ends in the middle"},
		"other JSON":         {`{"name": "pipewright", "version": 3}`, "no plan"},
		"deep JSON":          {deep, "nested more than"},
		"deep list":          {strings.Repeat("[", 100000) + "{", "no plan"},
		"YAML alias bomb":    {"- Plan:\n    a: &a [x]\n    b: *a\n", "not the YAML"},
		"half YAML":          {"- Plan: \n    Node Type: \"Hash Join\"\n    Plans: \n      - Node Type: \"Seq", "never closed"},
		"half XML":           {"<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n<Query>\n<Plan>\n<Node-Type>Seq", "ends in the middle"},
		"XML entities":       {"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aa\">]><explain>&a;</explain>", "not the XML"},
		"times of no sense":  {`[{"Plan": {"Node Type": "Seq Scan", "Actual Total Time": "soon", "Actual Rows": 1, "Actual Loops": 1}}]`, "no numbers"},
		"half a box":         {"┌───────────────────────────┐\n│         TABLE_SCAN        │\n", "middle of a box"},
		"MySQL":              {"-> Filter: (t.a = 1)  (cost=0.35 rows=1)\n    -> Table scan on t  (cost=0.35 rows=1)", "no plan"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			plans, err := Parse([]byte(c.paste))
			var e *engine.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%d plans and %v, want an error with %q", len(plans), err, c.want)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestCut cuts every stored text plan at every line and in the middle of lines: a tree that is accepted
// is a whole one.
func TestCut(t *testing.T) {
	for _, e := range corpus(t) {
		if e.form != "text" || e.server != "pg15" {
			continue
		}
		_, text, _ := strings.Cut(e.other, "\n")
		want := parseOne(t, text)
		for at := range text {
			if at%7 != 0 && text[at] != '\n' {
				continue
			}
			plans, err := Parse([]byte(text[:at]))
			if err != nil {
				continue
			}
			for _, n := range plans[0].Nodes {
				w := want.Nodes[n.ID-1]
				if n.Type != w.Type || n.Parent != w.Parent || n.Loops != nil && *n.Loops != *w.Loops || *n.EstRows != *w.EstRows {
					t.Fatalf("%s cut at %d: node %d is %+v, want %+v", e.query, at, n.ID, n, w)
				}
				if n.inputs() > 0 && n.ID == len(plans[0].Nodes) {
					t.Fatalf("%s cut at %d: node %d lacks its input", e.query, at, n.ID)
				}
			}
		}
	}
}

// TestHostile is about input that is large or strange, and must end soon.
func TestHostile(t *testing.T) {
	long := strings.Repeat("x = 1 AND ", 500_000)
	many := "Append  (cost=0.00..1.00 rows=1 width=4)\n" + strings.Repeat("  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n        Filter: (a = $1)\n", 30_000)
	inits := "Result  (cost=0.00..1.00 rows=1 width=4) (actual time=0.1..0.2 rows=1 loops=1)\n" +
		strings.Repeat("  InitPlan 1 (returns $0)\n    ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.1..0.1 rows=1 loops=1)\n          Filter: (a = $0)\n", 10_000)
	for name, paste := range map[string]string{
		"one line":      "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (" + long + "true)",
		"many nodes":    many,
		"many subplans": inits,
		"many lines":    "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (" + strings.Repeat("a AND\n", 500_000) + "b)",
		"spaces":        strings.Repeat(" ", 5_000_000) + "x",
		"quotes":        strings.Repeat("\"\n", 1_000_000),
		"bars":          strings.Repeat("| |\n", 1_000_000),
		"json numbers":  "[" + strings.Repeat("1,", 1_000_000) + "1]",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse([]byte(paste))
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			t.Log(time.Since(start), err)
		})
	}
}

// TestRoundTrip builds trees, prints them as EXPLAIN would, and reads them back.
func TestRoundTrip(t *testing.T) {
	name := rapid.StringMatching(`[a-z][a-z0-9_]{0,8}|[A-Za-z][A-Za-z .()="]{0,10}[a-z]`)
	rapid.Check(t, func(r *rapid.T) {
		p := &Plan{Backend: engine.Postgres, Clock: Wall}
		drawNode(r, p, name, 0, 0, rapid.Bool().Draw(r, "timed"))
		if err := p.finish(); err != nil {
			r.Fatal(err)
		}
		text := Explain(p)
		plans, err := Parse([]byte(text))
		if err != nil || len(plans) != 1 {
			r.Fatalf("%v\n%s", err, text)
		}
		if got, want := picture(&plans[0]), picture(p); got != want {
			r.Fatalf("%s\n%s", diffLines(want, got), text)
		}
		if rec := Reconcile(p); !rec.Holds() {
			r.Fatalf("%s\n%s", rec, text)
		}
	})
}

func drawNode(r *rapid.T, p *Plan, name *rapid.Generator[string], parent, depth int, timed bool) {
	id := len(p.Nodes) + 1
	num := func(label string) *float64 {
		f := float64(rapid.IntRange(0, 100_000).Draw(r, label)) / 1000
		return &f
	}
	n := Node{ID: id, Parent: parent, Depth: depth, StartupCost: num("a"), TotalCost: num("b"), EstRows: num("c"), Width: num("d"), Rows: num("e")}
	loops := float64(rapid.IntRange(0, 4).Draw(r, "loops"))
	n.Loops = &loops
	if timed {
		n.StartupMs, n.TotalMs = num("f"), num("g")
	}
	if loops == 0 {
		n.never()
	}
	leaves := []string{"Seq Scan", "Index Scan", "Bitmap Index Scan", "Values Scan", "CTE Scan", "Function Scan", "Result", "Custom Scan (Odd)"}
	inner := []string{"Sort", "Hash Join", "Nested Loop", "Gather", "Append", "Finalize GroupAggregate", "Limit"}
	if depth >= 4 || len(p.Nodes) > 30 || rapid.Bool().Draw(r, "leaf") {
		n.Type = rapid.SampledFrom(leaves).Draw(r, "type")
	} else {
		n.Type = rapid.SampledFrom(inner).Draw(r, "type")
	}
	switch n.Type {
	case "Seq Scan", "Index Scan", "Function Scan":
		n.Relation, n.Alias = name.Draw(r, "relation"), name.Draw(r, "alias")
		if n.Type == "Index Scan" {
			n.Index = name.Draw(r, "index")
		}
	case "Bitmap Index Scan":
		n.Index = name.Draw(r, "index")
	case "Values Scan":
		n.Alias = name.Draw(r, "alias")
	case "CTE Scan":
		n.CTEName, n.Alias = name.Draw(r, "cte"), name.Draw(r, "alias")
	case "Gather":
		two, launched := 2.0, float64(rapid.IntRange(0, 2).Draw(r, "launched"))
		n.WorkersPlanned, n.WorkersLaunched = &two, &launched
	}
	if parent > 0 && rapid.IntRange(0, 9).Draw(r, "subplan") == 0 {
		n.SubplanName = rapid.SampledFrom([]string{"InitPlan 1 (returns $0)", "InitPlan 10", "SubPlan 2", "CTE x"}).Draw(r, "name")
	}
	if rapid.Bool().Draw(r, "filter") {
		n.Properties = []Property{{"Filter", rapid.SampledFrom([]string{"(a > $0)", "(a = (InitPlan 10).col1)", "(b = 'x''(')", "(c IS NULL)"}).Draw(r, "cond")}, {"Shared Hit Blocks", "7"}}
	}
	p.Nodes = append(p.Nodes, n)
	for range p.Nodes[id-1].inputs() {
		before := len(p.Nodes)
		drawNode(r, p, name, id, depth+1, timed)
		p.Nodes[before].SubplanName = ""
	}
	if n.Type == "Append" {
		for range rapid.IntRange(0, 3).Draw(r, "parts") {
			drawNode(r, p, name, id, depth+1, timed)
		}
	}
}

// FuzzParse looks for input that panics, or that gives a tree whose arithmetic does not hold.
func FuzzParse(f *testing.F) {
	seen := map[string]bool{}
	for _, e := range corpus(f) {
		if key := e.form + e.query[:3]; !seen[key] && len(e.other) < 6000 {
			seen[key] = true
			f.Add([]byte(e.other))
		}
	}
	for _, seed := range []string{readTestdata(f, "duckdb/join.analyze.txt"), readTestdata(f, "duckdb/join.analyze.json"), "\"Seq Scan on \"\"T\"\"  (cost=0.00..1.00 rows=1 width=4)\"\n\"  Filter: (a = 1)\"",
		"+--+\n| QUERY PLAN |\n+--+\n| Result  (cost=0.00..0.01 rows=1 width=4) |\n+--+\n(1 row)"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, paste []byte) {
		plans, err := Parse(paste)
		if err != nil {
			var e *engine.Error
			if !errors.As(err, &e) || e.What == "" {
				t.Fatalf("not a sentence: %v", err)
			}
			return
		}
		for i := range plans {
			p := &plans[i]
			for j, n := range p.Nodes {
				if n.ID != j+1 || n.Parent >= n.ID || n.Parent == 0 && j > 0 {
					t.Fatalf("node %d has id %d and parent %d", j, n.ID, n.Parent)
				}
				if n.SelfMs != nil && p.Clock == Wall && !(*n.SelfMs >= 0) {
					t.Fatalf("self %v", *n.SelfMs)
				}
			}
			_, _ = Text(p), Explain(p)
		}
	})
}

// BenchmarkParse reads a plan of 1,000 nodes in each form.
func BenchmarkParse(b *testing.B) {
	forms := map[string][]execution{}
	for _, e := range corpus(b) {
		forms[e.form] = append(forms[e.form], e)
	}
	for _, form := range []string{"text", "json", "yaml", "xml"} {
		b.Run(form, func(b *testing.B) {
			var text strings.Builder
			nodes := 0
			for i := 0; nodes < 1000; i++ {
				e := forms["text"][i%len(forms["text"])]
				if form == "yaml" || form == "xml" {
					e = forms[form][i%len(forms[form])]
				}
				one := e.other
				if form == "json" {
					one = e.json
				}
				nodes += len(parseOne(b, one).Nodes)
				text.WriteString(one)
			}
			data := []byte(text.String())
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(nodes), "nodes")
		})
	}
}
