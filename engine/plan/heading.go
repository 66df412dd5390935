package plan

import "strings"

// splitHeading takes a node's line apart: what it is, and the figures in parentheses.
func splitHeading(t string) (heading, figures string) {
	at := -1
	for _, mark := range []string{"(cost=", "(actual ", "(never executed)"} {
		if at = lastOutsideQuotes(t, mark); at >= 0 {
			break
		}
	}
	if at < 0 {
		return strings.TrimSpace(t), ""
	}
	return strings.TrimSpace(t[:at]), t[at:]
}

// lastOutsideQuotes finds a mark after the last quoted name, so that a table named "(cost=" is a table.
func lastOutsideQuotes(t, mark string) int {
	from := strings.LastIndexByte(t, '"') + 1
	at := strings.Index(t[from:], mark)
	if at < 0 {
		return -1
	}
	return from + at
}

// parseFigures reads "(cost=0.00..1.01 rows=1 width=4) (actual time=0.010..0.011 rows=1 loops=1)" and
// its parts. It is false where something of it is missing or strange.
func (n *Node) parseFigures(s string) bool {
	s = strings.TrimSpace(s)
	for s != "" {
		if s[0] != '(' {
			return false
		}
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return false
		}
		body := s[1:end]
		s = strings.TrimLeft(s[end+1:], " ")
		switch {
		case strings.HasPrefix(body, "cost="):
			if !n.parsePairs(body, false) || n.EstRows == nil || n.TotalCost == nil || n.Width == nil {
				return false
			}
		case strings.HasPrefix(body, "actual "):
			if !n.parsePairs(strings.TrimPrefix(body, "actual "), true) || n.Rows == nil || n.Loops == nil {
				return false
			}
			if *n.Loops == 0 {
				n.never()
			}
		case body == "never executed":
			n.never()
		default:
			return false
		}
	}
	return true
}

func (n *Node) parsePairs(body string, actual bool) bool {
	for _, field := range strings.Fields(body) {
		key, v, ok := strings.Cut(field, "=")
		if !ok {
			return false
		}
		first, second, isRange := strings.Cut(v, "..")
		a, ok := parseNumber(first)
		if !ok {
			return false
		}
		b := a
		if isRange {
			if b, ok = parseNumber(second); !ok {
				return false
			}
		}
		switch {
		case key == "cost" && isRange:
			n.StartupCost, n.TotalCost = &a, &b
		case key == "time" && isRange:
			n.StartupMs, n.TotalMs = &a, &b
		case key == "rows" && actual:
			n.Rows = &a
		case key == "rows":
			n.EstRows = &a
		case key == "width":
			n.Width = &a
		case key == "loops":
			n.Loops = &a
		default:
			n.Properties = append(n.Properties, Property{key, v})
		}
	}
	return true
}

// headingType gives the type of a node from its line without figures.
func headingType(h string) string {
	if strings.HasPrefix(bareHeading(h), "Custom Scan (") {
		if end := strings.IndexByte(h, ')'); end > 0 {
			return h[:end+1]
		}
	}
	end := len(h)
	if i := strings.Index(h, " on "); i >= 0 {
		end = i
	}
	if i := strings.Index(h[:end], " using "); i >= 0 {
		end = i
	}
	return h[:end]
}

func bareHeading(h string) string {
	return strings.TrimPrefix(strings.TrimPrefix(h, "Parallel "), "Async ")
}

// parseHeading reads what a node is and what it works on: "Index Scan using i on public.t x".
func (n *Node) parseHeading(h string) {
	n.Type = headingType(h)
	rest := h[len(n.Type):]
	if after, ok := strings.CutPrefix(rest, " using "); ok {
		words := splitIdents(after)
		if len(words) > 0 {
			n.Index = words[0].joined()
		}
		rest = ""
		if i := onAfter(after); i >= 0 {
			rest = after[i:]
		}
	}
	rest, ok := strings.CutPrefix(rest, " on ")
	if !ok {
		return
	}
	words := splitIdents(rest)
	if len(words) == 0 {
		return
	}
	first := words[0]
	name := first.last()
	switch bareType(n.Type) {
	case "Bitmap Index Scan":
		n.Index = first.joined()
		return
	case "Values Scan", "Subquery Scan":
		n.Alias = name
		return
	case "CTE Scan", "WorkTable Scan":
		n.CTEName = name
	default:
		n.Relation, n.Schema = name, first.schema()
	}
	n.Alias = name
	if len(words) > 1 {
		n.Alias = words[1].joined()
	}
}

// onAfter finds " on " outside quotes.
func onAfter(s string) int {
	quoted := false
	for i := 0; i+4 <= len(s); i++ {
		if s[i] == '"' {
			quoted = !quoted
		}
		if !quoted && s[i:i+4] == " on " {
			return i
		}
	}
	return -1
}

// ident is a name, qualified or not, without its quotes.
type ident []string

func (i ident) last() string   { return i[len(i)-1] }
func (i ident) joined() string { return strings.Join(i, ".") }
func (i ident) schema() string {
	if len(i) < 2 {
		return ""
	}
	return strings.Join(i[:len(i)-1], ".")
}

// splitIdents takes apart names as PostgreSQL quotes them: public."My Table" t.
func splitIdents(s string) []ident {
	var out []ident
	var cur ident
	var b strings.Builder
	part := false
	flush := func() {
		if part {
			cur = append(cur, b.String())
			b.Reset()
			part = false
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			part = true
			for i++; i < len(s); i++ {
				if s[i] == '"' {
					if i+1 >= len(s) || s[i+1] != '"' {
						break
					}
					i++
				}
				b.WriteByte(s[i])
			}
		case '.':
			flush()
		case ' ':
			flush()
			if cur != nil {
				out = append(out, cur)
				cur = nil
			}
		default:
			part = true
			b.WriteByte(c)
		}
	}
	flush()
	if cur != nil {
		out = append(out, cur)
	}
	return out
}
