package plan

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"pipewright/engine"
)

// Hint is what a rule has to say about a node, with the numbers that made it speak.
type Hint struct {
	Rule       string  `json:"rule"`
	Node       int     `json:"node"` // id
	Evidence   string  `json:"evidence"`
	Advice     string  `json:"advice"` // with the SQL where there is one
	Prediction string  `json:"prediction,omitempty"`
	Source     string  `json:"source"` // the section of PostgreSQL's manual that the rule rests on
	Weight     float64 `json:"weight"` // milliseconds at stake, at most; 0 where the plan has no times
}

// Hints gives what is worth looking at in a PostgreSQL plan that was executed, the most time at stake
// first. Every rule rests on figures in the plan; where they are missing, it says nothing.
func Hints(p Plan) []Hint {
	if p.Backend != engine.Postgres || !p.Executed() {
		return nil
	}
	h := &hinter{p: &p, children: p.Children()}
	if r := Reconcile(&p); r.Timed {
		h.total = r.WholeMs
	}
	var out []Hint
	for _, r := range nodeRules {
		for i := range p.Nodes {
			n := &p.Nodes[i]
			if n.NeverExecuted || n.Rows == nil || n.Loops == nil {
				continue
			}
			if f, ok := r.check(h, n); ok {
				out = append(out, Hint{r.name, n.ID, f.evidence, f.advice, f.prediction, r.source, h.weight(n, f.ms)})
			}
		}
	}
	for _, r := range planRules {
		if f, ok := r.check(h); ok {
			out = append(out, Hint{r.name, max(f.node, 1), f.evidence, f.advice, f.prediction, r.source, f.ms})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Weight > out[j].Weight })
	return out
}

// finding is what a rule found.
type finding struct {
	evidence, advice, prediction string
	ms                           float64 // at stake; 0 means the node's own time
	node                         int
}

type nodeRule struct {
	name, source string
	check        func(h *hinter, n *Node) (finding, bool)
}

type planRule struct {
	name, source string
	check        func(h *hinter) (finding, bool)
}

type hinter struct {
	p        *Plan
	children [][]int
	total    float64 // of the plan, ms; 0 without times
}

func (h *hinter) weight(n *Node, ms float64) float64 {
	switch {
	case ms > 0:
		return ms
	case n.SelfMs != nil:
		return *n.SelfMs
	}
	return 0
}

// share says whether a node's time is at least a part of the whole. Without times it is.
func (h *hinter) share(ms *float64, part float64) bool {
	return h.total == 0 || ms == nil || *ms >= part*h.total
}

// inputs gives a node's children that are no subplans.
func (h *hinter) inputs(n *Node) []*Node {
	var out []*Node
	for _, c := range h.children[n.ID] {
		if k := &h.p.Nodes[c-1]; k.SubplanName == "" {
			out = append(out, k)
		}
	}
	return out
}

func (h *hinter) parent(n *Node) *Node { return h.p.Node(n.Parent) }

// all is a figure over all loops.
func all(n *Node, f *float64) float64 {
	if f == nil || n.Loops == nil {
		return 0
	}
	return *f * *n.Loops
}

// stopsEarly says whether something above a node may stop asking it for rows: then fewer rows than
// estimated are no error.
func (h *hinter) stopsEarly(n *Node) bool {
	child := n
	for up := h.parent(n); up != nil; child, up = up, h.parent(up) {
		t := bareType(up.Type)
		switch {
		case t == "Limit", strings.HasPrefix(t, "Merge") && strings.HasSuffix(t, "Join"), child.SubplanName != "", up.Get("Run Condition") != "",
			h.joinInner(up) == child && (strings.Contains(t, "Semi") || strings.Contains(t, "Anti") || up.Get("Inner Unique") == "true"):
			return true
		case t == "Sort", t == "Hash", t == "Aggregate", t == "HashAggregate", strings.HasPrefix(t, "SetOp"):
			return false
		}
	}
	return false
}

// table is a node's relation as SQL names it.
func table(n *Node) string {
	name := quoteIdent(n.Relation)
	if n.Schema != "" && n.Schema != "public" {
		name = quoteIdent(n.Schema) + "." + name
	}
	return name
}

// comparison is a column compared with a value that does not depend on the row.
var comparison = regexp.MustCompile(`\(\(?((?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*)\)?(?:::[a-z ]+)? (=|<|>|<=|>=) (?:'|-?[0-9]|ANY|\$|\(InitPlan)`)

// columns gives the columns of a condition that an index would serve: those compared for equality, then
// one that is compared for order. A condition with OR has none.
func columns(cond string) []string {
	if strings.Contains(cond, " OR ") {
		return nil
	}
	var equal, order []string
	seen := map[string]bool{}
	for _, m := range comparison.FindAllStringSubmatch(cond, 16) {
		name := m[1][strings.LastIndexByte(m[1], '.')+1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		if m[2] == "=" {
			equal = append(equal, name)
		} else {
			order = append(order, name)
		}
	}
	if len(order) > 1 {
		order = order[:1]
	}
	return append(equal, order...)
}

// workMem suggests a setting for a need in kilobytes, in steps that people use.
func workMem(kb float64) string {
	mb := 4.0
	for mb*1024 < kb && mb < 1<<20 {
		mb *= 2
	}
	return fmt.Sprintf("set work_mem = '%.0fMB'", mb)
}

func kilobytes(kb float64) string {
	if kb >= 10*1024 {
		return fmt.Sprintf("%.0f MB", kb/1024)
	}
	return count(kb) + " kB"
}

func percent(part, whole float64) string {
	if whole <= 0 {
		return "0 %"
	}
	p := 100 * part / whole
	if p < 1 && p > 0 {
		return fmt.Sprintf("%.2g %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

func timesWord(f float64) string {
	if f >= 100 {
		return count(f) + "×"
	}
	return fmt.Sprintf("%.2g×", f)
}
