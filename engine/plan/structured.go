package plan

import (
	"strings"

	"pipewright/engine"
)

// planValues finds the plans in what a JSON, YAML or XML document holds: one object, or lists of them.
func planValues(docs []*value) []*value {
	var out []*value
	for _, d := range docs {
		switch d.kind {
		case list:
			out = append(out, planValues(d.items)...)
		case object:
			out = append(out, d)
		}
	}
	return out
}

// fromValues makes plans of decoded documents.
func fromValues(docs []*value, line int) ([]Plan, *engine.Error) {
	var out []Plan
	values := planValues(docs)
	for i := 0; i < len(values); i++ {
		v := values[i]
		var p *Plan
		var err *engine.Error
		switch {
		case v.field("Plan") != nil:
			p, err = postgresPlan(v)
		case v.field("Node Type") != nil:
			w := &value{kind: object, line: v.line}
			w.add("Plan", v)
			p, err = postgresPlan(w)
		case v.field("children") != nil:
			p, err = duckPlan(v)
		default:
			return nil, bad(v.line, "there is no plan in this: neither \"Plan\" nor \"children\" is a field of it")
		}
		if err != nil {
			return nil, err
		}
		out = append(out, *p)
	}
	if len(out) == 0 {
		return nil, bad(line, "there is no plan in this")
	}
	return out, nil
}

// postgresPlan makes a plan of the object that holds "Plan" and what was measured of the whole.
func postgresPlan(v *value) (*Plan, *engine.Error) {
	p := &Plan{Backend: engine.Postgres, Clock: Wall, Line: v.line}
	for i, key := range v.keys {
		item := v.items[i]
		switch key {
		case "Plan":
			if item.kind != object {
				return nil, bad(item.line, "\"Plan\" holds no plan")
			}
			if len(p.Nodes) > 0 {
				return nil, bad(item.line, "there are two plans where there should be one")
			}
			if err := p.addNode(item, 0, 0); err != nil {
				return nil, err
			}
		case "Query Text":
			p.Query = item.flat()
		case "Settings":
			p.Settings = flatten(nil, "", item)
		case "Triggers":
			for _, t := range item.items {
				p.Triggers = append(p.Triggers, trigger(t))
			}
		case "JIT":
			p.JIT = tidy(flatten(nil, "", item))
		case "Planning":
			p.Planning = tidy(flatten(nil, "", item))
		case "Serialization":
			p.Serialization = tidy(flatten(nil, "", item))
		default:
			p.Properties = flatten(p.Properties, key, item)
		}
	}
	p.wholeTimes()
	return p, p.finish()
}

// wholeTimes takes the times of the whole out of the properties.
func (p *Plan) wholeTimes() {
	if ms := takeNumber(&p.Properties, "Planning Time"); ms != nil {
		p.PlanningMs = ms
	}
	if ms := takeNumber(&p.Properties, "Execution Time"); ms != nil {
		p.ExecutionMs = ms
	}
}

func trigger(v *value) Trigger {
	ps := flatten(nil, "", v)
	return Trigger{
		Name: get(ps, "Trigger Name"), Constraint: get(ps, "Constraint Name"), Relation: get(ps, "Relation"),
		TimeMs: takeNumber(&ps, "Time"), Calls: number(ps, "Calls"),
	}
}

// flatten adds a value's scalars as properties, groups' members under "Group/Member".
func flatten(ps []Property, key string, v *value) []Property {
	if v.kind == object {
		for i, k := range v.keys {
			if key != "" {
				k = key + "/" + k
			}
			ps = flatten(ps, k, v.items[i])
		}
		return ps
	}
	if v.kind == scalar && v.text == "null" && !v.quoted || key == "" {
		return ps
	}
	return append(ps, Property{Key: key, Value: v.flat()})
}

