package plan

import (
	"strings"
	"unicode/utf8"
)

// line is a line of what was pasted, freed of what was around it.
type line struct {
	text string
	no   int  // in the paste, from 1
	wrap bool // it continues the line before without anything between
	cell bool // it stands in the same cell as the line before, after a line break
	full int  // where a frame's cell is this many characters wide; 0 elsewhere
}

func splitLines(text string) []line {
	text = strings.TrimPrefix(text, "\ufeff")
	parts := strings.Split(text, "\n")
	out := make([]line, len(parts))
	for i, p := range parts {
		out[i] = line{text: expandTabs(strings.TrimSuffix(p, "\r")), no: i + 1}
	}
	return out
}

// expandTabs puts spaces for tabs at the beginning of a line, and for the no-break spaces of web pages.
func expandTabs(s string) string {
	if strings.Contains(s, "\u00a0") {
		s = strings.ReplaceAll(s, "\u00a0", " ")
	}
	i := 0
	for i < len(s) && (s[i] == '\t' || s[i] == ' ') {
		i++
	}
	if strings.IndexByte(s[:i], '\t') < 0 {
		return s
	}
	return strings.ReplaceAll(s[:i], "\t", "        ") + s[i:]
}

// unquoteMail takes off the ">" with which a mail quotes, where most lines have it.
func unquoteMail(lines []line) []line {
	quoted, filled := 0, 0
	for _, l := range lines {
		if t := strings.TrimSpace(l.text); t != "" {
			filled++
			if t[0] == '>' {
				quoted++
			}
		}
	}
	if quoted == 0 || quoted*2 < filled {
		return lines
	}
	out := make([]line, len(lines))
	for i, l := range lines {
		t := l.text
		for strings.HasPrefix(t, ">") {
			t = strings.TrimPrefix(strings.TrimPrefix(t, ">"), " ")
		}
		l.text = t
		out[i] = l
	}
	return out
}

// unquoteCSV undoes the quotes of CSV and of pgAdmin, which puts every line in quotes.
func unquoteCSV(lines []line) []line {
	quoted, header := false, false
	for i, l := range lines {
		t := strings.TrimSpace(l.text)
		quoted = quoted || strings.HasPrefix(l.text, `"`)
		if t == "QUERY PLAN" || t == `"QUERY PLAN"` {
			if i+1 < len(lines) && isRule(lines[i+1].text) {
				return lines // a frame, where a quote is what stood in the cell
			}
			header = true
		}
	}
	if !quoted || !header && !strings.HasPrefix(firstFilled(lines), `"`) {
		return lines
	}
	var out []line
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		t, ok := strings.CutPrefix(l.text, `"`)
		if !ok {
			out = append(out, l)
			continue
		}
		text, closed := csvCell(t)
		out = append(out, line{text: text, no: l.no})
		for !closed && i+1 < len(lines) {
			i++
			text, closed = csvCell(lines[i].text)
			out = append(out, line{text: text, no: lines[i].no, cell: true})
		}
	}
	return out
}

func firstFilled(lines []line) string {
	for _, l := range lines {
		if strings.TrimSpace(l.text) != "" {
			return l.text
		}
	}
	return ""
}

// csvCell reads up to the quote that closes the cell, which is one at the end of the line.
func csvCell(s string) (text string, closed bool) {
	t := strings.TrimRight(s, " ,;")
	run := 0
	for run < len(t) && t[len(t)-1-run] == '"' {
		run++
	}
	closed = run%2 == 1
	if closed {
		s = t[:len(t)-1]
	}
	return strings.ReplaceAll(s, `""`, `"`), closed
}

