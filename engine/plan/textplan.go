package plan

import (
	"strings"

	"pipewright/engine"
)

// textReader builds one plan of its logical lines.
type textReader struct {
	p       *Plan
	stack   []int // ids of the nodes that the next arrow may belong under
	label   string
	labelAt int
	groups  []textGroup // "Planning:", "JIT:", "Worker 0:  JIT:" that the next lines may belong to
	worker  int         // index+1 of the worker that the next lines may belong to, 0 for none
	workAt  int
	whole   bool // past the nodes, in what was measured of the whole
}

type textGroup struct {
	name   string
	indent int
}

func textPlan(lines []logical) (*Plan, *engine.Error) {
	p := &Plan{Backend: engine.Postgres, Clock: Wall, Line: lines[0].no}
	r := &textReader{p: p}
	if err := r.node(lines[0].text, lines[0].indent, lines[0].no, 0); err != nil {
		return nil, err
	}
	for _, l := range lines[1:] {
		if err := r.line(l, lines[0].indent); err != nil {
			return nil, err
		}
	}
	last := lines[len(lines)-1]
	if r.label != "" {
		return nil, bad(last.no, "the plan ends in the middle: nothing follows %q", shorten(r.label))
	}
	var open balance
	if open.scan(last.text); open.open() && !r.whole {
		return nil, bad(last.no, "the plan ends in the middle of %q", shorten(last.text))
	}
	p.wholeTimes()
	return p, p.finish()
}

func (r *textReader) line(l logical, base int) *engine.Error {
	t := l.text
	if rest, ok := strings.CutPrefix(t, "->"); ok {
		name := strings.TrimLeft(rest, " ")
		if l.indent <= base {
			return bad(l.no, "the plan has lost its indentation, and with it what belongs to what")
		}
		if r.whole {
			return bad(l.no, "a node stands after the end of the plan")
		}
		return r.node(name, l.indent+len(t)-len(name), l.no, l.indent)
	}
	if l.indent <= base+1 {
		return r.footer(t, l)
	}
	if r.whole {
		r.wholeProperty(t, l)
		return nil
	}
	if isLabel(t) {
		if r.label != "" {
			return bad(l.no, "nothing follows %q", shorten(r.label))
		}
		r.label, r.labelAt = t, l.indent
		return nil
	}
	n := &r.p.Nodes[len(r.p.Nodes)-1]
	if isTarget(t) && !strings.Contains(t, ":") {
		_, target, _ := strings.Cut(t, " on ")
		n.target(target)
		return nil
	}
	r.property(n, t, l)
	return nil
}

// target adds one of several tables that a node writes to.
func (n *Node) target(name string) {
	var parts []string
	for _, w := range splitIdents(name) {
		parts = append(parts, w.joined())
	}
	name = strings.Join(parts, " ")
	for i := range n.Properties {
		if n.Properties[i].Key == "Target Tables" {
			n.Properties[i].Value += ", " + name
			return
		}
	}
	n.Properties = append(n.Properties, Property{"Target Tables", name})
}

// node reads a node's line. column is that of its name, arrow that of the "->" in front of it.
func (r *textReader) node(t string, column, no, arrow int) *engine.Error {
	if len(r.p.Nodes) >= maxNodes {
		return bad(no, "the plan has more than %d nodes", maxNodes)
	}
	id := len(r.p.Nodes) + 1
	n := Node{ID: id, line: no, column: column}
	if id > 1 {
		for len(r.stack) > 0 && r.p.Nodes[r.stack[len(r.stack)-1]-1].column >= arrow {
			r.stack = r.stack[:len(r.stack)-1]
		}
		if len(r.stack) == 0 {
			return bad(no, "%q belongs to no other node by its indentation", shorten(t))
		}
		n.Parent = r.stack[len(r.stack)-1]
		n.Depth = r.p.Nodes[n.Parent-1].Depth + 1
	}
	if n.Depth > maxDepth {
		return bad(no, "the plan is nested more than %d deep", maxDepth)
	}
	if r.label != "" {
		n.SubplanName, r.label = r.label, ""
	}
	heading, figures := splitHeading(t)
	if !n.parseFigures(figures) {
		return bad(no, "the plan ends in the middle, or has lost something, in %q", shorten(t))
	}
	n.parseHeading(heading)
	if n.Type == "" {
		return bad(no, "a node of the plan has no name")
	}
	r.stack = append(r.stack, id)
	r.groups, r.worker = r.groups[:0], 0
	r.p.Nodes = append(r.p.Nodes, n)
	return nil
}

// property reads a line such as "Sort Key: a" that belongs to a node.
func (r *textReader) property(n *Node, t string, l logical) {
	if number, rest, ok := workerPrefix(t); ok {
		r.worker, r.workAt = n.workerIndex(number)+1, l.indent
		r.groups = r.groups[:0]
		if rest == "" || n.Workers[r.worker-1].actual(rest) {
			return
		}
		t = rest
	} else if r.worker > 0 && l.indent <= r.workAt {
		r.worker = 0
	}
	prefix := r.group(t, l.indent)
	into := &n.Properties
	if r.worker > 0 {
		into = &n.Workers[r.worker-1].Properties
	}
	*into = textProperty(*into, prefix, t)
}

