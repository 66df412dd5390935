package plan

import "strings"

// PairKind says what became of a node between two plans.
type PairKind string

// The kinds of pair.
const (
	Same     PairKind = "same"     // the same operator on the same thing, in the same place
	Changed  PairKind = "changed"  // the same thing by another operator, index or condition
	Moved    PairKind = "moved"    // the same operator on the same thing, under another parent
	Appeared PairKind = "appeared" // only after
	Vanished PairKind = "vanished" // only before
)

// Pair is a node before and what it is after, by id; 0 where there is none.
type Pair struct {
	Before int      `json:"before"`
	After  int      `json:"after"`
	Kind   PairKind `json:"kind"`
}

// Align pairs the nodes of two plans by what they do: by relation, index and condition first, then by
// operator and by the pairs beneath and above. Pairs are in the order of the plan after; a node that
// vanished stands where it was, after the pair of the node that preceded it.
func Align(before, after Plan) []Pair {
	a := &aligner{x: newSide(&before), y: newSide(&after)}
	a.toY, a.toX = make([]int, len(before.Nodes)+1), make([]int, len(after.Nodes)+1)
	// From the most telling likeness to the least.
	for _, key := range []func(s *side, id int) string{exactKey, conditionKey, scanKey, relationKey} {
		a.match(key)
	}
	a.matchUp()
	return a.pairs()
}

// side is one of the two plans.
type side struct {
	p        *Plan
	children [][]int
	leaves   []string // the relations beneath each node, in order
}

func newSide(p *Plan) *side {
	s := &side{p: p, children: p.Children(), leaves: make([]string, len(p.Nodes)+1)}
	for id := len(p.Nodes); id >= 1; id-- {
		n := &p.Nodes[id-1]
		if name := thing(n); name != "" {
			s.leaves[id] = name + " " + s.leaves[id]
		}
		if len(s.leaves[n.Parent])+len(s.leaves[id]) < 4096 {
			s.leaves[n.Parent] = s.leaves[id] + s.leaves[n.Parent]
		}
	}
	return s
}

// thing is what a node reads or writes, "" for one that works on its inputs.
func thing(n *Node) string {
	switch {
	case n.Relation != "":
		return n.Relation + "." + n.Alias
	case n.CTEName != "":
		return "cte " + n.CTEName
	case n.Alias != "":
		return "as " + n.Alias
	}
	return ""
}

// conditions are a node's own, without parameters' numbers.
func conditions(n *Node) string {
	var b strings.Builder
	for _, q := range n.Properties {
		if strings.HasSuffix(q.Key, " Cond") || strings.HasSuffix(q.Key, "Filter") && !strings.HasPrefix(q.Key, "Rows") || strings.HasSuffix(q.Key, " Key") {
			b.WriteString(q.Key + q.Value + "\n")
		}
	}
	return b.String()
}

func exactKey(s *side, id int) string {
	n := &s.p.Nodes[id-1]
	return n.Type + "\x00" + thing(n) + "\x00" + n.Index + "\x00" + conditions(n) + "\x00" + s.leaves[id]
}

func conditionKey(s *side, id int) string {
	n := &s.p.Nodes[id-1]
	if conditions(n) == "" && thing(n) == "" {
		return ""
	}
	return bareType(n.Type) + "\x00" + thing(n) + "\x00" + n.Index + "\x00" + conditions(n)
}

// scanKey is that of the node that reads a relation, whatever way it does.
func scanKey(s *side, id int) string {
	n := &s.p.Nodes[id-1]
	if thing(n) == "" {
		return ""
	}
	return family(n) + thing(n)
}

func relationKey(s *side, id int) string {
	n := &s.p.Nodes[id-1]
	if n.Relation == "" {
		return ""
	}
	return family(n) + n.Relation
}

// family is what kind of work a node does: nodes of one family can stand for each other.
func family(n *Node) string {
	t := bareType(n.Type)
	switch {
	case writes(t):
		return "write"
	case strings.HasSuffix(t, "Scan"), strings.HasSuffix(t, "Backward"), strings.HasSuffix(t, "SCAN"):
		if t == "Bitmap Index Scan" {
			return "bitmap index"
		}
		return "scan"
	case strings.HasSuffix(t, "Join"), t == "Nested Loop", strings.HasSuffix(t, "JOIN"):
		return "join"
	case strings.Contains(t, "Aggregate"), t == "Group", t == "Unique", strings.Contains(t, "GROUP"), strings.Contains(t, "AGGREGATE"):
		stage := ""
		if strings.Contains(n.Type, "Partial ") {
			stage = "partial "
		}
		return stage + "aggregate"
	case strings.HasSuffix(t, "Sort"):
		return "sort"
	case strings.HasPrefix(t, "Gather"):
		return "gather"
	case strings.HasSuffix(t, "Append"):
		return "append"
	case t == "Materialize", t == "Memoize":
		return "cache"
	}
	return t
}

