package plan

import (
	"math"
	"strings"
	"testing"
)

// selfOf gives the self times of a text plan's nodes, by id.
func selfOf(t *testing.T, text string) (*Plan, []float64) {
	t.Helper()
	p := parseOne(t, text)
	out := []float64{0}
	for _, n := range p.Nodes {
		out = append(out, *n.SelfMs)
	}
	if r := Reconcile(p); !r.Holds() {
		t.Errorf("%s", r)
	}
	return p, out
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.0015 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestLoops: a time is the average of a loop.
func TestLoops(t *testing.T) {
	_, self := selfOf(t, `Nested Loop  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..50.000 rows=100 loops=1)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..10.000 rows=100 loops=1)
  ->  Index Scan using i on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.200..0.300 rows=1 loops=100)
`)
	near(t, "join", self[1], 10)
	near(t, "outer", self[2], 10)
	near(t, "inner", self[3], 30)
}

// TestWorkers: under a Gather, loops are processes that ran side by side, and a node that is looped over
// in each is divided by the processes, not by its loops.
func TestWorkers(t *testing.T) {
	p, self := selfOf(t, `Gather  (cost=0.00..1.00 rows=1 width=4) (actual time=1.000..100.000 rows=300 loops=1)
  Workers Planned: 2
  Workers Launched: 2
  InitPlan 1 (returns $0)
    ->  Seq Scan on c  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..4.000 rows=1 loops=1)
  ->  Nested Loop  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..90.000 rows=100 loops=3)
        ->  Parallel Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..30.000 rows=100 loops=3)
        ->  Index Scan using i on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..0.500 rows=1 loops=300)
              Index Cond: (x = $0)
`)
	near(t, "gather", self[1], 6)
	near(t, "initplan, run by the leader", self[2], 4)
	near(t, "join", self[3], 10)
	near(t, "scan", self[4], 30)
	near(t, "inner", self[5], 50)
	if !p.Nodes[4].Approximate || !strings.Contains(p.Nodes[4].Why, "3 processes") || p.Nodes[1].Approximate {
		t.Errorf("%q %q", p.Nodes[4].Why, p.Nodes[1].Why)
	}
	_, self = selfOf(t, strings.ReplaceAll(`Gather  (cost=0.00..1.00 rows=1 width=4) (actual time=1.000..100.000 rows=300 loops=1)
  Workers Planned: 2
  Workers Launched: 0
  ->  Parallel Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..95.000 rows=100 loops=1)
`, "", ""))
	near(t, "gather without workers", self[1], 5)
	near(t, "scan without workers", self[2], 95)
}

// TestInitPlans: each is charged where its value is used; $1 is not $12, and 1 is not 10.
func TestInitPlans(t *testing.T) {
	for _, form := range []struct{ one, ten, useOne, useTen string }{
		{"InitPlan 1 (returns $1)", "InitPlan 10 (returns $12)", "$1", "$12"},
		{"InitPlan 1", "InitPlan 10", "(InitPlan 1).col1", "(InitPlan 10).col1"},
	} {
		_, self := selfOf(t, `Nested Loop  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..100.000 rows=100 loops=1)
  `+form.one+`
    ->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..20.000 rows=1 loops=1)
  `+form.ten+`
    ->  Seq Scan on y  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..5.000 rows=1 loops=1)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..40.000 rows=100 loops=1)
        Filter: (v > `+form.useTen+`)
  ->  Materialize  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.500 rows=1 loops=100)
        ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..45.000 rows=1 loops=1)
              Filter: (v < `+form.useOne+`)
`)
		near(t, "join", self[1], 10)
		near(t, "first InitPlan", self[2], 20)
		near(t, "tenth InitPlan", self[3], 5)
		near(t, "scan that asked for the tenth", self[4], 35)
		near(t, "scan that asked for the first", self[6], 25)
	}
}

// TestCTEs: a CTE is paid by its scans, in proportion to their time.
func TestCTEs(t *testing.T) {
	p, self := selfOf(t, `Hash Join  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..100.000 rows=100 loops=1)
  Hash Cond: (a.x = b.x)
  CTE x
    ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..60.000 rows=1 loops=1)
  ->  CTE Scan on x a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..20.000 rows=100 loops=1)
  ->  Hash  (cost=0.00..1.00 rows=1 width=4) (actual time=70.000..70.000 rows=100 loops=1)
        ->  CTE Scan on x b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..60.000 rows=100 loops=1)
`)
	near(t, "join", self[1], 10)
	near(t, "CTE", self[2], 60)
	near(t, "first scan", self[3], 5)
	near(t, "hash", self[4], 10)
	near(t, "second scan", self[5], 15)
	if !p.Nodes[2].Approximate || !strings.Contains(p.Nodes[2].Why, "scanned 2 times") {
		t.Errorf("%q", p.Nodes[2].Why)
	}
	p, self = selfOf(t, `Aggregate  (cost=0.00..1.00 rows=1 width=4) (actual time=1.000..1.000 rows=1 loops=1)
  CTE gone
    ->  Delete on notes  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..9.000 rows=149 loops=1)
          ->  Seq Scan on notes  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..2.000 rows=149 loops=1)
  ->  Seq Scan on c  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.600 rows=1 loops=1)
`)
	near(t, "aggregate", self[1], 0.4)
	near(t, "delete that runs after the rest", self[2], 7)
	near(t, "outside", p.OutsideMs, 9)
}

// TestScaled: where parts were measured at more than the whole, they are made to fit, and say so.
func TestScaled(t *testing.T) {
	p, self := selfOf(t, `Gather  (cost=0.00..1.00 rows=1 width=4) (actual time=1.000..100.000 rows=300 loops=1)
  Workers Planned: 1
  Workers Launched: 1
  ->  Parallel Append  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..90.000 rows=100 loops=2)
        ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..80.000 rows=100 loops=1)
        ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..100.000 rows=100 loops=1)
`)
	near(t, "append", self[2], 0)
	near(t, "a", self[3], 40)
	near(t, "b", self[4], 50)
	if !p.Nodes[2].Approximate || *p.Nodes[2].InclusiveMs != 80 {
		t.Errorf("%+v", p.Nodes[2])
	}
}

// TestRounding: a time that is printed to 0.001 ms and looped over often is marked.
func TestRounding(t *testing.T) {
	p := parseOne(t, `Nested Loop  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..900.000 rows=100 loops=1)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..100.000 rows=100 loops=1)
  ->  Index Scan using i on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=300000)
`)
	if n := p.Nodes[2]; !n.Approximate || !strings.Contains(n.Why, "± 150 ms") {
		t.Errorf("%q", n.Why)
	}
}