// unframe takes off what psql draws around a result, and gives each result by itself. Without a header
// there is one.
func unframe(lines []line) [][]line {
	var out [][]line
	for i := 0; i < len(lines); i++ {
		if !isHeader(lines[i].text) {
			continue
		}
		end := i + 1
		for end < len(lines) && !isHeader(lines[end].text) && !isRowCount(lines[end].text) {
			end++
		}
		out = append(out, unframeOne(lines[i:end]))
		i = end - 1
	}
	if len(out) > 0 {
		return out
	}
	if body := unexpand(lines); body != nil {
		return [][]line{body}
	}
	return [][]line{unbar(lines)}
}

func isHeader(s string) bool {
	if len(s) < 10 || !strings.Contains(s, "QUERY PLAN") {
		return false
	}
	return strings.Trim(s, " |│║\"\t") == "QUERY PLAN"
}

// isRowCount knows psql's last line: "(12 rows)".
func isRowCount(s string) bool {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") {
		return false
	}
	n, word, ok := strings.Cut(s[1:len(s)-1], " ")
	if !ok || n == "" || word != "row" && word != "rows" {
		return false
	}
	return strings.Trim(n, "0123456789") == ""
}

// isRule knows a line that only draws.
func isRule(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) >= 3 && strings.Trim(s, "-+=|─═━│┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬║╟╢╤╧╪") == "" && strings.ContainsAny(s, "-─═━")
}

// unframeOne frees one result; its first line is the header.
func unframeOne(lines []line) []line {
	if strings.ContainsAny(lines[0].text, "|│║") {
		return unbar(lines[1:])
	}
	if len(lines) < 2 || !isRule(lines[1].text) {
		return lines[1:] // unaligned, CSV
	}
	width := utf8.RuneCountInString(strings.TrimSpace(lines[1].text))
	margin := 0
	if body := lines[2:]; len(body) > 0 && strings.HasPrefix(body[0].text, " ") {
		margin = 1
	}
	return unmark(lines[2:], margin, width-2*margin)
}

// unmark frees the lines of a cell of the given width behind a margin of 0 or 1, and reads the marks
// that psql sets where a value goes on: + and ↵ for a line break, . and … for a wrapped line.
func unmark(lines []line, margin, width int) []line {
	out := make([]line, 0, len(lines))
	var wrap, cell bool
	for _, l := range lines {
		runes := []rune(l.text)
		if len(runes) < margin {
			runes = append(runes, ' ')
		}
		n := line{no: l.no, wrap: wrap, cell: cell, full: width}
		wrap, cell = false, false
		if at := margin + width; len(runes) > at {
			// Wide characters take two columns and are one rune: the mark is always the last.
			switch runes[len(runes)-1] {
			case '+', '↵':
				cell, runes = true, runes[:len(runes)-1]
			case '.', '…':
				wrap, runes = true, runes[:len(runes)-1]
			case ' ':
				runes = runes[:at]
			}
		} else if len(runes) > 0 && (runes[len(runes)-1] == '…' || runes[len(runes)-1] == '↵') {
			wrap, cell = runes[len(runes)-1] == '…', runes[len(runes)-1] == '↵'
			runes = runes[:len(runes)-1]
		}
		n.text = string(runes[min(margin, len(runes)):])
		out = append(out, n)
	}
	return out
}

// unbar takes off the bars at both ends of lines, where they have any.
func unbar(lines []line) []line {
	barred, filled := 0, 0
	for _, l := range lines {
		t := strings.TrimSpace(l.text)
		if t == "" || isRule(t) {
			continue
		}
		filled++
		if isBar(t) && len(t) > 1 && isBar(lastRune(t)) {
			barred++
		}
	}
	if barred == 0 || barred*2 < filled {
		return lines
	}
	var inner []line
	width := 0
	for _, l := range lines {
		t := strings.TrimSpace(l.text)
		if t == "" || isRule(t) || !isBar(t) {
			continue
		}
		_, size := utf8.DecodeRuneInString(t)
		t = t[size:]
		if isBar(lastRune(t)) {
			_, size = utf8.DecodeLastRuneInString(t)
			t = t[:len(t)-size]
		}
		l.text = t
		width = max(width, utf8.RuneCountInString(t)-2)
		inner = append(inner, l)
	}
	return trimPadding(unmark(inner, 1, width))
}

