package plan

import (
	"fmt"
	"math"
	"strings"
)

// charge says that a node pays for a part of another: all of its inputs and subplans, an InitPlan that
// it was the first to ask for, or a share of a CTE that it scans.
type charge struct {
	to   int // id
	part float64
}

// ledger holds what the arithmetic of one plan works on. Slices are by id.
type ledger struct {
	p        *Plan
	children [][]int
	end      []int // one past the last id beneath a node
	procs    []float64
	incl     []float64
	took     []Resources // inclusive
	payer    []int       // of an InitPlan: the node that asked for it; 0 elsewhere
	scans    [][]int     // of a CTE: the nodes that scan it
}

// arithmetic fills in what is derived: times over all loops, what each node took by itself, its share,
// and the error of its estimate.
//
// PostgreSQL prints times and rows as the average of a loop; a loop is one execution, in whichever
// process ("Using EXPLAIN", and "Parallel Plans" for Gather). Under a Gather the processes run side by
// side, so that the elapsed time is the sum over loops divided by the number of processes.
func (p *Plan) arithmetic() {
	l := &ledger{p: p, children: p.Children()}
	n := len(p.Nodes) + 1
	l.end, l.procs, l.incl = make([]int, n), make([]float64, n), make([]float64, n)
	l.took, l.payer, l.scans = make([]Resources, n), make([]int, n), make([][]int, n)
	for id := n - 1; id >= 1; id-- {
		l.end[id] = max(l.end[id], id+1)
		if parent := p.Nodes[id-1].Parent; parent > 0 {
			l.end[parent] = max(l.end[parent], l.end[id])
		}
	}
	l.inclusive()
	l.findScans()
	l.findPayers()
	l.times()
	l.resources()
	for i := range p.Nodes {
		node := &p.Nodes[i]
		if node.Rows != nil && node.EstRows != nil {
			e := math.Max(*node.Rows, 1) / math.Max(*node.EstRows, 1)
			node.RowError = &e
		}
	}
}

// inclusive works out elapsed time over all loops.
func (l *ledger) inclusive() {
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		l.procs[n.ID] = 0
		if n.Parent > 0 {
			l.procs[n.ID] = l.procs[n.Parent]
			up := &l.p.Nodes[n.Parent-1]
			// An InitPlan or SubPlan of the Gather itself is run by the leader alone.
			if up.WorkersLaunched != nil && n.SubplanName == "" && strings.HasPrefix(up.Type, "Gather") {
				l.procs[n.ID] = *up.WorkersLaunched + 1
			}
		}
		if n.TotalMs == nil || n.Loops == nil {
			continue
		}
		ms := *n.TotalMs * *n.Loops
		width := math.Min(*n.Loops, l.procs[n.ID])
		if width > 1 {
			ms /= width
			n.approximate("an average over %s processes that ran side by side", count(width))
		} else {
			width = 1
		}
		if slack := 0.0005 * *n.Loops / width; slack > ms/100 && slack > 0.05 {
			n.approximate("printed to 0.001 ms a loop, which over %s loops is ± %.3g ms", count(*n.Loops), slack)
		}
		l.incl[n.ID] = ms
		n.InclusiveMs = &ms
	}
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		if n.NeverExecuted && l.p.Nodes[0].InclusiveMs != nil {
			zero := 0.0
			n.InclusiveMs = &zero
		}
	}
}

// approximate marks a node's figures as such; the first reason is kept.
func (n *Node) approximate(format string, args ...any) {
	n.Approximate = true
	if n.Why == "" {
		n.Why = fmt.Sprintf(format, args...)
	}
}

func count(f float64) string {
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// findScans finds the scans of each CTE: those of its name beneath the node that it hangs on, where a
// nearer CTE of the same name hides it.
func (l *ledger) findScans() {
	ctes := map[string][]int{}
	for i := range l.p.Nodes {
		if name, ok := strings.CutPrefix(l.p.Nodes[i].SubplanName, "CTE "); ok {
			ctes[name] = append(ctes[name], i+1)
		}
	}
	if len(ctes) == 0 {
		return
	}
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		if bareType(n.Type) != "CTE Scan" {
			continue
		}
		named := ctes[n.CTEName]
		for k := len(named) - 1; k >= 0 && k >= len(named)-64; k-- {
			c := named[k]
			home := l.p.Nodes[c-1].Parent
			if home <= n.ID && n.ID < l.end[home] && !(c <= n.ID && n.ID < l.end[c]) {
				l.scans[c] = append(l.scans[c], n.ID)
				break
			}
		}
	}
}

