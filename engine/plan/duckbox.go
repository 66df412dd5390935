package plan

import (
	"strconv"
	"strings"

	"pipewright/engine"
)

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
	at       int // column of its left edge
	no       int // line
	lines    []string
	children []*box
}

// boxReader takes the rows of boxes one after the other.
type boxReader struct {
	out   []Plan
	p     *Plan  // whose header has been read, nil without one
	root  *box   // of the plan that is being read
	above []*box // the last row
	query []string
}

// parseBoxes reads DuckDB's drawing. A box's first child is right beneath it; the others are to the
// right, so that a box without one above belongs to the nearest box to the left in the row above.
func parseBoxes(lines []line) ([]Plan, *engine.Error) {
	r := &boxReader{}
	for i := 0; i < len(lines); {
		runes := []rune(lines[i].text)
		spans := boxTops(runes)
		if len(spans) == 0 {
			if r.p != nil && r.root == nil && strings.TrimSpace(lines[i].text) != "" {
				r.query = append(r.query, lines[i].text)
			}
			i++
			continue
		}
		row, next, err := boxRow(lines, i, spans)
		if err != nil {
			return nil, err
		}
		if err := r.row(row, strings.ContainsRune(lines[i].text, '┴')); err != nil {
			return nil, err
		}
		i = next
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	if len(r.out) == 0 {
		return nil, notAPlan(lines)
	}
	return r.out, nil
}

// row takes a row of boxes; joined tells whether lines come down to them.
func (r *boxReader) row(row []*box, joined bool) *engine.Error {
	if title := row[0].lines; len(title) > 0 && strings.Contains(title[0], "┌") {
		return r.header(strings.Join(title, " "))
	}
	if len(row) == 1 && !joined {
		if err := r.finish(); err != nil { // a box with nothing above it begins a plan
			return err
		}
		r.root, r.above = row[0], row
		return nil
	}
	if len(r.above) == 0 {
		return bad(row[0].no, "the first operators of the plan are missing")
	}
	for _, b := range row {
		up := r.above[0]
		for _, a := range r.above {
			if a.at <= b.at {
				up = a
			}
		}
		up.children = append(up.children, b)
	}
	r.above = row
	return nil
}

// header reads the boxes in boxes that EXPLAIN ANALYZE begins with.
func (r *boxReader) header(title string) *engine.Error {
	if strings.Contains(title, "Query Profiling Information") {
		err := r.finish()
		r.p, r.query = &Plan{}, nil
		return err
	}
	if r.p != nil {
		r.p.boxTotal(title)
	}
	return nil
}

// finish ends the plan that is being read.
func (r *boxReader) finish() *engine.Error {
	if r.root == nil {
		return nil
	}
	if r.p == nil {
		r.p = &Plan{}
	}
	if err := r.p.fromBoxes(r.root, strings.TrimSpace(strings.Join(r.query, "\n"))); err != nil {
		return err
	}
	r.out = append(r.out, *r.p)
	r.p, r.root, r.above, r.query = nil, nil, nil, nil
	return nil
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
