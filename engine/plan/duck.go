package plan

import (
	"strings"

	"pipewright/engine"
)

// duckPlan makes a plan of DuckDB's JSON: an operator of EXPLAIN (FORMAT JSON), or the object with the
// figures of the whole that EXPLAIN (ANALYZE, FORMAT JSON) and the profiler write.
//
// An operator's time in DuckDB is that of all its threads added up, in processor seconds, and does not
// include the operators beneath; only the latency of the whole is elapsed time.
func duckPlan(v *value) (*Plan, *engine.Error) {
	p := &Plan{Backend: engine.DuckDB, Clock: CPU, Line: v.line}
	for isWrapper(v) {
		p.duckWhole(v)
		children := v.field("children")
		if children == nil || len(children.items) != 1 || children.items[0].kind != object {
			break
		}
		v = children.items[0]
	}
	if err := p.duckNode(v, 0, 0); err != nil {
		return nil, err
	}
	p.duckTimes()
	return p, nil
}

// isWrapper knows what stands above the first operator: the whole, and EXPLAIN ANALYZE itself.
func isWrapper(v *value) bool {
	name := duckName(v)
	return name == "" || name == "EXPLAIN_ANALYZE" || name == "QUERY"
}

func duckName(v *value) string {
	for _, key := range []string{"operator_type", "operator_name", "name"} {
		if f := v.field(key); f != nil && f.kind == scalar {
			if name := strings.TrimSpace(f.text); name != "Query" && name != "result" {
				return name
			}
		}
	}
	return ""
}

// duckWhole keeps the figures of the whole.
func (p *Plan) duckWhole(v *value) {
	if duckName(v) != "" {
		return
	}
	for i, key := range v.keys {
		item := v.items[i]
		switch key {
		case "children", "extra_info", "extra-info":
		case "query_name", "query":
			p.Query = item.flat()
		case "latency":
			if f, ok := parseNumber(item.text); ok {
				ms := f * 1000
				p.ExecutionMs = &ms
				continue
			}
			fallthrough
		default:
			p.Properties = flatten(p.Properties, key, item)
		}
	}
}

func (p *Plan) duckNode(v *value, parent, depth int) *engine.Error {
	if len(p.Nodes) >= maxNodes {
		return bad(v.line, "the plan has more than %d nodes", maxNodes)
	}
	id := len(p.Nodes) + 1
	n := Node{ID: id, Parent: parent, Depth: depth, Type: duckName(v), line: v.line}
	if n.Type == "" {
		return bad(v.line, "an operator of the plan has no name")
	}
	var children *value
	for i, key := range v.keys {
		item := v.items[i]
		switch key {
		case "children":
			children = item
		case "name", "operator_type":
		case "operator_name":
			if strings.TrimSpace(item.text) != n.Type {
				n.Properties = append(n.Properties, Property{"Operator", strings.TrimSpace(item.text)})
			}
		case "operator_cardinality", "cardinality":
			n.Rows = numberOf(item)
		case "operator_timing", "timing":
			if f := numberOf(item); f != nil {
				ms := *f * 1000
				n.SelfMs = &ms
			}
		case "extra_info":
			n.Properties = duckExtra(n.Properties, item)
		default:
			n.Properties = flatten(n.Properties, key, item)
		}
	}
	n.duckFields()
	p.Nodes = append(p.Nodes, n)
	if children == nil {
		return nil
	}
	for _, c := range children.items {
		if c.kind != object {
			return bad(c.line, "a member of \"children\" is no operator")
		}
		if err := p.duckNode(c, id, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// duckExtra reads extra_info: an object, or in older versions text with a line an entry.
func duckExtra(ps []Property, v *value) []Property {
	if v.kind != scalar {
		return flatten(ps, "", v)
	}
	if t := strings.TrimSpace(v.text); t != "" {
		ps = append(ps, Property{"Text", t})
	}
	return ps
}

func numberOf(v *value) *float64 {
	if f, ok := parseNumber(v.text); ok && v.kind == scalar {
		return &f
	}
	return nil
}

// duckFields gives what DuckDB says in words the fields that it belongs in.
func (n *Node) duckFields() {
	if est := takeNumber(&n.Properties, "Estimated Cardinality"); est != nil {
		n.EstRows = est
	}
	if name, ok := take(&n.Properties, "CTE Name"); ok {
		n.CTEName = name
	}
	if table, ok := take(&n.Properties, "Table"); ok {
		n.Relation = table
		if i := strings.LastIndexByte(table, '.'); i >= 0 {
			n.Schema, n.Relation = table[:i], table[i+1:]
		}
		n.Alias = n.Relation
	}
	scanned := number(n.Properties, "operator_rows_scanned")
	if n.Rows != nil && scanned > *n.Rows {
		removed := scanned - *n.Rows
		n.RowsRemoved = &removed
	}
}

// duckTimes adds the operators' own times up to inclusive ones.
func (p *Plan) duckTimes() {
	timed := false
	for i := range p.Nodes {
		timed = timed || p.Nodes[i].SelfMs != nil
	}
	if timed {
		sum := make([]float64, len(p.Nodes)+1)
		for i := len(p.Nodes) - 1; i >= 0; i-- {
			n := &p.Nodes[i]
			if n.SelfMs != nil {
				sum[n.ID] += *n.SelfMs
			}
			ms := sum[n.ID]
			n.InclusiveMs = &ms
			sum[n.Parent] += ms
		}
		for i := range p.Nodes {
			if n := &p.Nodes[i]; n.SelfMs != nil && sum[1] > 0 {
				share := *n.SelfMs / sum[1]
				n.SelfShare = &share
			}
		}
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if n.Rows != nil && n.EstRows != nil {
			e := max(*n.Rows, 1) / max(*n.EstRows, 1)
			n.RowError = &e
		}
	}
}