// findPayers finds who asked for each InitPlan. PostgreSQL hangs it on the top of its query, and runs it
// when the first node needs its value, inside that node's time.
func (l *ledger) findPayers() {
	var uses map[string][]int
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		if n.Parent == 0 || !strings.HasPrefix(n.SubplanName, "InitPlan ") {
			continue
		}
		if uses == nil {
			uses = l.paramUses()
		}
		l.payer[n.ID] = l.payerOf(n, uses)
	}
}

// paramUses finds every parameter that is mentioned, and the nodes that mention it: "$12" up to
// PostgreSQL 16, "(InitPlan 12)" from 17.
func (l *ledger) paramUses() map[string][]int {
	uses := map[string][]int{}
	note := func(token string, id int) {
		if ids := uses[token]; len(ids) == 0 || ids[len(ids)-1] != id {
			uses[token] = append(ids, id)
		}
	}
	for i := range l.p.Nodes {
		for _, q := range l.p.Nodes[i].Properties {
			for s := q.Value; ; {
				at := strings.IndexAny(s, "$(")
				if at < 0 {
					break
				}
				s = s[at:]
				end := 1
				if s[0] == '$' {
					for end < len(s) && s[end] >= '0' && s[end] <= '9' {
						end++
					}
				} else if strings.HasPrefix(s, "(InitPlan ") {
					end = strings.IndexByte(s, ')') + 1
				}
				end = max(end, 1)
				if end > 1 {
					note(s[:end], i+1)
				}
				s = s[end:]
			}
		}
	}
	return uses
}

// paramsOf gives the tokens by which an InitPlan's values are mentioned.
func paramsOf(name string) []string {
	label, returns, ok := strings.Cut(name, " (returns ")
	if !ok {
		return []string{"(" + label + ")"}
	}
	return strings.Split(strings.TrimSuffix(returns, ")"), ",")
}

func (l *ledger) payerOf(n *Node, uses map[string][]int) int {
	home := n.Parent
	var best, first, fits int
	looked := 0
	for _, token := range paramsOf(n.SubplanName) {
		for _, id := range uses[token] {
			inside := home <= id && id < l.end[home] && !(n.ID <= id && id < l.end[n.ID])
			if !inside || l.p.Nodes[id-1].NeverExecuted {
				continue
			}
			if looked++; looked > 64 {
				break
			}
			id = l.underGather(id, home)
			if first == 0 {
				first = id
			}
			if l.room(id) >= l.incl[n.ID]-0.002 {
				if best == 0 {
					best = id
				}
				if best != id {
					fits++
				}
			}
		}
	}
	switch {
	case best > 0 && fits == 0:
		return best
	case best > 0:
		n.approximate("several nodes use it; it is charged to the first that can have run it")
		return best
	case first > 0:
		// An Append that prunes asks before its partitions do, and it does not show the condition.
		for id := first; id != home; id = l.p.Nodes[id-1].Parent {
			if l.room(id) >= l.incl[n.ID]-0.002 {
				return id
			}
		}
		return home
	}
	return l.guessPayer(n, home)
}

// underGather gives the Gather between a node and the top of its query, if there is one: the leader
// works out what the workers need before it starts them.
func (l *ledger) underGather(id, home int) int {
	found := id
	for at := id; at != 0; at = l.p.Nodes[at-1].Parent {
		if strings.HasPrefix(l.p.Nodes[at-1].Type, "Gather") {
			found = at
		}
		if at == home {
			break
		}
	}
	return found
}

// room is the time of a node that is not its inputs'.
func (l *ledger) room(id int) float64 {
	ms := l.incl[id]
	for _, c := range l.children[id] {
		if l.scans[c] == nil && l.payer[c] == 0 && !strings.HasPrefix(l.p.Nodes[c-1].SubplanName, "InitPlan ") {
			ms -= l.incl[c]
		}
	}
	return ms
}