type aligner struct {
	x, y     *side
	toY, toX []int
}

func (a *aligner) pair(x, y int) { a.toY[x], a.toX[y] = y, x }

// match pairs nodes that have a key in common, in order where several have it.
func (a *aligner) match(key func(s *side, id int) string) {
	waiting := map[string][]int{}
	for id := 1; id < len(a.toY); id++ {
		if k := key(a.x, id); k != "" && a.toY[id] == 0 {
			waiting[k] = append(waiting[k], id)
		}
	}
	for id := 1; id < len(a.toX); id++ {
		if a.toX[id] != 0 {
			continue
		}
		k := key(a.y, id)
		if ids := waiting[k]; k != "" && len(ids) > 0 {
			a.pair(ids[0], id)
			waiting[k] = ids[1:]
		}
	}
}

// matchUp pairs the nodes without a relation of their own: the parent of a pair with the nearest
// ancestor of the other that is of its family, from the leaves up.
func (a *aligner) matchUp() {
	for id := len(a.toX) - 1; id >= 1; id-- {
		if a.toX[id] != 0 {
			continue
		}
		fam := family(&a.y.p.Nodes[id-1])
		for _, c := range a.y.children[id] {
			at := a.toX[c]
			for steps := 0; at != 0 && steps < 8; steps++ {
				at = a.x.p.Nodes[at-1].Parent
				if at != 0 && a.toY[at] == 0 && family(&a.x.p.Nodes[at-1]) == fam {
					a.pair(at, id)
					break
				}
				if at == 0 || a.toY[at] != 0 {
					break
				}
			}
			if a.toX[id] != 0 {
				break
			}
		}
	}
	// The tops, when they are alike.
	if len(a.toX) > 1 && len(a.toY) > 1 && a.toX[1] == 0 && a.toY[1] == 0 && family(&a.x.p.Nodes[0]) == family(&a.y.p.Nodes[0]) {
		a.pair(1, 1)
	}
}

// kind says what became of a pair. latest holds, by parent, the last of its children before that has been
// met: a pair that comes after a later one has changed places with it.
func (a *aligner) kind(x, y int, latest map[int]int) PairKind {
	b, n := &a.x.p.Nodes[x-1], &a.y.p.Nodes[y-1]
	// A parent that vanished or appeared has not moved its child: what counts is the nearest pair above.
	up := a.above(n.Parent)
	place := Same
	if up != a.nearest(b.Parent, a.x, a.toY) || x < latest[up] {
		place = Moved
	}
	latest[up] = max(latest[up], x)
	if b.Type != n.Type || b.Index != n.Index || conditions(b) != conditions(n) {
		return Changed
	}
	return place
}

// nearest is the closest paired node at or above one, by its id before.
func (a *aligner) nearest(id int, s *side, paired []int) int {
	for id != 0 && paired[id] == 0 {
		id = s.p.Nodes[id-1].Parent
	}
	return id
}

// above is the closest paired node at or above one of the plan after, by its id before.
func (a *aligner) above(id int) int {
	if id = a.nearest(id, a.y, a.toX); id == 0 {
		return 0
	}
	return a.toX[id]
}

func (a *aligner) pairs() []Pair {
	var out []Pair
	next := 1 // of the plan before
	latest := map[int]int{}
	vanished := func(until int) {
		for ; next < until; next++ {
			if a.toY[next] == 0 {
				out = append(out, Pair{Before: next, Kind: Vanished})
			}
		}
	}
	for id := 1; id < len(a.toX); id++ {
		x := a.toX[id]
		if x == 0 {
			out = append(out, Pair{After: id, Kind: Appeared})
			continue
		}
		vanished(x)
		out = append(out, Pair{x, id, a.kind(x, id, latest)})
	}
	vanished(len(a.toY))
	return out
}