// group keeps track of headings without a value, and gives the prefix for names in this line.
func (r *textReader) group(t string, indent int) string {
	for len(r.groups) > 0 && r.groups[len(r.groups)-1].indent >= indent {
		r.groups = r.groups[:len(r.groups)-1]
	}
	prefix := ""
	for _, g := range r.groups {
		prefix += g.name + "/"
	}
	if key := propertyKey(t); key != "" && len(t) == len(key)+1 {
		r.groups = append(r.groups, textGroup{key, indent})
	}
	return prefix
}

// workerPrefix reads "Worker 0:  ".
func workerPrefix(t string) (int, string, bool) {
	rest, ok := strings.CutPrefix(t, "Worker ")
	if !ok {
		return 0, "", false
	}
	digits, rest, ok := strings.Cut(rest, ":")
	if !ok || digits == "" || len(digits) > 5 || strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	f, _ := parseNumber(digits)
	return int(f), strings.TrimSpace(rest), true
}

func (n *Node) workerIndex(number int) int {
	for i := range n.Workers {
		if n.Workers[i].Number == number {
			return i
		}
	}
	n.Workers = append(n.Workers, Worker{Number: number})
	return len(n.Workers) - 1
}

func (w *Worker) actual(t string) bool {
	if !strings.HasPrefix(t, "actual ") {
		return false
	}
	var n Node
	if !n.parseFigures("(" + t + ")") {
		return false
	}
	w.StartupMs, w.TotalMs, w.Rows, w.Loops = n.StartupMs, n.TotalMs, n.Rows, n.Loops
	return true
}

// footer reads a line about the whole.
func (r *textReader) footer(t string, l logical) *engine.Error {
	r.whole = true
	r.groups = r.groups[:0]
	key := propertyKey(t)
	rest := strings.TrimSpace(t[min(len(t), len(key)+1):])
	switch {
	case strings.HasPrefix(t, "Trigger "):
		if !r.trigger(t) {
			return bad(l.no, "the plan ends in the middle of %q", shorten(t))
		}
	case key == "Planning time" || key == "Planning Time" || key == "Execution time" || key == "Execution Time" || key == "Total runtime":
		ms, ok := parseNumber(strings.TrimSuffix(rest, " ms"))
		if !ok {
			return bad(l.no, "the plan ends in the middle of %q", shorten(t))
		}
		if strings.HasPrefix(key, "Planning") {
			r.p.PlanningMs = &ms
		} else {
			r.p.ExecutionMs = &ms
		}
	case key == "Settings":
		r.p.Settings = settings(rest)
	case key == "Serialization":
		r.p.Serialization = serialization(rest)
		r.groups = append(r.groups, textGroup{key, l.indent})
	case key != "" && rest == "":
		r.groups = append(r.groups, textGroup{key, l.indent})
	default:
		r.p.Properties = textProperty(r.p.Properties, "", t)
	}
	return nil
}

// wholeProperty reads a line under "Planning:", "JIT:" or "Serialization:".
func (r *textReader) wholeProperty(t string, l logical) {
	prefix := r.group(t, l.indent)
	switch {
	case strings.HasPrefix(prefix, "Planning/"):
		r.p.Planning = textProperty(r.p.Planning, strings.TrimPrefix(prefix, "Planning/"), t)
	case strings.HasPrefix(prefix, "JIT/"):
		r.p.JIT = textProperty(r.p.JIT, strings.TrimPrefix(prefix, "JIT/"), t)
	case strings.HasPrefix(prefix, "Serialization/"):
		r.p.Serialization = textProperty(r.p.Serialization, strings.TrimPrefix(prefix, "Serialization/"), t)
	default:
		r.p.Properties = textProperty(r.p.Properties, prefix, t)
	}
}

// trigger reads "Trigger NAME [for constraint NAME] [on TABLE]: time=1.2 calls=3".
func (r *textReader) trigger(t string) bool {
	at := strings.LastIndex(t, ": ")
	if at < len("Trigger ") {
		return false
	}
	ps := pairs(nil, t[at+2:], map[string]string{"time": "Time", "calls": "Calls"})
	calls, ok := parseNumber(get(ps, "Calls"))
	if !ok {
		return false
	}
	tr := Trigger{Calls: calls, TimeMs: takeNumber(&ps, "Time")}
	name := t[len("Trigger "):at]
	if before, on, ok := strings.Cut(name, " on "); ok {
		name, tr.Relation = before, on
	}
	if before, constraint, ok := strings.Cut(" "+name, " for constraint "); ok {
		name, tr.Constraint = strings.TrimSpace(before), constraint
	}
	tr.Name = name
	r.p.Triggers = append(r.p.Triggers, tr)
	return true
}

// settings reads "work_mem = '64MB', jit = 'off'".
func settings(s string) []Property {
	var ps []Property
	for s != "" {
		name, rest, ok := strings.Cut(s, " = '")
		if !ok {
			return append(ps, Property{"Settings", s})
		}
		end := 0
		for end < len(rest) && (rest[end] != '\'' || end+1 < len(rest) && rest[end+1] == '\'') {
			if rest[end] == '\'' {
				end++
			}
			end++
		}
		end = min(end, len(rest))
		ps = append(ps, Property{strings.TrimSpace(name), strings.ReplaceAll(rest[:end], "''", "'")})
		s = strings.TrimLeft(rest[min(end+1, len(rest)):], ", ")
	}
	return ps
}

func serialization(s string) []Property {
	ps := pairs(nil, s, map[string]string{"time": "Time", "output": "Output Volume", "format": "Format"})
	for i := range ps {
		ps[i].Value = bareNumber(ps[i].Value)
	}
	return ps
}
