package plan

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"pipewright/engine"
)

// logical is one line of PostgreSQL's text form, put together from the lines that a mail or a terminal
// broke it into.
type logical struct {
	text   string
	indent int
	no     int
	root   bool // a plan begins here
}

// parseText reads PostgreSQL's text form.
func parseText(lines []line) ([]Plan, *engine.Error) {
	u, query := logicalLines(lines)
	if len(u.out) == 0 {
		return nil, notAPlan(lines)
	}
	hard, certain := u.join()
	out, err := textPlans(u.out, query)
	if err == nil || certain {
		return out, err
	}
	// How the lines were broken is a guess: where it leads nowhere, the other one may.
	u.dots = false
	for _, guess := range []bool{!hard, hard} {
		u.rejoin(guess)
		if other, failed := textPlans(u.out, query); failed == nil {
			return other, nil
		}
	}
	return nil, err
}

func textPlans(all []logical, query string) ([]Plan, *engine.Error) {
	var out []Plan
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && !all[end].root {
			end++
		}
		p, err := textPlan(all[i:end])
		if err != nil {
			return nil, err
		}
		if i == 0 && query != "" {
			p.Query = query
		}
		out = append(out, *p)
		i = end
	}
	return out, nil
}

// unwrapper puts broken lines together. In the text form everything but a plan's first line and its
// footers is indented, so that a line at the margin that is neither continues the line before.
type unwrapper struct {
	out    []logical
	pieces [][]line // the lines that each of out is made of
	base   int      // column of the plan's first line
	closed bool     // the plan has ended: only another plan can follow
	open   balance  // of the line that is being put together
	dots   bool     // breaks bear psql's marks
}

func logicalLines(lines []line) (*unwrapper, string) {
	u := &unwrapper{closed: true}
	var query []string
	for i, l := range lines {
		t := strings.TrimSpace(l.text)
		switch {
		case len(u.out) == 0 && strings.HasPrefix(t, "Query Text:"):
			query = append(query, strings.TrimSpace(strings.TrimPrefix(t, "Query Text:")))
			continue
		case len(u.out) == 0 && len(query) > 0 && !strings.Contains(t, "(cost="):
			query = append(query, t)
			continue
		case t == "":
			// A blank line inside a literal stays there; another ends the plan.
			if !u.open.quoted() {
				u.closed = u.closed || len(u.out) > 0 && (i+1 >= len(lines) || !strings.HasPrefix(lines[i+1].text, "  "))
			}
			continue
		case isRowCount(t) || strings.HasPrefix(t, "Time: ") && len(u.out) > 0 && !u.open.open():
			u.closed = true
			continue
		case isRule(t):
			continue
		}
		u.add(l, t)
	}
	return u, strings.Join(query, "\n")
}

func (u *unwrapper) add(l line, t string) {
	in := indentOf(l.text)
	explicit := (l.wrap || l.cell) && len(u.out) > 0
	if !explicit && u.isRoot(t, in) {
		u.base, u.closed = in, false
		u.start(l, t, in, true)
		return
	}
	if u.closed {
		return
	}
	if !explicit && u.starts(t, in-u.base) {
		u.start(l, t, in, false)
		return
	}
	last := len(u.out) - 1
	if prev := u.out[last].text; footerDone(prev) {
		u.closed = true
		return
	}
	u.pieces[last] = append(u.pieces[last], l)
	u.open.scan(l.text)
}

func (u *unwrapper) start(l line, t string, in int, root bool) {
	u.out = append(u.out, logical{text: t, indent: in, no: l.no, root: root})
	u.pieces = append(u.pieces, []line{l})
	u.open = balance{}
	u.open.scan(t)
}