// guessPayer is for an InitPlan that no condition mentions: a value in the select list, which only
// VERBOSE shows. It is the node that it hangs on, or else the one with the most time to spare.
func (l *ledger) guessPayer(n *Node, home int) int {
	if l.room(home) >= l.incl[n.ID]-0.002 || l.end[home]-home > 5000 {
		return home
	}
	best := home
	for id := home + 1; id < l.end[home]; id++ {
		if (id < n.ID || id >= l.end[n.ID]) && l.room(id) > l.room(best) {
			best = id
		}
	}
	n.approximate("the plan does not show where its value is used; VERBOSE would")
	return best
}

// charges lists what each node pays for, with CTEs shared out by what their scans took of a measure. The
// second result is what nobody asked for and was spent after the root.
func (l *ledger) charges(of func(id int) float64) ([][]charge, float64, []float64) {
	out := make([][]charge, len(l.p.Nodes)+1)
	outside := 0.0
	extra := make([]float64, len(l.p.Nodes)+1)
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		id := n.ID
		if n.Parent == 0 {
			continue
		}
		switch {
		case l.payer[id] > 0:
			out[l.payer[id]] = append(out[l.payer[id]], charge{id, 1})
			continue
		case !strings.HasPrefix(n.SubplanName, "CTE "):
			out[n.Parent] = append(out[n.Parent], charge{id, 1})
			continue
		}
		sum := 0.0
		for _, s := range l.scans[id] {
			sum += of(s)
		}
		own := of(id)
		part := 1.0
		if writes(n.Type) && sum < own {
			// A WITH query that writes is run to its end after the rest, whether or not it is read.
			extra[id] = own - sum
			outside += extra[id]
			part = sum / own
		}
		for _, s := range l.scans[id] {
			share := part / float64(len(l.scans[id]))
			if sum > 0 {
				share = part * of(s) / sum
			}
			out[s] = append(out[s], charge{id, share})
		}
		if len(l.scans[id]) == 0 && extra[id] == 0 && own > 0 {
			out[n.Parent] = append(out[n.Parent], charge{id, 1})
		}
	}
	return out, outside, extra
}

func writes(t string) bool {
	switch t {
	case "Insert", "Update", "Delete", "Merge", "Foreign Insert", "Foreign Update", "Foreign Delete":
		return true
	}
	return false
}

// flow hands a measure down from the root, so that nothing is lost or counted twice: what a node keeps
// is its own. Where the parts beneath a node were measured at more than the node, they are scaled to fit
// and over is told.
func (l *ledger) flow(of func(id int) float64, over func(id int, parts, whole float64)) (self []float64, outside float64) {
	charges, outside, amount := l.charges(of)
	n := len(l.p.Nodes) + 1
	self = make([]float64, n)
	waits := make([]int, n)
	for _, cs := range charges {
		for _, c := range cs {
			waits[c.to]++
		}
	}
	amount[1] += of(1)
	queue := make([]int, 0, n)
	done := make([]bool, n)
	pay := func(id int) {
		done[id] = true
		need := 0.0
		for _, c := range charges[id] {
			need += c.part * of(c.to)
		}
		scale := 1.0
		if need > amount[id] {
			scale = amount[id] / need
			over(id, need, amount[id])
		}
		self[id] = math.Max(0, amount[id]-need)
		for _, c := range charges[id] {
			amount[c.to] += c.part * of(c.to) * scale
			if waits[c.to]--; waits[c.to] == 0 && !done[c.to] {
				queue = append(queue, c.to)
			}
		}
	}
	for id := 1; id < n; id++ {
		if waits[id] == 0 && !done[id] {
			queue = append(queue, id)
		}
		for len(queue) > 0 {
			next := queue[0]
			queue = queue[1:]
			if !done[next] {
				pay(next)
			}
		}
	}
	for id := 1; id < n; id++ { // only a plan that no server printed has a circle
		if !done[id] {
			pay(id)
		}
	}
	return self, outside
}

