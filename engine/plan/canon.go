package plan

import "strings"

// tagKeys are the names whose XML tag cannot be turned back by putting spaces for dashes.
var tagKeys = map[string]string{
	"I-O-Read-Time": "I/O Read Time", "I-O-Write-Time": "I/O Write Time",
	"Shared-I-O-Read-Time": "Shared I/O Read Time", "Shared-I-O-Write-Time": "Shared I/O Write Time",
	"Local-I-O-Read-Time": "Local I/O Read Time", "Local-I-O-Write-Time": "Local I/O Write Time",
	"Temp-I-O-Read-Time": "Temp I/O Read Time", "Temp-I-O-Write-Time": "Temp I/O Write Time",
	"Full-sort-Groups": "Full-sort Groups", "Pre-sorted-Groups": "Pre-sorted Groups",
	"One-Time-Filter": "One-Time Filter",
}

// keyOrder is the order in which a node's properties are kept, about that of the text form. Others
// come after these, in the order of the plan.
var keyOrder = rank(
	"Target Tables", "Output", "Sort Key", "Presorted Key", "Group Key", "Grouping Sets", "Hash Key", "Cache Key", "Cache Mode", "Merge Cond",
	"Hash Cond", "Index Cond", "Recheck Cond", "TID Cond", "Order By", "Join Filter", "One-Time Filter",
	"Run Condition", "Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter", "Rows Removed by Filter",
	"Heap Fetches", "Index Searches", "Sort Method", "Sort Space Used", "Sort Space Type", "Hash Buckets",
	"Original Hash Buckets", "Hash Batches", "Original Hash Batches", "Planned Partitions", "HashAgg Batches",
	"Cache Hits", "Cache Misses", "Cache Evictions", "Cache Overflows", "Peak Memory Usage", "Disk Usage",
	"Storage", "Maximum Storage", "Exact Heap Blocks", "Lossy Heap Blocks", "Subplans Removed", "Disabled",
	"Shared Hit Blocks", "Shared Read Blocks", "Shared Dirtied Blocks", "Shared Written Blocks", "Local Hit Blocks",
	"Local Read Blocks", "Local Dirtied Blocks", "Local Written Blocks", "Temp Read Blocks", "Temp Written Blocks",
	"I/O Read Time", "I/O Write Time", "Shared I/O Read Time", "Shared I/O Write Time", "Local I/O Read Time",
	"Local I/O Write Time", "Temp I/O Read Time", "Temp I/O Write Time", "WAL Records", "WAL FPI", "WAL Bytes", "WAL Buffers Full",
)

func rank(keys ...string) map[string]int {
	m := make(map[string]int, len(keys))
	for i, k := range keys {
		m[k] = i
	}
	return m
}

// unsaid tells whether PostgreSQL's text form leaves a property out: counters at zero, and the negative
// answers to yes-or-no questions. The other forms print them, so they are left out for all.
func unsaid(key, value string) bool {
	if i := strings.LastIndexByte(key, '/'); i >= 0 && !strings.Contains(key, "I/O") {
		key = key[i+1:]
	}
	switch value {
	case "false":
		return key == "Single Copy" || key == "Inner Unique" || key == "Disabled" || key == "Parallel Aware" || key == "Async Capable"
	case "0", "0.0", "0.00", "0.000":
	default:
		return false
	}
	switch key {
	case "Disk Usage", "Planned Partitions", "HashAgg Batches", "Exact Heap Blocks", "Lossy Heap Blocks", "Subplans Removed",
		"Tuples Inserted", "Tuples Updated", "Tuples Deleted", "Tuples Skipped":
		return true
	}
	return strings.HasSuffix(key, " Blocks") || strings.HasPrefix(key, "WAL ") || strings.HasPrefix(key, "Rows Removed by ") ||
		strings.HasSuffix(key, "I/O Read Time") || strings.HasSuffix(key, "I/O Write Time")
}

