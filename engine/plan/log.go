package plan

import (
	"encoding/csv"
	"strings"
)

// logEntry is a plan that auto_explain wrote to the server's log.
type logEntry struct {
	durationMs *float64
	lines      []line
}

// logEntries finds auto_explain's entries: "duration: 1.234 ms  plan:", then the plan, every line of it
// behind a tab in a log file, or bare where a client shows it as a notice. Whatever log_line_prefix puts
// in front does not matter. Other entries of the log are passed over.
func logEntries(lines []line) []logEntry {
	var out []logEntry
	in := false
	for i, l := range lines {
		if ms, rest, ok := durationLine(l.text); ok {
			entry := logEntry{durationMs: ms}
			if strings.TrimSpace(rest) != "" {
				entry.lines = append(entry.lines, line{text: rest, no: l.no})
			}
			out = append(out, entry)
			in = true
			continue
		}
		if !in {
			continue
		}
		if i > 0 && isLogLine(l.text) {
			in = false
			continue
		}
		e := &out[len(out)-1]
		e.lines = append(e.lines, l)
	}
	for i := range out {
		out[i].lines = dedent(out[i].lines)
	}
	return out
}

// durationLine reads auto_explain's first line.
func durationLine(s string) (*float64, string, bool) {
	at := strings.Index(s, "duration: ")
	if at < 0 {
		return nil, "", false
	}
	number, rest, ok := strings.Cut(s[at+len("duration: "):], " ms")
	if !ok || len(number) > 30 {
		return nil, "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " "), "plan:")
	if !ok {
		return nil, "", false
	}
	if ms, ok := parseNumber(number); ok {
		return &ms, rest, true
	}
	return nil, rest, true
}

// isLogLine knows the first line of a log entry by its severity.
func isLogLine(s string) bool {
	if strings.HasPrefix(s, " ") || s == "" {
		return false
	}
	for _, severity := range []string{"LOG:  ", "STATEMENT:  ", "ERROR:  ", "WARNING:  ", "NOTICE:  ", "DETAIL:  ", "HINT:  ", "CONTEXT:  ", "FATAL:  ", "PANIC:  ", "INFO:  ", "DEBUG:  "} {
		if at := strings.Index(s, severity); at >= 0 && at < 200 && !strings.Contains(s[:at], "(cost=") {
			return true
		}
	}
	return false
}

// dedent takes off the indentation that all lines of an entry have.
func dedent(lines []line) []line {
	common := -1
	for _, l := range lines {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if in := indentOf(l.text); common < 0 || in < common {
			common = in
		}
	}
	if common <= 0 {
		return lines
	}
	for i := range lines {
		if len(lines[i].text) >= common {
			lines[i].text = lines[i].text[common:]
		}
	}
	return lines
}

// quotedEntries finds auto_explain's entries in the server's other two log formats, csvlog and jsonlog,
// where a plan is one quoted field.
func quotedEntries(lines []line) []logEntry {
	var messages []string
	var at []int
	for i := 0; i < len(lines); i++ {
		t := strings.TrimSpace(lines[i].text)
		if !strings.Contains(t, "duration: ") {
			continue
		}
		switch {
		case strings.HasPrefix(t, `{"timestamp"`):
			docs, err := readJSON(t, lines[i].no)
			if err != nil {
				continue
			}
			for _, d := range docs {
				if m := d.field("message"); m != nil {
					messages, at = append(messages, m.text), append(at, lines[i].no)
				}
			}
		case strings.Contains(t, `,LOG,00000,"duration: `):
			end := i + 1
			for end < len(lines) && !strings.Contains(lines[end].text, ",00000,") {
				end++
			}
			var b strings.Builder
			for _, l := range lines[i:end] {
				b.WriteString(l.text + "\n")
			}
			r := csv.NewReader(strings.NewReader(b.String()))
			r.LazyQuotes, r.FieldsPerRecord = true, -1
			fields, _ := r.Read()
			for _, f := range fields {
				if strings.HasPrefix(f, "duration: ") {
					messages, at = append(messages, f), append(at, lines[i].no)
				}
			}
			i = end - 1
		}
	}
	var out []logEntry
	for i, m := range messages {
		inner := splitLines(m)
		for j := range inner {
			inner[j].no += at[i] - 1
		}
		out = append(out, logEntries(inner)...)
	}
	return out
}
