package plan

import (
	"fmt"
	"strings"
)

// joinInner gives the inner side of a nested loop.
func (h *hinter) joinInner(n *Node) *Node {
	if !strings.HasPrefix(bareType(n.Type), "Nested Loop") {
		return nil
	}
	if in := h.inputs(n); len(in) == 2 && in[1].Loops != nil && !in[1].NeverExecuted {
		return in[1]
	}
	return nil
}

func loopOverSeqScan(h *hinter, n *Node) (finding, bool) {
	inner := h.joinInner(n)
	if inner == nil || !isSeqScan(inner) || *inner.Loops < 100 || !h.share(n.InclusiveMs, 0.2) {
		return finding{}, false
	}
	read := all(inner, inner.Rows) + all(inner, inner.RowsRemoved)
	if read < 100_000 {
		return finding{}, false
	}
	cond := inner.Get("Filter") + n.Get("Join Filter")
	return finding{
		evidence:   fmt.Sprintf("%s was read from end to end %s times, %s rows in all: %s", inner.Relation, count(*inner.Loops), count(read), cond),
		advice:     fmt.Sprintf("an index on the columns of %s in that condition", table(inner)),
		prediction: fmt.Sprintf("an index scan on %s inside the loop, or a hash join", inner.Relation),
		ms:         value0(inner.InclusiveMs),
	}, true
}

func value0(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

func loopOverMany(h *hinter, n *Node) (finding, bool) {
	inner := h.joinInner(n)
	if inner == nil || isSeqScan(inner) || *inner.Loops < 10_000 || !h.share(inner.InclusiveMs, 0.3) {
		return finding{}, false
	}
	outer := h.inputs(n)[0]
	if outer.RowError == nil || *outer.RowError < 10 {
		return finding{}, false // the planner knew what it did
	}
	return finding{
		evidence: fmt.Sprintf("the inner side ran %s times, where %s were expected: the outer side gave %s more rows than estimated",
			count(*inner.Loops), count(*outer.EstRows), timesWord(*outer.RowError)),
		advice:     "mend the estimate of the outer side; to see what a hash join would do: set enable_nestloop = off;",
		prediction: "a hash join",
		ms:         value0(inner.InclusiveMs),
	}, true
}

func joinFilter(_ *hinter, n *Node) (finding, bool) {
	removed := n.Number("Rows Removed by Join Filter") * *n.Loops
	kept := all(n, n.Rows)
	if removed < 100_000 || kept > removed/20 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s pairs of rows were made, and the join filter threw %s of them away: %s", count(removed+kept), percent(removed, removed+kept), n.Get("Join Filter")),
		advice:     "join on an equality that a hash or an index can find, and filter after it",
		prediction: "a hash join, or an index in the inner side",
	}, true
}

func correlatedSubplan(h *hinter, n *Node) (finding, bool) {
	if !strings.HasPrefix(n.SubplanName, "SubPlan ") || *n.Loops < 100 || h.total > 0 && !h.share(n.InclusiveMs, 0.3) || h.total == 0 && *n.Loops < 1000 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s ran %s times, once for each row of %s, %s of the time", n.SubplanName, count(*n.Loops), h.parent(n).Type, percent(value0(n.InclusiveMs), h.total)),
		advice:     "write it as a join with a grouped subquery: … left join (select key, count(*) from … group by key) x using (key)",
		prediction: "the subplan runs once",
		ms:         value0(n.InclusiveMs),
	}, true
}

func offset(h *hinter, n *Node) (finding, bool) {
	in := h.inputs(n)
	if n.Type != "Limit" || len(in) != 1 || in[0].Rows == nil || *n.Loops != 1 {
		return finding{}, false
	}
	skipped := *in[0].Rows - *n.Rows
	if skipped < 1000 || skipped < *n.Rows*5 || strings.HasPrefix(in[0].Type, "Gather") {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s rows were made to be skipped, for %s that were wanted", count(skipped), count(*n.Rows)),
		advice:     "page by the last key seen: where (sort columns) > (last values) order by … limit …, with an index in that order",
		prediction: "no more rows read than wanted",
		ms:         value0(in[0].InclusiveMs),
	}, true
}

func workersMissing(_ *hinter, n *Node) (finding, bool) {
	if n.WorkersPlanned == nil || n.WorkersLaunched == nil || *n.WorkersLaunched >= *n.WorkersPlanned {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("workers planned: %s, launched: %s", count(*n.WorkersPlanned), count(*n.WorkersLaunched)),
		advice:     "others had taken the workers, or max_parallel_workers and max_worker_processes are too low: show max_parallel_workers;",
		prediction: "all planned workers are launched",
		ms:         value0(n.InclusiveMs) / 2,
	}, true
}

func memoizeMisses(_ *hinter, n *Node) (finding, bool) {
	hits, misses := n.Number("Cache Hits"), n.Number("Cache Misses")
	if n.Type != "Memoize" || misses < 1000 || misses < hits*4 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("the cache was asked %s times and knew the answer %s times (%s evictions)", count(hits+misses), count(hits), count(n.Number("Cache Evictions"))),
		advice:     "to see the plan without it: set enable_memoize = off; with many evictions: more work_mem",
		prediction: "the same plan without Memoize is no slower",
	}, true
}