// times works out what each node took by itself.
func (l *ledger) times() {
	root := &l.p.Nodes[0]
	if root.InclusiveMs == nil || l.p.Clock != Wall {
		return
	}
	self, outside := l.flow(func(id int) float64 { return l.incl[id] }, func(id int, parts, whole float64) {
		n := &l.p.Nodes[id-1]
		if parts-whole <= whole/100+0.01 {
			return
		}
		why := "the nodes beneath were measured at %.3f ms together, and this one at %.3f ms; they are scaled to fit"
		n.approximate(why, parts, whole)
		for _, c := range l.children[id] {
			l.p.Nodes[c-1].approximate("scaled to fit into the node above, which was measured at less")
		}
	})
	for c, scans := range l.scans {
		if len(scans) < 2 {
			continue
		}
		for _, s := range scans {
			l.p.Nodes[s-1].approximate("%s is scanned %d times; each scan is charged a part in proportion to its time", l.p.Nodes[c-1].SubplanName, len(scans))
		}
	}
	l.p.OutsideMs = outside
	total := l.incl[1] + outside
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		ms := self[n.ID]
		n.SelfMs = &ms
		if total > 0 {
			share := ms / total
			n.SelfShare = &share
		}
	}
}

// resources works out blocks, I/O time and WAL of each node by itself.
func (l *ledger) resources() {
	any := false
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		l.took[n.ID] = n.took()
		any = any || l.took[n.ID] != Resources{}
	}
	if !any {
		return
	}
	own := make([]Resources, len(l.p.Nodes)+1)
	fields := []func(r *Resources) *float64{
		func(r *Resources) *float64 { return &r.SharedHit },
		func(r *Resources) *float64 { return &r.SharedRead },
		func(r *Resources) *float64 { return &r.SharedDirtied },
		func(r *Resources) *float64 { return &r.SharedWritten },
		func(r *Resources) *float64 { return &r.TempRead },
		func(r *Resources) *float64 { return &r.TempWritten },
		func(r *Resources) *float64 { return &r.IOMs },
		func(r *Resources) *float64 { return &r.WALBytes },
		func(r *Resources) *float64 { return &r.WALRecords },
	}
	for _, f := range fields {
		used := false
		for id := 1; id < len(l.took) && !used; id++ {
			used = *f(&l.took[id]) != 0
		}
		if !used {
			continue
		}
		self, _ := l.flow(func(id int) float64 { return *f(&l.took[id]) }, func(int, float64, float64) {})
		for id := 1; id < len(self); id++ {
			*f(&own[id]) = self[id]
		}
	}
	for i := range l.p.Nodes {
		n := &l.p.Nodes[i]
		own[n.ID].MemoryBytes = l.took[n.ID].MemoryBytes
		n.Self = &own[n.ID]
	}
}

// took reads what a node and all beneath it took, from its properties.
func (n *Node) took() Resources {
	var r Resources
	memory := 0.0
	for _, q := range n.Properties {
		f, ok := parseNumber(q.Value)
		if !ok {
			continue
		}
		switch q.Key {
		case "Shared Hit Blocks":
			r.SharedHit = f
		case "Shared Read Blocks":
			r.SharedRead = f
		case "Shared Dirtied Blocks":
			r.SharedDirtied = f
		case "Shared Written Blocks":
			r.SharedWritten = f
		case "Temp Read Blocks":
			r.TempRead = f
		case "Temp Written Blocks":
			r.TempWritten = f
		case "WAL Bytes":
			r.WALBytes = f
		case "WAL Records":
			r.WALRecords = f
		case "Peak Memory Usage":
			memory += f
		case "Sort Space Used":
			if n.Get("Sort Space Type") == "Memory" {
				memory += f
			}
		case "Maximum Storage":
			if n.Get("Storage") == "Memory" {
				memory += f
			}
		default:
			switch {
			case strings.HasSuffix(q.Key, "I/O Read Time"), strings.HasSuffix(q.Key, "I/O Write Time"):
				r.IOMs += f
			case strings.HasSuffix(q.Key, "Sort Space Memory/Peak Sort Space Used"):
				memory = math.Max(memory, f)
			}
		}
	}
	r.MemoryBytes = memory * 1024
	return r
}
