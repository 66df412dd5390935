package plan

import (
	"strings"

	"pipewright/engine"
)

// finish brings a tree that has been read into its final form: properties in order, figures that have
// fields of their own, a check that it is whole, and the arithmetic.
func (p *Plan) finish() *engine.Error {
	for i := range p.Nodes {
		n := &p.Nodes[i]
		for j := range n.Workers {
			n.Workers[j].Properties = tidy(n.Workers[j].Properties)
		}
		if v, ok := take(&n.Properties, "Disabled"); ok && v != "false" {
			n.disabled = true
			n.Properties = append(n.Properties, Property{"Disabled", v})
		}
		n.WorkersPlanned = takeNumber(&n.Properties, "Workers Planned")
		n.WorkersLaunched = takeNumber(&n.Properties, "Workers Launched")
		n.Properties = tidy(n.Properties)
	}
	p.counters()
	p.Planning, p.JIT, p.Serialization = tidy(p.Planning), tidy(p.JIT), tidy(p.Serialization)
	if p.Query == "" {
		p.Query, _ = take(&p.Properties, "Query Text")
	}
	if err := p.whole(); err != nil {
		return err
	}
	p.arithmetic()
	return nil
}

// counters gives blocks and removed rows their fields. PostgreSQL's text form says nothing of a node
// without blocks: where one node has some, those of the others are zero.
func (p *Plan) counters() {
	buffers := false
	for i := range p.Nodes {
		n := &p.Nodes[i]
		removed := 0.0
		for _, q := range n.Properties {
			buffers = buffers || strings.HasSuffix(q.Key, " Blocks") && !strings.Contains(q.Key, "Heap")
			if f, ok := parseNumber(q.Value); ok && strings.HasPrefix(q.Key, "Rows Removed by ") {
				removed += f
			}
		}
		if removed > 0 {
			n.RowsRemoved = &removed
		}
	}
	if !buffers {
		return
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		hit, read := n.Number("Shared Hit Blocks"), n.Number("Shared Read Blocks")
		n.SharedHit, n.SharedRead = &hit, &read
	}
}

// whole refuses a tree that is cut: one that lacks figures which its other nodes have, or a node without
// the inputs that it must have.
func (p *Plan) whole() *engine.Error {
	if len(p.Nodes) == 0 {
		return bad(p.Line, "there is no node in this plan")
	}
	root := &p.Nodes[0]
	children := p.Children()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		// A node under one that was executed has been, or says that it was not.
		if (n.EstRows == nil) != (root.EstRows == nil) || (n.Loops == nil) != (root.Loops == nil) ||
			!n.NeverExecuted && !root.NeverExecuted && (n.TotalMs == nil) != (root.TotalMs == nil) {
			return bad(n.line, "the plan is not whole: %q lacks figures that its first node has, or the other way round", shorten(n.Type))
		}
		inputs := 0
		for _, c := range children[n.ID] {
			if p.Nodes[c-1].SubplanName == "" {
				inputs++
			}
		}
		if want := n.inputs(); inputs < want {
			return bad(p.Nodes[len(p.Nodes)-1].line, "the plan is not whole: %q (line %d) has %d of its %d inputs", shorten(n.Type), n.line, inputs, want)
		}
	}
	return nil
}

// inputs is the number of inputs that a node must have.
func (n *Node) inputs() int {
	t := bareType(n.Type)
	switch {
	case !plainType[t]:
		return 0
	case strings.HasSuffix(t, " Join"), t == "Nested Loop", t == "Recursive Union":
		return 2
	case strings.HasPrefix(t, "SetOp"), strings.HasPrefix(t, "HashSetOp"):
		return 1
	}
	switch t {
	case "ProjectSet", "Insert", "Update", "Delete", "Merge", "Gather", "Gather Merge", "Bitmap Heap Scan", "Subquery Scan",
		"Materialize", "Memoize", "Result Cache", "Sort", "Incremental Sort", "Group", "Aggregate", "GroupAggregate", "HashAggregate",
		"MixedAggregate", "WindowAgg", "Unique", "LockRows", "Limit", "Hash":
		return 1
	case "BitmapAnd", "BitmapOr":
		return 2
	}
	return 0
}
