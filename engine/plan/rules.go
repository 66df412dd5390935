package plan

import (
	"fmt"
	"math"
	"regexp"
	"strings"
)

// nodeRules look at one node each. The thresholds are chosen so that a rule is silent on small plans:
// below some thousand rows or a tenth of the time, nothing that is changed can be felt.
var nodeRules = []nodeRule{
	{"seq-scan-keeps-little", "Indexes: Introduction; Examining Index Usage", seqScanKeepsLittle},
	{"function-on-column", "Indexes on Expressions", functionOnColumn},
	{"cast-on-column", "Type Conversion: Operators; Indexes on Expressions", castOnColumn},
	{"pattern-starts-with-wildcard", "pg_trgm: Index Support", leadingWildcard},
	{"index-reads-too-much", "Multicolumn Indexes", indexReadsTooMuch},
	{"misestimate", "Statistics Used by the Planner: Extended Statistics", misestimate},
	{"stale-statistics", "Routine Vacuuming: Updating Planner Statistics", staleStatistics},
	{"sort-spills", "Resource Consumption: work_mem", sortSpills},
	{"hash-spills", "Resource Consumption: work_mem, hash_mem_multiplier", hashSpills},
	{"aggregate-spills", "Resource Consumption: work_mem, hash_mem_multiplier", aggregateSpills},
	{"index-only-scan-visits-table", "Index-Only Scans and Covering Indexes; Updating the Visibility Map", heapFetches},
	{"lossy-bitmap", "Combining Multiple Indexes; Resource Consumption: work_mem", lossyBitmap},
	{"nested-loop-scans-table", "Using EXPLAIN; Controlling the Planner with Explicit JOIN Clauses", loopOverSeqScan},
	{"nested-loop-over-many", "Using EXPLAIN; Planner Method Configuration", loopOverMany},
	{"join-filter-throws-away", "Using EXPLAIN", joinFilter},
	{"correlated-subplan", "Using EXPLAIN; Subquery Expressions", correlatedSubplan},
	{"offset", "LIMIT and OFFSET", offset},
	{"workers-not-launched", "How Parallel Query Works; Asynchronous Behavior", workersMissing},
	{"memoize-misses", "Planner Method Configuration: enable_memoize", memoizeMisses},
	{"cte-keeps-filter-out", "WITH Queries: Common Table Expression Materialization", cteFilter},
	{"partitions-not-pruned", "Table Partitioning: Partition Pruning", notPruned},
}

// isSeqScan knows a sequential scan, parallel or not.
func isSeqScan(n *Node) bool { return bareType(n.Type) == "Seq Scan" }

func seqScanKeepsLittle(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	if !isSeqScan(n) || removed < 10_000 || kept > removed/20 || !h.share(n.SelfMs, 0.1) || *n.Loops > 100 && h.loopsOver(n) {
		return finding{}, false
	}
	cond := n.Get("Filter")
	cols := columns(cond)
	if len(cols) == 0 || functionCall.MatchString(cond) || wildcard.MatchString(cond) {
		return finding{}, false // another rule knows better, or there is no index to name
	}
	return finding{
		evidence:   fmt.Sprintf("read %s rows of %s to keep %s (%s): %s", count(removed+kept), n.Relation, count(kept), percent(kept, removed+kept), cond),
		advice:     fmt.Sprintf("create index on %s (%s);", table(n), strings.Join(cols, ", ")),
		prediction: fmt.Sprintf("an index scan on %s that reads about %s rows instead of %s", n.Relation, count(math.Max(kept, 1)), count(removed+kept)),
	}, true
}

// loopsOver says whether a node is run again and again by a nested loop above.
func (h *hinter) loopsOver(n *Node) bool {
	for up := h.parent(n); up != nil; up = h.parent(up) {
		if strings.HasPrefix(bareType(up.Type), "Nested Loop") {
			return true
		}
	}
	return false
}

// functionCall is a function of a column compared with a constant.
var functionCall = regexp.MustCompile(`\(((?:lower|upper|date_trunc|date_part|extract|EXTRACT|substr|substring|"substring"|left|right|"left"|"right"|trim|btrim|coalesce|COALESCE|abs|round|date|to_char|length|md5|concat)\([^<>=]*[a-z_][^<>=]*\)) (=|<|>|<=|>=|~~) `)

func functionOnColumn(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	m := functionCall.FindStringSubmatch(n.Get("Filter"))
	if !isSeqScan(n) || m == nil || removed < 10_000 || kept > removed/20 || !h.share(n.SelfMs, 0.1) {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s is worked out for %s rows of %s to keep %s; an index on the column alone cannot serve it", m[1], count(removed+kept), n.Relation, count(kept)),
		advice:     fmt.Sprintf("create index on %s ((%s)); then analyze %s; or compare the bare column", table(n), m[1], table(n)),
		prediction: "an index scan in place of the sequential scan",
	}, true
}