func (p *Plan) addNode(v *value, parent, depth int) *engine.Error {
	if len(p.Nodes) >= maxNodes {
		return bad(v.line, "the plan has more than %d nodes", maxNodes)
	}
	id := len(p.Nodes) + 1
	p.Nodes = append(p.Nodes, Node{ID: id, Parent: parent, Depth: depth, line: v.line})
	var children []*value
	ps := make([]Property, 0, min(len(v.keys), 24))
	var workers []Worker
	for i, key := range v.keys {
		item := v.items[i]
		switch key {
		case "Plans":
			children = item.items
		case "Workers":
			for _, w := range item.items {
				workers = append(workers, workerOf(w))
			}
		case "Parent Relationship":
		case "Target Tables":
			ps = append(ps, Property{Key: key, Value: targetTables(item)})
		case "Incremental Sort Groups":
			ps = incrementalSort(ps, item)
		case "Grouping Sets":
			ps = groupingSets(ps, item)
		default:
			if item.kind == scalar && unsaid(key, item.text) {
				continue
			}
			ps = flatten(ps, key, item)
		}
	}
	n := &p.Nodes[id-1]
	n.Workers = workers
	if n.Type = typeOf(&ps); n.Type == "" {
		return bad(v.line, "a node of the plan has no \"Node Type\"")
	}
	n.names(&ps)
	if !n.figures(&ps) {
		return bad(v.line, "%q has an actual time or loops that are no numbers", shorten(n.Type))
	}
	n.Properties = ps
	for _, c := range children {
		if c.kind != object {
			return bad(c.line, "a member of \"Plans\" is no plan")
		}
		if err := p.addNode(c, id, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func targetTables(v *value) string {
	parts := make([]string, 0, len(v.items))
	for _, t := range v.items {
		ps := flatten(nil, "", t)
		name, alias := get(ps, "Relation Name"), get(ps, "Alias")
		if schema := get(ps, "Schema"); schema != "" {
			name = schema + "." + name
		}
		if alias != "" && alias != get(ps, "Relation Name") {
			name += " " + alias
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// groupingSets gives the keys of grouping sets as the text form lists them: one "Group Key" or "Hash
// Key" a set.
func groupingSets(ps []Property, v *value) []Property {
	for _, set := range v.items {
		for i, key := range set.keys {
			item := set.items[i]
			kind := strings.TrimSuffix(key, "s")
			if key != "Group Keys" && key != "Hash Keys" {
				ps = flatten(ps, key, item)
				continue
			}
			for _, keys := range item.items {
				text := strings.TrimSpace(keys.flat())
				if text == "" {
					text = "()"
				}
				ps = append(ps, Property{Key: kind, Value: text})
			}
		}
	}
	return ps
}

// incrementalSort reads what XML has for an Incremental Sort: one tag for both kinds of group, the full
// ones first, and one for both kinds of space, memory first.
func incrementalSort(ps []Property, v *value) []Property {
	name := "Full-sort Groups"
	if get(ps, name+"/Group Count") != "" {
		name = "Pre-sorted Groups"
	}
	spaces := 0
	for i, key := range v.keys {
		if key != "Sort Space" {
			ps = flatten(ps, name+"/"+key, v.items[i])
			continue
		}
		kind := " Memory"
		methods := get(ps, name+"/Sort Methods Used")
		if spaces++; spaces > 1 || strings.Contains(methods, "external") && !strings.Contains(methods, "quicksort") && !strings.Contains(methods, "heapsort") {
			kind = " Disk"
		}
		ps = flatten(ps, name+"/"+key+kind, v.items[i])
	}
	return ps
}

func workerOf(v *value) Worker {
	ps := flatten(nil, "", v)
	w := Worker{}
	if f := takeNumber(&ps, "Worker Number"); f != nil && *f < 1<<20 {
		w.Number = int(*f)
	}
	w.StartupMs = takeNumber(&ps, "Actual Startup Time")
	w.TotalMs = takeNumber(&ps, "Actual Total Time")
	w.Rows = takeNumber(&ps, "Actual Rows")
	w.Loops = takeNumber(&ps, "Actual Loops")
	w.Properties = tidy(ps)
	return w
}

// names takes what a node works on out of its properties.
func (n *Node) names(ps *[]Property) {
	pick := func(key string, into *string) {
		if v, ok := take(ps, key); ok && *into == "" {
			*into = v
		}
	}
	pick("Relation Name", &n.Relation)
	pick("Function Name", &n.Relation)
	pick("Table Function Name", &n.Relation)
	pick("Tuplestore Name", &n.Relation)
	pick("Schema", &n.Schema)
	pick("Alias", &n.Alias)
	pick("Index Name", &n.Index)
	pick("CTE Name", &n.CTEName)
	pick("Subplan Name", &n.SubplanName)
	// The text form prints the alias where a function has no name of its own.
	if n.Relation == "" && strings.HasSuffix(n.Type, "Function Scan") {
		n.Relation = n.Alias
	}
}

// figures takes the estimates and what was measured out of the properties. It is false when one that
// all arithmetic rests on is not a number.
func (n *Node) figures(ps *[]Property) bool {
	n.StartupCost = takeNumber(ps, "Startup Cost")
	n.TotalCost = takeNumber(ps, "Total Cost")
	n.EstRows = takeNumber(ps, "Plan Rows")
	n.Width = takeNumber(ps, "Plan Width")
	n.StartupMs = takeNumber(ps, "Actual Startup Time")
	n.TotalMs = takeNumber(ps, "Actual Total Time")
	n.Rows = takeNumber(ps, "Actual Rows")
	n.Loops = takeNumber(ps, "Actual Loops")
	for _, key := range []string{"Actual Startup Time", "Actual Total Time", "Actual Rows", "Actual Loops"} {
		if get(*ps, key) != "" {
			return false
		}
	}
	if n.Loops != nil && *n.Loops == 0 {
		n.never()
	}
	return true
}

// never marks a node that was not executed at all.
func (n *Node) never() {
	zero := 0.0
	n.NeverExecuted, n.Loops, n.Rows, n.StartupMs, n.TotalMs = true, &zero, nil, nil, nil
}