func cteFilter(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	if n.Type != "CTE Scan" || removed < 10_000 || kept > removed/20 {
		return finding{}, false
	}
	scans := 0
	for i := range h.p.Nodes {
		if k := &h.p.Nodes[i]; k.Type == "CTE Scan" && k.CTEName == n.CTEName {
			scans++
		}
	}
	if scans > 1 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("WITH %s made %s rows, and the filter of its only scan kept %s", n.CTEName, count(removed+kept), count(kept)),
		advice:     fmt.Sprintf("with %s as not materialized (…), or the condition inside it", quoteIdent(n.CTEName)),
		prediction: "no CTE Scan, and the filter at the table",
		ms:         value0(n.InclusiveMs),
	}, true
}

func notPruned(h *hinter, n *Node) (finding, bool) {
	if !strings.HasSuffix(bareType(n.Type), "Append") || n.Get("Subplans Removed") != "" {
		return finding{}, false
	}
	in := h.inputs(n)
	empty := 0
	for _, c := range in {
		if c.Relation == "" {
			return finding{}, false
		}
		if c.Rows != nil && *c.Rows == 0 && !c.NeverExecuted && all(c, c.RowsRemoved) > 0 {
			empty++
		}
	}
	if len(in) < 4 || empty*4 < len(in)*3 || !h.share(n.InclusiveMs, 0.2) {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%d of %d partitions were read for no row at all", empty, len(in)),
		advice:     "say in the condition what the table is partitioned by, with a value and not a function of the column",
		prediction: "only the partitions that have rows are in the plan",
		ms:         value0(n.InclusiveMs),
	}, true
}

// planRules look at the whole.
var planRules = []planRule{
	{"foreign-key-without-index", "Constraints: Foreign Keys", foreignKey},
	{"slow-trigger", "Using EXPLAIN: EXPLAIN ANALYZE", slowTrigger},
	{"jit-costs-more-than-it-gives", "Just-in-Time Compilation: When to JIT?", jitOverhead},
	{"planning-outweighs-execution", "PREPARE; Planner Method Configuration: plan_cache_mode", planningTime},
	{"cold-cache", "Using EXPLAIN: BUFFERS; Resource Consumption: shared_buffers", coldCache},
}

func foreignKey(h *hinter) (finding, bool) {
	if h.p.ExecutionMs == nil || !writes(h.p.Nodes[0].Type) || h.p.Nodes[0].Type == "Insert" {
		return finding{}, false
	}
	for _, t := range h.p.Triggers {
		if t.Constraint == "" || t.TimeMs == nil || t.Calls < 1 || *t.TimeMs < 0.3**h.p.ExecutionMs || *t.TimeMs/t.Calls < 0.3 {
			continue
		}
		return finding{
			evidence:   fmt.Sprintf("checking %s took %s for %s rows, %s each: the table that refers to this one is read for each", t.Constraint, millis(*t.TimeMs), count(t.Calls), millis(*t.TimeMs/t.Calls)),
			advice:     fmt.Sprintf("create index on the referring columns of %s", t.Constraint),
			prediction: "less than 0.1 ms a row",
			ms:         *t.TimeMs,
		}, true
	}
	return finding{}, false
}

func slowTrigger(h *hinter) (finding, bool) {
	if h.p.ExecutionMs == nil {
		return finding{}, false
	}
	for _, t := range h.p.Triggers {
		if t.Constraint != "" || t.TimeMs == nil || *t.TimeMs < 0.5**h.p.ExecutionMs || *t.TimeMs < 10 {
			continue
		}
		return finding{
			evidence:   fmt.Sprintf("trigger %s took %s of %s, in %s calls", t.Name, millis(*t.TimeMs), millis(*h.p.ExecutionMs), count(t.Calls)),
			advice:     "do its work once a statement, with transition tables (for each statement, referencing new table as …)",
			prediction: "one call",
			ms:         *t.TimeMs,
		}, true
	}
	return finding{}, false
}

func jitOverhead(h *hinter) (finding, bool) {
	ms := number(h.p.JIT, "Timing/Total")
	if h.p.ExecutionMs == nil || ms < 10 || ms < 0.25**h.p.ExecutionMs {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("compiling took %s of %s", millis(ms), millis(*h.p.ExecutionMs)),
		advice:     "set jit = off; or raise jit_above_cost above the cost of this plan",
		prediction: "about that time less",
		ms:         ms,
	}, true
}

func planningTime(h *hinter) (finding, bool) {
	if h.p.PlanningMs == nil || h.p.ExecutionMs == nil || *h.p.PlanningMs < 10 || *h.p.PlanningMs < 2**h.p.ExecutionMs {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("planning took %s, and running it %s", millis(*h.p.PlanningMs), millis(*h.p.ExecutionMs)),
		advice:     "prepare it once, and execute it often; look whether it names more partitions or joins than it needs",
		prediction: "a second run in the same session plans faster",
		ms:         *h.p.PlanningMs,
	}, true
}

func coldCache(h *hinter) (finding, bool) {
	var io, read, hit float64
	for i := range h.p.Nodes {
		if s := h.p.Nodes[i].Self; s != nil {
			io, read, hit = io+s.IOMs, read+s.SharedRead, hit+s.SharedHit
		}
	}
	if h.total < 10 || io < h.total/2 || read < hit || read < 1000 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s of %s went into reading %s blocks that were not in the cache", millis(io), millis(h.total), count(read)),
		advice:     "run it again before judging the plan: this is the disk's time",
		prediction: fmt.Sprintf("a second run takes about %s", millis(h.total-io)),
		ms:         io,
	}, true
}
