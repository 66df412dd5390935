package plan

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipewright/engine"
)

func pairsText(pairs []Pair) string {
	var parts []string
	for _, p := range pairs {
		parts = append(parts, fmt.Sprintf("%d:%d %s", p.Before, p.After, p.Kind))
	}
	return strings.Join(parts, ", ")
}

func plain(lines ...string) string {
	for i, l := range lines {
		if !strings.Contains(l, ":") && strings.TrimSpace(l) != "" {
			lines[i] = l + "  (cost=0.00..1.00 rows=1 width=4)"
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestAlign(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want string }{
		"an index in place of a parallel scan": {
			plain("Gather", "  Workers Planned: 2", "  ->  Parallel Seq Scan on leads", "        Filter: (email = 'a')"),
			plain("Index Scan using leads_email on leads", "  Index Cond: (email = 'a')"),
			"1:0 vanished, 2:1 changed",
		},
		"nothing": {
			plain("Sort", "  Sort Key: a", "  ->  Seq Scan on t"), plain("Sort", "  Sort Key: a", "  ->  Seq Scan on t"), "1:1 same, 2:2 same",
		},
		"sides of a join swapped": {
			plain("Hash Join", "  Hash Cond: (a.x = b.x)", "  ->  Seq Scan on a", "  ->  Hash", "        ->  Seq Scan on b"),
			plain("Hash Join", "  Hash Cond: (b.x = a.x)", "  ->  Seq Scan on b", "  ->  Hash", "        ->  Seq Scan on a"),
			"1:1 changed, 3:0 vanished, 4:2 same, 0:3 appeared, 2:4 moved",
		},
		"a sort gone": {
			plain("Limit", "  ->  Sort", "        Sort Key: a", "        ->  Seq Scan on t"),
			plain("Limit", "  ->  Index Scan using i on t"),
			"1:1 same, 2:0 vanished, 3:2 changed",
		},
		"another join": {
			plain("Hash Join", "  Hash Cond: (a.x = b.x)", "  ->  Seq Scan on a", "  ->  Hash", "        ->  Seq Scan on b", "              Filter: (y = 1)"),
			plain("Nested Loop", "  ->  Index Scan using by on b", "        Index Cond: (y = 1)", "  ->  Index Scan using ax on a", "        Index Cond: (x = b.x)"),
			"1:1 changed, 3:0 vanished, 4:2 changed, 2:3 changed",
		},
		"a bitmap": {
			plain("Seq Scan on t", "  Filter: (a = 1)"),
			plain("Bitmap Heap Scan on t", "  Recheck Cond: (a = 1)", "  ->  Bitmap Index Scan on i", "        Index Cond: (a = 1)"),
			"1:1 changed, 0:2 appeared",
		},
		"the same table twice": {
			plain("Nested Loop", "  ->  Seq Scan on t a", "  ->  Seq Scan on t b"),
			plain("Nested Loop", "  ->  Seq Scan on t b", "  ->  Index Scan using i on t a"),
			"1:1 same, 3:2 same, 2:3 changed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := parseOne(t, c.before), parseOne(t, c.after)
			got := pairsText(Align(*before, *after))
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestAlignCorpus: a plan is the same as itself, and of any two plans each node is in one pair.
func TestAlignCorpus(t *testing.T) {
	var plans []*Plan
	for _, e := range corpus(t) {
		if e.form == "text" {
			plans = append(plans, parseOne(t, e.other))
		}
	}
	for i, p := range plans {
		for _, pair := range Align(*p, *p) {
			if pair.Kind != Same || pair.Before != pair.After {
				t.Errorf("plan %d with itself: %+v", i, pair)
			}
		}
		oncePaired(t, p, plans[(i+7)%len(plans)])
	}
}

type failer interface{ Errorf(string, ...any) }

func oncePaired(t failer, a, b *Plan) {
	before, after := make([]int, len(a.Nodes)+1), make([]int, len(b.Nodes)+1)
	for _, p := range Align(*a, *b) {
		before[p.Before]++
		after[p.After]++
		if (p.Before == 0) != (p.Kind == Appeared) || (p.After == 0) != (p.Kind == Vanished) {
			t.Errorf("%+v", p)
		}
	}
	for id := 1; id < len(before); id++ {
		if before[id] != 1 {
			t.Errorf("node %d before is in %d pairs", id, before[id])
		}
	}
	for id := 1; id < len(after); id++ {
		if after[id] != 1 {
			t.Errorf("node %d after is in %d pairs", id, after[id])
		}
	}
}

func TestAlignProperty(t *testing.T) {
	name := rapid.StringMatching(`[a-c]`)
	rapid.Check(t, func(r *rapid.T) {
		a, b := &Plan{Backend: engine.Postgres, Clock: Wall}, &Plan{Backend: engine.Postgres, Clock: Wall}
		drawNode(r, a, name, 0, 0, true)
		drawNode(r, b, name, 0, 0, true)
		oncePaired(r, a, b)
	})
}

func BenchmarkAlign(b *testing.B) {
	big := parseOne(b, "Append  (cost=0.00..1.00 rows=1 width=4)\n"+strings.Repeat("  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n        Filter: (a = $1)\n", 999))
	for b.Loop() {
		Align(*big, *big)
	}
}