// columnCast is a column that is cast to a wider type for a comparison. Casts between text and varchar
// do not keep an index away, and are not looked at.
var columnCast = regexp.MustCompile(`\(\(((?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*)\)::(numeric|double precision|timestamp with time zone) (?:=|<|>|<=|>=) `)

func castOnColumn(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	m := columnCast.FindStringSubmatch(n.Get("Filter"))
	if !isSeqScan(n) || m == nil || removed < 10_000 || kept > removed/20 || !h.share(n.SelfMs, 0.1) {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s of %s is cast to %s for each of %s rows, which keeps an index on it from being used", m[1], n.Relation, m[2], count(removed+kept)),
		advice:     fmt.Sprintf("give the value the type of the column %s, instead of the column that of the value", m[1]),
		prediction: "the cast is gone from the condition, and an index on the column can serve it",
	}, true
}

var wildcard = regexp.MustCompile(`(?:\(|\()([a-z_][a-z0-9_.]*|\([a-z_][a-z0-9_.]*\)::text) (~~\*?) '%`)

func leadingWildcard(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	m := wildcard.FindStringSubmatch(n.Get("Filter"))
	if !isSeqScan(n) || m == nil || removed < 10_000 || kept > removed/20 || !h.share(n.SelfMs, 0.1) {
		return finding{}, false
	}
	col := strings.TrimSuffix(strings.TrimPrefix(m[1], "("), ")::text")
	col = col[strings.LastIndexByte(col, '.')+1:]
	return finding{
		evidence:   fmt.Sprintf("a pattern that begins with %% on %s was tried on %s rows of %s to keep %s; a B-tree index cannot serve it", col, count(removed+kept), n.Relation, count(kept)),
		advice:     fmt.Sprintf("create extension if not exists pg_trgm; create index on %s using gin (%s gin_trgm_ops);", table(n), col),
		prediction: "a bitmap scan on the trigram index, if the pattern has three letters in a row",
	}, true
}

func indexReadsTooMuch(h *hinter, n *Node) (finding, bool) {
	removed, kept := all(n, n.RowsRemoved), all(n, n.Rows)
	t := bareType(n.Type)
	if !strings.HasPrefix(t, "Index Scan") && t != "Bitmap Heap Scan" || removed < 2_000 || kept > removed/10 || !h.share(n.SelfMs, 0.1) {
		return finding{}, false
	}
	cols := columns(n.Get("Filter"))
	if len(cols) == 0 {
		return finding{}, false
	}
	lead := columns(n.Get("Index Cond") + n.Get("Recheck Cond"))
	if len(lead) == 0 { // the index gave the order
		lead = []string{"… the columns of " + n.Index}
	}
	return finding{
		evidence:   fmt.Sprintf("the index found %s rows of %s, and the filter on %s threw %s of them away", count(removed+kept), n.Relation, strings.Join(cols, ", "), percent(removed, removed+kept)),
		advice:     fmt.Sprintf("create index on %s (%s);", table(n), strings.Join(union(cols, lead), ", ")),
		prediction: fmt.Sprintf("about %s rows read from %s instead of %s", count(math.Max(kept, 1)), n.Relation, count(removed+kept)),
	}, true
}

func union(a, b []string) []string {
	out := append([]string{}, a...)
	for _, s := range b {
		found := false
		for _, t := range out {
			found = found || s == t
		}
		if !found {
			out = append(out, s)
		}
	}
	return out
}

// wrong says whether an estimate is off tenfold or more, by at least 500 rows.
func (h *hinter) wrong(n *Node) bool {
	if n.RowError == nil || n.NeverExecuted || n.Rows == nil || n.EstRows == nil {
		return false
	}
	if math.Abs(*n.Rows-*n.EstRows)*math.Max(1, *n.Loops) < 500 {
		return false
	}
	return *n.RowError >= 10 || *n.RowError <= 0.1 && !h.stopsEarly(n)
}

func misestimate(h *hinter, n *Node) (finding, bool) {
	t := bareType(n.Type)
	if fam := family(n); !h.wrong(n) || fam != "scan" && fam != "join" || t == "CTE Scan" || t == "Subquery Scan" {
		return finding{}, false
	}
	for _, c := range h.children[n.ID] {
		if h.wrong(&h.p.Nodes[c-1]) {
			return finding{}, false // it went wrong deeper down
		}
	}
	factor, way := *n.RowError, "more"
	if factor < 1 {
		factor, way = 1/factor, "fewer"
	}
	f := finding{
		evidence:   fmt.Sprintf("%s rows came where %s were expected, %s %s; nothing beneath is as far off", count(*n.Rows), count(*n.EstRows), timesWord(factor), way),
		advice:     "analyze the tables joined; raise the statistics target of the columns in the condition: alter table … alter column … set statistics 1000;",
		prediction: "an estimate within ten times of the rows, and maybe another plan above it",
	}
	for _, c := range h.inputs(n) {
		if t := bareType(c.Type); t == "CTE Scan" || t == "Function Scan" || t == "Values Scan" {
			f.advice = "the planner has no statistics of what " + c.Alias + " gives: put it into a temporary table and analyze that, or write WITH … AS NOT MATERIALIZED"
		}
	}
	if n.Relation != "" {
		f.advice = fmt.Sprintf("analyze %s;", table(n))
		if cols := columns(n.Get("Filter") + n.Get("Index Cond") + n.Get("Recheck Cond")); len(cols) > 1 {
			f.advice = fmt.Sprintf("create statistics %s on %s from %s; analyze %s;", quoteIdent(n.Relation+"_"+strings.Join(cols, "_")), strings.Join(cols, ", "), table(n), table(n))
		}
	}
	if n.InclusiveMs != nil {
		f.ms = *n.InclusiveMs / 10 // it is a lead, not a cost
	}
	return f, true
}

