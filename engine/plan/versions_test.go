package plan

import (
	"testing"
)

// TestSpellings reads what versions that the corpus has no server of print differently, and the same
// figures in JSON.
func TestSpellings(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"13: I/O timings": {"Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)\n  Buffers: shared read=5\n  I/O Timings: read=0.123 write=0.456",
			map[string]string{"Shared Read Blocks": "5", "I/O Read Time": "0.123", "I/O Write Time": "0.456"}},
		"16: I/O timings": {"Sort  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)\n  I/O Timings: shared/local read=0.123, temp write=0.456\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)",
			map[string]string{"I/O Read Time": "0.123", "Temp I/O Write Time": "0.456"}},
		"17: I/O timings": {"Sort  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)\n  I/O Timings: shared read=0.123, local read=0.2 write=0.3, temp read=0.4 write=0.5\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)",
			map[string]string{"Shared I/O Read Time": "0.123", "Local I/O Write Time": "0.3", "Temp I/O Read Time": "0.4"}},
		"13: Result Cache's successor in 14": {"Memoize  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=9)\n  Cache Key: a.x\n  Hits: 5  Misses: 4  Evictions: 0  Overflows: 0  Memory Usage: 1kB\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=4)",
			map[string]string{"Cache Hits": "5", "Cache Misses": "4", "Cache Evictions": "0", "Peak Memory Usage": "1"}},
		"18: storage, index searches, disabled": {"WindowAgg  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1.50 loops=2)\n  Window: w1 AS (PARTITION BY a ORDER BY b)\n  Storage: Memory  Maximum Storage: 17kB\n  Disabled: true\n  Index Searches: 3\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1.00 loops=1)",
			map[string]string{"Window": "w1 AS (PARTITION BY a ORDER BY b)", "Storage": "Memory", "Maximum Storage": "17", "Disabled": "true", "Index Searches": "3"}},
		"a later version": {"Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Something New: 12 apples",
			map[string]string{"Something New": "12 apples"}},
		"buckets that grew": {"Hash  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)\n  Buckets: 8192 (originally 4096)  Batches: 4 (originally 1)  Memory Usage: 3841kB\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)",
			map[string]string{"Hash Buckets": "8192", "Original Hash Buckets": "4096", "Hash Batches": "4", "Original Hash Batches": "1", "Peak Memory Usage": "3841"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := parseOne(t, c.text)
			for k, v := range c.want {
				if got := p.Nodes[0].Get(k); got != v {
					t.Errorf("%s is %q, want %q", k, got, v)
				}
			}
		})
	}
}

// TestWhole reads what is said of a plan as a whole.
func TestWhole(t *testing.T) {
	p := parseOne(t, `Insert on notes  (cost=0.00..0.01 rows=0 width=0) (actual time=1.000..1.000 rows=0 loops=1)
  ->  Result  (cost=0.00..0.01 rows=1 width=40) (actual time=0.010..0.010 rows=1 loops=1)
Settings: work_mem = '7MB', search_path = 'public, "it''s"'
Query Identifier: -123456
Planning:
  Buffers: shared hit=3 read=1
  I/O Timings: shared read=0.5
  Memory: used=10kB  allocated=16kB
Planning Time: 0.100 ms
Trigger touch: time=0.400 calls=1
Trigger for constraint notes_lead_id_fkey on notes: time=0.200 calls=1
Trigger RI_ConstraintTrigger_a_1 for constraint x: calls=2
JIT:
  Functions: 6
  Options: Inlining false, Optimization false, Expressions true, Deforming true
  Timing: Generation 1.500 ms (Deform 0.300 ms), Inlining 0.000 ms, Optimization 0.300 ms, Emission 3.000 ms, Total 4.800 ms
Serialization: time=0.500 ms  output=10kB  format=text
  Buffers: shared hit=2
Execution Time: 2.000 ms
`)
	for _, c := range []struct {
		ps       []Property
		key, val string
	}{
		{p.Settings, "search_path", `public, "it's"`}, {p.Properties, "Query Identifier", "-123456"}, {p.Planning, "Shared Read Blocks", "1"},
		{p.Planning, "Memory Allocated", "16"}, {p.JIT, "Timing/Total", "4.800"}, {p.JIT, "Timing/Generation/Deform", "0.300"},
		{p.JIT, "Options/Expressions", "true"}, {p.Serialization, "Output Volume", "10"}, {p.Serialization, "Shared Hit Blocks", "2"},
	} {
		if got := get(c.ps, c.key); got != c.val {
			t.Errorf("%s is %q, want %q", c.key, got, c.val)
		}
	}
	if len(p.Triggers) != 3 || p.Triggers[0].Name != "touch" || p.Triggers[1].Constraint != "notes_lead_id_fkey" || p.Triggers[1].Relation != "notes" ||
		p.Triggers[2].TimeMs != nil || p.Triggers[2].Calls != 2 || p.Triggers[2].Name != "RI_ConstraintTrigger_a_1" {
		t.Errorf("%+v", p.Triggers)
	}
	if *p.PlanningMs != 0.1 || *p.ExecutionMs != 2 {
		t.Error(*p.PlanningMs, *p.ExecutionMs)
	}
}
