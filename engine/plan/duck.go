package plan

import (
	"strconv"
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

// isDuckBoxes knows DuckDB's drawing of a plan: boxes, and no header of psql's.
func isDuckBoxes(lines []line) bool {
	boxes := false
	for _, l := range lines {
		if strings.Contains(l.text, "QUERY PLAN") || strings.Contains(l.text, "(cost=") {
			return false
		}
		t := strings.TrimSpace(l.text)
		boxes = boxes || strings.HasPrefix(t, "┌─") && strings.HasSuffix(t, "─┐")
	}
	return boxes
}

// box is one operator of the drawing.
type box struct {
	at, row  int // column of its left edge, and its row in the grid
	no       int // line
	lines    []string
	children []*box
}

// parseBoxes reads DuckDB's drawing. A box's first child is right beneath it; the others are to the
// right, so that a box without one above belongs to the nearest box to the left in the row above.
func parseBoxes(lines []line) ([]Plan, *engine.Error) {
	var out []Plan
	var p *Plan
	var roots, above []*box
	var query []string
	finish := func() *engine.Error {
		if len(roots) == 0 {
			return nil
		}
		if p == nil {
			p = &Plan{}
		}
		if err := p.fromBoxes(roots[0], strings.TrimSpace(strings.Join(query, "\n"))); err != nil {
			return err
		}
		out = append(out, *p)
		p, roots, above, query = nil, nil, nil, nil
		return nil
	}
	for i := 0; i < len(lines); {
		runes := []rune(lines[i].text)
		spans := boxTops(runes)
		if len(spans) == 0 {
			if p != nil && len(roots) == 0 && strings.TrimSpace(lines[i].text) != "" {
				query = append(query, lines[i].text)
			}
			i++
			continue
		}
		row, next, err := boxRow(lines, i, spans)
		if err != nil {
			return nil, err
		}
		i = next
		if title := row[0].lines; len(title) > 0 && strings.Contains(title[0], "┌") {
			if strings.Contains(strings.Join(title, ""), "Query Profiling Information") {
				if err := finish(); err != nil {
					return nil, err
				}
				p = &Plan{}
			} else if p != nil {
				p.boxTotal(strings.Join(title, " "))
			}
			continue
		}
		if len(row) == 1 && !strings.ContainsRune(string(runes), '┴') {
			if err := finish(); err != nil { // a box with nothing above it begins a plan
				return nil, err
			}
			roots, above = row, row
			continue
		}
		if len(above) == 0 {
			return nil, bad(row[0].no, "the first operators of the plan are missing")
		}
		for _, b := range row {
			up := above[0]
			for _, a := range above {
				if a.at <= b.at {
					up = a
				}
			}
			up.children = append(up.children, b)
		}
		above = row
	}
	if err := finish(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, notAPlan(lines)
	}
	return out, nil
}

// boxTops finds the upper edges in a line.
func boxTops(runes []rune) [][2]int {
	var out [][2]int
	for i := 0; i < len(runes); i++ {
		if runes[i] != '┌' {
			continue
		}
		j := i + 1
		for j < len(runes) && (runes[j] == '─' || runes[j] == '┴') {
			j++
		}
		if j < len(runes) && runes[j] == '┐' {
			out = append(out, [2]int{i, j})
			i = j
		}
	}
	return out
}

// boxRow reads a row of boxes, whose lower edges are on one line.
func boxRow(lines []line, top int, spans [][2]int) ([]*box, int, *engine.Error) {
	row := make([]*box, len(spans))
	for k, s := range spans {
		row[k] = &box{at: s[0], no: lines[top].no}
	}
	for i := top + 1; i < len(lines); i++ {
		runes := []rune(lines[i].text)
		if spans[0][0] < len(runes) && runes[spans[0][0]] == '└' {
			return row, i + 1, nil
		}
		for k, s := range spans {
			if s[1] >= len(runes) {
				return nil, 0, bad(lines[i].no, "the plan ends in the middle of a box, or its lines were wrapped")
			}
			row[k].lines = append(row[k].lines, strings.TrimSpace(string(runes[s[0]+1:s[1]])))
		}
	}
	return nil, 0, bad(lines[len(lines)-1].no, "the plan ends in the middle of a box")
}

// boxTotal reads "Total Time: 0.0112s".
func (p *Plan) boxTotal(s string) {
	_, rest, ok := strings.Cut(s, "Total Time: ")
	if !ok {
		return
	}
	number, _, _ := strings.Cut(rest, "s")
	if f, ok := parseNumber(strings.TrimSpace(number)); ok {
		ms := f * 1000
		p.ExecutionMs = &ms
	}
}

func (p *Plan) fromBoxes(b *box, query string) *engine.Error {
	p.Backend, p.Clock, p.Query, p.Line = engine.DuckDB, CPU, query, b.no
	for len(b.lines) > 0 && (b.lines[0] == "QUERY" || b.lines[0] == "EXPLAIN_ANALYZE") && len(b.children) == 1 {
		b = b.children[0]
	}
	if err := p.boxNode(b, 0, 0); err != nil {
		return err
	}
	p.duckTimes()
	return nil
}

func (p *Plan) boxNode(b *box, parent, depth int) *engine.Error {
	if depth > maxDepth || len(p.Nodes) >= maxNodes {
		return bad(b.no, "the plan has too many operators")
	}
	if len(b.lines) == 0 || b.lines[0] == "" {
		return bad(b.no, "an operator of the plan has no name")
	}
	id := len(p.Nodes) + 1
	n := Node{ID: id, Parent: parent, Depth: depth, Type: b.lines[0], line: b.no}
	n.boxBody(b.lines[1:])
	n.duckFields()
	p.Nodes = append(p.Nodes, n)
	for _, c := range b.children {
		if err := p.boxNode(c, id, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// boxBody reads what a box says: "Key: value", "Key:" with lines beneath, bare lines, and at the end
// the rows and the seconds.
func (n *Node) boxBody(lines []string) {
	key := ""
	var text []string
	flush := func() {
		if key != "" || len(text) > 0 {
			if key == "" {
				key = "Text"
			}
			n.Properties = append(n.Properties, Property{key, strings.Join(text, " ")})
		}
		key, text = "", nil
	}
	for _, l := range lines {
		switch {
		case l == "":
			flush()
		case isRule(l):
		case n.boxFigure(l):
			flush()
		case strings.HasSuffix(l, ":") && len(l) > 1 && key == "":
			flush()
			key = strings.TrimSuffix(l, ":")
		case key == "" && propertyKey(l) != "":
			flush()
			key = propertyKey(l)
			text = append(text, strings.TrimSpace(l[len(key)+1:]))
		default:
			text = append(text, l)
		}
	}
	flush()
}

// boxFigure reads "~7,951 rows", "19,990 rows" or "(0.01s)".
func (n *Node) boxFigure(l string) bool {
	if number, ok := strings.CutSuffix(strings.TrimSuffix(l, "s"), " row"); ok {
		f, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimPrefix(number, "~"), ",", ""), 64)
		if err != nil || f-f != 0 {
			return false
		}
		if strings.HasPrefix(number, "~") {
			n.EstRows = &f
		} else {
			n.Rows = &f
		}
		return true
	}
	number, ok := strings.CutSuffix(strings.Trim(l, "()"), "s")
	if !ok {
		return false
	}
	f, ok := parseNumber(number)
	if !ok {
		return false
	}
	ms := f * 1000
	n.SelfMs = &ms
	n.approximate("DuckDB's boxes print times to 0.01 s")
	return true
}