func staleStatistics(h *hinter, n *Node) (finding, bool) {
	if !isSeqScan(n) || n.Get("Filter") != "" || n.RowError == nil || *n.Loops != 1 || h.stopsEarly(n) || strings.HasPrefix(n.Type, "Parallel") {
		return finding{}, false
	}
	if e := *n.RowError; e < 2 && e > 0.5 || math.Abs(*n.Rows-*n.EstRows) < 1000 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("%s has %s rows and was thought to have %s", n.Relation, count(*n.Rows), count(*n.EstRows)),
		advice:     fmt.Sprintf("analyze %s;", table(n)),
		prediction: "the estimate of this scan is right within a tenth",
	}, true
}

func sortSpills(_ *hinter, n *Node) (finding, bool) {
	kb := 0.0
	if n.Get("Sort Space Type") == "Disk" {
		kb = n.Number("Sort Space Used")
	}
	for _, w := range n.Workers {
		if get(w.Properties, "Sort Space Type") == "Disk" {
			kb = math.Max(kb, number(w.Properties, "Sort Space Used"))
		}
	}
	for _, g := range []string{"Full-sort Groups", "Pre-sorted Groups"} {
		kb = math.Max(kb, n.Number(g+"/Sort Space Disk/Peak Sort Space Used"))
	}
	if kb == 0 {
		return finding{}, false
	}
	// In memory a row takes about two and a half times its room on disk: a pointer and a header more.
	return finding{
		evidence:   fmt.Sprintf("sorting %s rows took %s on disk", count(*n.Rows), kilobytes(kb)),
		advice:     workMem(kb*2.5) + "; for this statement, or an index in the order of " + n.Get("Sort Key"),
		prediction: "Sort Method is quicksort in memory, and no temporary blocks are written",
	}, true
}

func hashSpills(_ *hinter, n *Node) (finding, bool) {
	batches := n.Number("Hash Batches")
	if batches <= 1 {
		return finding{}, false
	}
	kb := n.Number("Peak Memory Usage") * batches
	return finding{
		evidence:   fmt.Sprintf("the hash table of %s rows did not fit and was cut into %s parts on disk", count(*n.Rows), count(batches)),
		advice:     workMem(kb) + "; for this statement",
		prediction: "one batch, and no temporary blocks are written",
	}, true
}

func aggregateSpills(_ *hinter, n *Node) (finding, bool) {
	disk := n.Number("Disk Usage")
	if disk == 0 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("grouping into %s groups took %s on disk, in %s batches", count(*n.Rows), kilobytes(disk), count(n.Number("HashAgg Batches"))),
		advice:     workMem(disk*2+n.Number("Peak Memory Usage")) + "; for this statement",
		prediction: "one batch, no disk",
	}, true
}

func heapFetches(h *hinter, n *Node) (finding, bool) {
	fetches := n.Number("Heap Fetches")
	read := all(n, n.Rows) + all(n, n.RowsRemoved)
	if fetches < 1000 || fetches < read/10 || !h.share(n.SelfMs, 0.1) {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("an index-only scan went to the table for %s of %s rows, since its pages are not known to be visible to all", count(fetches), count(math.Max(read, fetches))),
		advice:     fmt.Sprintf("vacuum %s;", table(n)),
		prediction: "Heap Fetches near 0",
	}, true
}

func lossyBitmap(_ *hinter, n *Node) (finding, bool) {
	lossy, exact := n.Number("Lossy Heap Blocks"), n.Number("Exact Heap Blocks")
	for _, w := range n.Workers {
		lossy += number(w.Properties, "Lossy Heap Blocks")
		exact += number(w.Properties, "Exact Heap Blocks")
	}
	if lossy == 0 || lossy < exact/10 {
		return finding{}, false
	}
	return finding{
		evidence:   fmt.Sprintf("the bitmap had no room for rows on %s of %s blocks of %s, and every row on them was checked again", count(lossy), count(lossy+exact), n.Relation),
		advice:     workMem((lossy+exact)/8+4096) + "; for this statement",
		prediction: "Heap Blocks has no lossy ones",
	}, true
}