func isBar(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '|' || r == '│' || r == '║'
}

func lastRune(s string) string {
	_, size := utf8.DecodeLastRuneInString(s)
	return s[len(s)-size:]
}

// trimPadding takes off the spaces that fill a cell, but for those of a line that goes on in the next.
func trimPadding(lines []line) []line {
	for i := range lines {
		l := &lines[i]
		if i+1 < len(lines) && lines[i+1].wrap {
			continue
		}
		t := strings.TrimRight(l.text, " ")
		// A line that ends at most one space before the edge may have been wrapped without a mark.
		if l.full > 0 && utf8.RuneCountInString(t) >= l.full-1 {
			continue
		}
		l.text = t
	}
	return lines
}

// unexpand frees psql's expanded form, "QUERY PLAN | …" a row; nil where it is not that.
func unexpand(lines []line) []line {
	record := false
	for i := 0; i < len(lines) && !record; i++ {
		t := lines[i].text
		record = strings.Contains(t, "RECORD 1 ]") || strings.HasPrefix(t, "* Record 1") || strings.HasPrefix(t, "QUERY PLAN ")
	}
	if !record {
		return nil
	}
	e := &expanded{bar: -1}
	for _, l := range lines {
		t := strings.TrimRight(l.text, " ")
		if !strings.Contains(t, "[ RECORD ") && !strings.HasPrefix(t, "* Record ") && !isRule(t) {
			e.add(e.unbox(t), l.no)
		}
	}
	for i := 0; i+1 < len(e.out); i++ {
		if e.out[i+1].cell {
			e.out[i].text = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(e.out[i].text, "+"), "↵"), " ")
		}
	}
	return e.out
}

// expanded gathers the cells of psql's expanded form.
type expanded struct {
	out []line
	bar int // byte at which the bar between name and value stands, -1 before it is known or without one
}

// unbox takes off the outer bars of border 2.
func (e *expanded) unbox(t string) string {
	first := isBar(t) && isBar(lastRune(t)) && strings.HasPrefix(strings.TrimLeft(t, "|│║ "), "QUERY PLAN")
	if !first && (e.bar < 0 || !isBar(t)) {
		return t
	}
	_, size := utf8.DecodeRuneInString(t)
	t = t[size:]
	_, size = utf8.DecodeLastRuneInString(t)
	return strings.TrimRight(t[:len(t)-size], " ")
}

func (e *expanded) add(t string, no int) {
	const name = "QUERY PLAN "
	if bar := e.bar; bar >= 0 && len(t) > bar && (t[bar] == ':' || t[bar] == ';') && strings.TrimSpace(t[:bar]) == "" {
		// The old ASCII style sets these for a line break and a wrapped line.
		e.out = append(e.out, line{text: afterBar(t, bar), no: no, cell: t[bar] == ':', wrap: t[bar] == ';'})
		return
	}
	at := strings.IndexAny(t, "|│║")
	switch {
	case at >= 0 && strings.TrimSpace(t[:at])+" " == name:
		e.bar = at
		e.out = append(e.out, line{text: afterBar(t, at), no: no})
	case e.bar >= 0 && at >= 0 && strings.TrimSpace(t[:at]) == "":
		e.out = append(e.out, line{text: afterBar(t, at), no: no, cell: true})
	case strings.HasPrefix(t, name):
		e.out = append(e.out, line{text: strings.TrimPrefix(t, name), no: no})
	case e.bar < 0 && len(e.out) > 0 && strings.HasPrefix(t, strings.Repeat(" ", len(name))):
		e.out = append(e.out, line{text: t[len(name):], no: no, cell: true})
	}
}

func afterBar(s string, at int) string {
	_, size := utf8.DecodeRuneInString(s[at:])
	return strings.TrimPrefix(s[at+size:], " ")
}
