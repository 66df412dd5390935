package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Text gives the plan as text: a line a node with every field of the contract in its order, indented by
// depth, then the line that reconciles.
func Text(p *Plan) string {
	var b strings.Builder
	for i := range p.Nodes {
		n := &p.Nodes[i]
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", n.Depth), n.fields())
	}
	fmt.Fprintf(&b, "%s\n", Reconcile(p))
	if p.PlanningMs != nil {
		fmt.Fprintf(&b, "planning %s\n", millis(*p.PlanningMs))
	}
	if p.ExecutionMs != nil {
		fmt.Fprintf(&b, "execution %s\n", millis(*p.ExecutionMs))
	}
	return b.String()
}

// fields is a node in one line; what a plan does not say is left out.
func (n *Node) fields() string {
	parts := []string{fmt.Sprintf("%d %s", n.ID, n.Type)}
	word := func(name, v string) {
		if v != "" {
			parts = append(parts, name+"="+quoteWord(v))
		}
	}
	num := func(name string, v *float64) {
		if v != nil {
			parts = append(parts, name+"="+short(*v))
		}
	}
	word("relation", n.Relation)
	if n.Alias != n.Relation {
		word("alias", n.Alias)
	}
	word("index", n.Index)
	word("cte_name", n.CTEName)
	word("subplan_name", n.SubplanName)
	num("est_rows", n.EstRows)
	num("rows", n.Rows)
	num("loops", n.Loops)
	num("workers_planned", n.WorkersPlanned)
	num("workers_launched", n.WorkersLaunched)
	mark := ""
	if n.Approximate {
		mark = "~"
	}
	num(mark+"inclusive_ms", n.InclusiveMs)
	num(mark+"self_ms", n.SelfMs)
	num(mark+"self_share", n.SelfShare)
	num("row_error", n.RowError)
	num("rows_removed", n.RowsRemoved)
	num("shared_hit", n.SharedHit)
	num("shared_read", n.SharedRead)
	if n.NeverExecuted {
		parts = append(parts, "never_executed")
	}
	if n.Approximate {
		parts = append(parts, "approximate ("+n.Why+")")
	}
	return strings.Join(parts, " ")
}

func quoteWord(s string) string {
	if strings.ContainsAny(s, " \"\n\t") {
		return strconv.Quote(s)
	}
	return s
}

// short prints a number to three digits after the point, without zeros at the end.
func short(f float64) string {
	s := strconv.FormatFloat(f, 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Explain gives a PostgreSQL plan in the layout of EXPLAIN's text form, with every property on a line of
// its own under the name that the JSON form has for it. Parse reads it back to the same tree.
func Explain(p *Plan) string {
	var b strings.Builder
	at := make([]int, len(p.Nodes)+1) // column of each node's properties
	for i := range p.Nodes {
		n := &p.Nodes[i]
		pad := at[n.Parent]
		if n.SubplanName != "" {
			fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", pad), n.SubplanName)
			pad += 2
		}
		if n.Parent > 0 {
			fmt.Fprintf(&b, "%s->  ", strings.Repeat(" ", pad))
			pad += 4
		}
		at[n.ID] = pad + 2
		b.WriteString(n.heading())
		inner := strings.Repeat(" ", at[n.ID])
		num := func(name string, v *float64) {
			if v != nil {
				fmt.Fprintf(&b, "%s%s: %s\n", inner, name, exact(*v))
			}
		}
		num("Workers Planned", n.WorkersPlanned)
		num("Workers Launched", n.WorkersLaunched)
		writeProperties(&b, inner, n.Properties)
		for _, w := range n.Workers {
			fmt.Fprintf(&b, "%sWorker %d:", inner, w.Number)
			if w.Rows != nil && w.Loops != nil {
				fmt.Fprintf(&b, "  %s", actual(w.StartupMs, w.TotalMs, w.Rows, w.Loops))
			}
			b.WriteByte('\n')
			writeProperties(&b, inner+"  ", w.Properties)
		}
	}
	for _, g := range []struct {
		name string
		ps   []Property
	}{{"Planning", p.Planning}, {"JIT", p.JIT}} {
		if len(g.ps) > 0 {
			fmt.Fprintf(&b, "%s:\n", g.name)
			writeProperties(&b, "  ", g.ps)
		}
	}
	if p.PlanningMs != nil {
		fmt.Fprintf(&b, "Planning Time: %s ms\n", exact(*p.PlanningMs))
	}
	if p.ExecutionMs != nil {
		fmt.Fprintf(&b, "Execution Time: %s ms\n", exact(*p.ExecutionMs))
	}
	return b.String()
}

func writeProperties(b *strings.Builder, pad string, ps []Property) {
	for _, q := range ps {
		fmt.Fprintf(b, "%s%s: %s\n", pad, q.Key, q.Value)
	}
}

// heading is a node's first line as EXPLAIN prints it.
func (n *Node) heading() string {
	var b strings.Builder
	b.WriteString(n.Type)
	name := n.Relation
	switch bareType(n.Type) {
	case "Bitmap Index Scan":
		name = ""
		if n.Index != "" {
			b.WriteString(" on " + quoteIdent(n.Index))
		}
	case "CTE Scan", "WorkTable Scan":
		name = n.CTEName
	default:
		if n.Index != "" {
			b.WriteString(" using " + quoteIdent(n.Index))
		}
	}
	if name != "" || n.Alias != "" {
		b.WriteString(" on")
		if name != "" {
			b.WriteByte(' ')
			if n.Schema != "" {
				b.WriteString(quoteIdent(n.Schema) + ".")
			}
			b.WriteString(quoteIdent(name))
		}
		if n.Alias != "" && n.Alias != name {
			b.WriteString(" " + quoteIdent(n.Alias))
		}
	}
	if n.EstRows != nil && n.TotalCost != nil && n.StartupCost != nil && n.Width != nil {
		fmt.Fprintf(&b, "  (cost=%s..%s rows=%s width=%s)", exact(*n.StartupCost), exact(*n.TotalCost), exact(*n.EstRows), exact(*n.Width))
	}
	if n.NeverExecuted {
		b.WriteString(" (never executed)")
	} else if n.Rows != nil && n.Loops != nil {
		fmt.Fprintf(&b, " (%s)", actual(n.StartupMs, n.TotalMs, n.Rows, n.Loops))
	}
	b.WriteByte('\n')
	return b.String()
}

func actual(start, total, rows, loops *float64) string {
	if start == nil || total == nil {
		return fmt.Sprintf("actual rows=%s loops=%s", exact(*rows), exact(*loops))
	}
	return fmt.Sprintf("actual time=%s..%s rows=%s loops=%s", exact(*start), exact(*total), exact(*rows), exact(*loops))
}

func exact(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// quoteIdent quotes a name where PostgreSQL would have to.
func quoteIdent(s string) string {
	plain := s != "" && (s[0] < '0' || s[0] > '9')
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_')
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