// isRoot says whether a plan begins on this line.
func (u *unwrapper) isRoot(t string, in int) bool {
	if !u.closed {
		if in > u.base+1 || u.open.open() || strings.HasSuffix(u.lastText(), "->") {
			return false
		}
	}
	if strings.HasPrefix(t, "->") {
		return false
	}
	heading, figures := splitHeading(t)
	kind := headingType(heading)
	if knownType(kind) {
		bare := bareType(kind)
		if bare == "Insert" || bare == "Update" || bare == "Delete" || bare == "Merge" {
			return strings.Contains(heading, " on ")
		}
		return true
	}
	// A node that we do not know, of a fork or a later version.
	return strings.HasPrefix(figures, "(cost=") && u.closed && heading != "" && !strings.ContainsAny(heading[:1], "(='")
}

func (u *unwrapper) lastText() string {
	if len(u.pieces) == 0 {
		return ""
	}
	p := u.pieces[len(u.pieces)-1]
	return strings.TrimSpace(p[len(p)-1].text)
}

// starts says whether a line is one of its own. rel is its column from that of the plan's first line.
func (u *unwrapper) starts(t string, rel int) bool {
	if strings.HasPrefix(t, "->") {
		return true
	}
	if strings.HasPrefix(t, "Planning Time:") || strings.HasPrefix(t, "Execution Time:") {
		return true
	}
	if rel <= 1 {
		return !u.open.open() && isFooter(t)
	}
	switch key := propertyKey(t); key {
	case "":
		return isLabel(t) || isTarget(t)
	case "Average Memory", "Peak Memory", "Average Disk", "Peak Disk", "Memory Usage", "Disk Usage", "Maximum Storage", "Disk", "Misses",
		"Evictions", "Overflows", "Sort Methods":
		return u.lastFull() == 0 // never the first thing in a line of PostgreSQL's: the line was wrapped in front of it
	}
	return true
}

// lastFull is the width of the frame around the last line, 0 without one.
func (u *unwrapper) lastFull() int {
	p := u.pieces[len(u.pieces)-1]
	return p[len(p)-1].full
}

// footerDone says that a footer is complete, so that what follows at the margin is not of the plan.
func footerDone(s string) bool {
	return (strings.HasPrefix(s, "Planning Time:") || strings.HasPrefix(s, "Execution Time:")) && strings.HasSuffix(s, " ms")
}

func isFooter(t string) bool {
	if strings.HasPrefix(t, "Trigger ") {
		return true
	}
	key := propertyKey(t)
	if key == "" {
		return false
	}
	for _, name := range segmentNames {
		if name := name[:len(name)-1]; key == name || strings.HasSuffix(name, " "+key) {
			return false // the second thing of a line that says several
		}
	}
	for _, w := range strings.Fields(key) {
		if w[0] < 'A' || w[0] > 'Z' {
			return key == "Planning time" || key == "Execution time" || key == "Total runtime"
		}
	}
	return true
}

func isLabel(t string) bool {
	return (strings.HasPrefix(t, "CTE ") || strings.HasPrefix(t, "InitPlan ") || strings.HasPrefix(t, "SubPlan ")) &&
		!strings.Contains(t, "(cost=") && !strings.Contains(t, "(actual ")
}

func isTarget(t string) bool {
	t = strings.TrimPrefix(t, "Foreign ")
	return strings.HasPrefix(t, "Insert on ") || strings.HasPrefix(t, "Update on ") || strings.HasPrefix(t, "Delete on ") || strings.HasPrefix(t, "Merge on ")
}

// propertyKey gives what stands before the colon of "Sort Key: a", "" where it is no such line.
func propertyKey(t string) string {
	i := strings.IndexByte(t, ':')
	if i <= 0 || i > 60 || i+1 < len(t) && t[i+1] != ' ' || t[0] < 'A' || t[0] > 'Z' {
		return ""
	}
	for j := 0; j < i; j++ {
		c := t[j]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' || c == '-' || c == '/' || c == '_') {
			return ""
		}
	}
	return t[:i]
}