// tidy drops what the text form does not say, and brings properties into one order.
func tidy(ps []Property) []Property {
	kept := ps[:0]
	for _, p := range ps {
		if unsaid(p.Key, p.Value) {
			continue
		}
		if p.Key == "Original Hash Buckets" && p.Value == get(ps, "Hash Buckets") ||
			p.Key == "Original Hash Batches" && p.Value == get(ps, "Hash Batches") {
			continue
		}
		kept = append(kept, p)
	}
	// An insertion sort: stable, and there are a dozen of them, nearly in order.
	for i := 1; i < len(kept); i++ {
		for j := i; j > 0 && keyRank(kept[j].Key) < keyRank(kept[j-1].Key); j-- {
			kept[j], kept[j-1] = kept[j-1], kept[j]
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

func keyRank(key string) int {
	if r, ok := keyOrder[key]; ok {
		return r
	}
	return len(keyOrder)
}

// plainTypes are PostgreSQL's node types that one word group names; the other types are joins,
// aggregates and set operations, whose names are made of parts.
var plainTypes = []string{
	"Result", "ProjectSet", "Insert", "Update", "Delete", "Merge", "Append", "Merge Append", "Recursive Union",
	"BitmapAnd", "BitmapOr", "Nested Loop", "Seq Scan", "Sample Scan", "Gather", "Gather Merge",
	"Index Scan", "Index Scan Backward", "Index Only Scan", "Index Only Scan Backward", "Bitmap Index Scan",
	"Bitmap Heap Scan", "Tid Scan", "Tid Range Scan", "Subquery Scan", "Function Scan", "Table Function Scan",
	"Values Scan", "CTE Scan", "Named Tuplestore Scan", "WorkTable Scan", "Foreign Scan", "Foreign Insert",
	"Foreign Update", "Foreign Delete", "Custom Scan", "Materialize", "Memoize", "Result Cache", "Sort",
	"Incremental Sort", "Group", "Aggregate", "GroupAggregate", "HashAggregate", "MixedAggregate", "WindowAgg",
	"Unique", "SetOp", "HashSetOp", "LockRows", "Limit", "Hash",
}

var plainType = func() map[string]bool {
	m := map[string]bool{}
	for _, t := range plainTypes {
		m[t] = true
	}
	for _, kind := range []string{"", "Left ", "Right ", "Full ", "Semi ", "Anti ", "Right Semi ", "Right Anti "} {
		for _, method := range []string{"Nested Loop ", "Hash ", "Merge "} {
			m[method+kind+"Join"] = true
		}
	}
	for _, op := range []string{" Intersect", " Intersect All", " Except", " Except All"} {
		m["SetOp"+op], m["HashSetOp"+op] = true, true
	}
	delete(m, "Nested Loop Join")
	return m
}()

// bareType takes off what may stand before a type's name.
func bareType(t string) string {
	for _, prefix := range []string{"Parallel ", "Async ", "Partial ", "Finalize "} {
		t = strings.TrimPrefix(t, prefix)
	}
	if strings.HasPrefix(t, "Custom Scan (") {
		return "Custom Scan"
	}
	return t
}

// knownType says whether PostgreSQL has such a node.
func knownType(t string) bool { return plainType[bareType(t)] }

// typeOf makes the text form's name of a node from the parts that the other forms have.
func typeOf(ps *[]Property) string {
	part := func(key string) string { v, _ := take(ps, key); return v }
	t := part("Node Type")
	join, strategy, mode := part("Join Type"), part("Strategy"), part("Partial Mode")
	operation, command, direction := part("Operation"), part("Command"), part("Scan Direction")
	if provider := part("Custom Plan Provider"); provider != "" {
		t += " (" + provider + ")"
	}
	switch {
	case t == "Aggregate":
		t = map[string]string{"Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate"}[strategy]
		if t == "" {
			t = "Aggregate"
		}
	case t == "SetOp":
		if strategy == "Hashed" {
			t = "HashSetOp"
		}
		if command != "" {
			t += " " + command
		}
	case t == "ModifyTable" && operation != "":
		t = operation
	case t == "Foreign Scan" && operation != "" && operation != "Select":
		t = "Foreign " + operation
	case join == "" || join == "Inner":
	case t == "Nested Loop":
		t += " " + join + " Join"
	default:
		t = strings.TrimSuffix(t, "Join") + join + " Join"
	}
	if direction == "Backward" {
		t += " Backward"
	}
	if mode == "Partial" || mode == "Finalize" {
		t = mode + " " + t
	}
	if part("Async Capable") == "true" {
		t = "Async " + t
	}
	if part("Parallel Aware") == "true" {
		t = "Parallel " + t
	}
	return t
}