// join makes each logical line of its pieces, in the way in which they seem to have been broken: hard is
// in the middle of words, all at one width. It is certain where nothing was broken, or not by guess.
func (u *unwrapper) join() (hard, certain bool) {
	ends, pairs, broken, widths := 0, 0, 0, map[int]int{}
	longest, single := 0, false
	for _, p := range u.pieces {
		for i := range p {
			width := utf8.RuneCountInString(p[i].text)
			longest = max(longest, width)
			if i+1 == len(p) || p[i+1].wrap || p[i+1].cell {
				continue
			}
			broken++
			widths[width]++
			single = glued(p[i].text, p[i+1].text)
			if p[i].full == 0 {
				ends += dotted(p[i].text)
				if next := strings.TrimLeft(p[i+1].text, " "); strings.HasPrefix(next, ".") || strings.HasPrefix(next, "…") {
					pairs += dotted(p[i].text)
				}
			}
		}
	}
	// psql's marks without the frame that would tell: at both sides, or at the end of several lines.
	u.dots = broken > 0 && (pairs == broken || broken > 2 && ends == broken)
	hard = len(widths) == 1 && widths[longest] > 0 && (broken > 1 || single)
	u.rejoin(hard)
	return hard, broken == 0
}

// rejoin makes the logical lines with breaks in the middle of words, or between them.
func (u *unwrapper) rejoin(hard bool) {
	for i, p := range u.pieces {
		if len(p) == 1 {
			continue
		}
		buf := []byte(strings.TrimLeft(p[0].text, " "))
		for j := 1; j < len(p); j++ {
			buf = joinPiece(buf, p[j-1], p[j], hard, u.dots)
		}
		u.out[i].text = strings.TrimSpace(string(buf))
	}
}

// glued guesses whether the one break in a plan is in the middle of a word: a mail program breaks after
// a word, and most often where a condition or a list has a space.
func glued(before, after string) bool {
	if strings.HasSuffix(before, " ") || strings.HasPrefix(after, " ") {
		return true
	}
	for _, end := range []string{",", " AND", " OR", " on", " using", ")", " =", " >", " <", "(actual", "=", ":"} {
		if strings.HasSuffix(before, end) {
			return end == "="
		}
	}
	for _, start := range []string{"(actual ", "(cost=", "time=", "rows=", "loops=", "width=", "on ", "using ", "AND ", "OR ", "= ", "> ", "< "} {
		if strings.HasPrefix(after, start) {
			return false
		}
	}
	// Widths at which programs break lines.
	switch utf8.RuneCountInString(before) {
	case 60, 64, 70, 72, 76, 78, 79, 80, 90, 96, 100, 110, 120, 128, 130, 132, 140, 150, 160, 180, 200:
		return true
	}
	return false
}

// dotted is 1 where a line ends in a dot or an ellipsis.
func dotted(s string) int {
	s = strings.TrimRight(s, " ")
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return 1
	}
	return 0
}

// joinPiece adds a piece to what there is. hard means that all lines were broken at one width, in the
// middle of words; dots that each bears psql's mark.
func joinPiece(buf []byte, prev, next line, hard, dots bool) []byte {
	text := next.text
	switch {
	case next.wrap:
	case next.cell:
		buf = append(bytes.TrimRight(buf, " "), '\n')
	case dots:
		buf = bytes.TrimSuffix(bytes.TrimSuffix(bytes.TrimRight(buf, " "), []byte(".")), []byte("…"))
		text = strings.TrimPrefix(strings.TrimPrefix(text, "."), "…")
	case prev.full > 0 && utf8.RuneCountInString(prev.text) >= prev.full, hard:
	case bytes.HasSuffix(buf, []byte(" ")), strings.HasPrefix(text, " "):
	default:
		buf = append(buf, ' ')
	}
	return append(buf, text...)
}

// balance follows parentheses and quotes through a line.
type balance struct {
	depth int
	quote byte
}

func (s *balance) scan(t string) {
	for i := 0; i < len(t); i++ {
		c := t[i]
		switch {
		case s.quote != 0:
			if c == s.quote {
				s.quote = 0
			}
		case c == '\'' || c == '"':
			s.quote = c
		case c == '(':
			s.depth++
		case c == ')':
			s.depth--
		}
	}
}

func (s *balance) open() bool   { return s.depth > 0 || s.quote != 0 }
func (s *balance) quoted() bool { return s.quote != 0 }
