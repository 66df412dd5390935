package plan

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"pipewright/engine"
)

// Parse reads every plan in what somebody pasted: PostgreSQL's EXPLAIN in text, JSON, YAML or XML, with
// or without psql's frame, pgAdmin's quotes, a mail's line breaks or a server log around it, and
// DuckDB's boxes or JSON. The plans are in the order of the paste, complete with their arithmetic. The
// error is an *engine.Error of one sentence with the line.
func Parse(text []byte) ([]Plan, error) {
	s, err := decode(text)
	if err != nil {
		return nil, err
	}
	if plans := parseWhole(s); plans != nil {
		return plans, nil
	}
	plans, err := parsePaste(splitLines(s))
	if err != nil {
		if err.Next == "" {
			err.Next = "paste what EXPLAIN printed, whole"
		}
		return nil, err
	}
	return plans, nil
}

// parseWhole reads a paste that is JSON or XML and nothing else, without looking at its lines; nil where
// it is not.
func parseWhole(s string) []Plan {
	var docs []*value
	var err *engine.Error
	switch t := strings.TrimLeft(s, " \t\r\n"); {
	case strings.HasPrefix(t, "[") || strings.HasPrefix(t, "{"):
		docs, err = readJSON(s, 1)
	case strings.HasPrefix(t, "<explain") || strings.HasPrefix(t, "<?xml"):
		docs, err = readXML(s, 1)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	plans, err := fromValues(docs, 1)
	if err != nil {
		return nil
	}
	return plans
}

// decode gives the text in UTF-8; Windows' UTF-16 is known by its mark.
func decode(text []byte) (string, *engine.Error) {
	if len(text) > maxBytes {
		return "", bad(0, "this is %d MB, and no plan is larger than %d MB", len(text)>>20, maxBytes>>20)
	}
	if len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
		units := make([]uint16, 0, len(text)/2)
		for i := 2; i+1 < len(text); i += 2 {
			a, b := uint16(text[i]), uint16(text[i+1])
			if text[0] == 0xff {
				a, b = b, a
			}
			units = append(units, a<<8|b)
		}
		text = []byte(string(utf16.Decode(units)))
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return "", bad(1+bytes.Count(text[:i], []byte("\n")), "this is not text")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return "", bad(0, "there is nothing in this")
	}
	s := string(text)
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return s, nil
}

func parsePaste(lines []line) ([]Plan, *engine.Error) {
	lines = unquoteMail(lines)
	entries := quotedEntries(lines)
	if len(entries) == 0 {
		entries = logEntries(lines)
	}
	if len(entries) > 0 {
		return parseLog(entries)
	}
	lines = unquoteCSV(lines)
	if isDuckBoxes(lines) {
		return parseBoxes(lines)
	}
	var out []Plan
	for _, body := range unframe(lines) {
		plans, err := parseBody(body)
		if err != nil {
			return nil, err
		}
		out = append(out, plans...)
	}
	return out, nil
}

func parseLog(entries []logEntry) ([]Plan, *engine.Error) {
	var out []Plan
	for _, e := range entries {
		plans, err := parseBody(e.lines)
		if err != nil {
			return nil, err
		}
		for i := range plans {
			if plans[i].ExecutionMs == nil {
				plans[i].ExecutionMs = e.durationMs
			}
		}
		out = append(out, plans...)
	}
	return out, nil
}

// parseBody reads one result, log entry or bare paste by the form that it is in.
func parseBody(lines []line) ([]Plan, *engine.Error) {
	form, start := formOf(lines)
	switch form {
	case formJSON, formXML:
		text := joinLines(lines[start:])
		var docs []*value
		var err *engine.Error
		if form == formJSON {
			docs, err = readJSON(text, lines[start].no)
		} else {
			docs, err = readXML(text, lines[start].no)
		}
		if err != nil {
			return nil, err
		}
		return fromValues(docs, lines[start].no)
	case formYAML:
		docs, err := readYAML(unwrapMarks(lines[start:]))
		if err != nil {
			return nil, err
		}
		return fromValues(docs, lines[start].no)
	}
	return parseText(lines)
}

type form int

const (
	formText form = iota
	formJSON
	formXML
	formYAML
)

// formOf looks for the line that a plan begins on, and the form that it begins.
func formOf(lines []line) (form, int) {
	for i, l := range lines {
		t := strings.TrimSpace(l.text)
		t = strings.TrimRight(strings.TrimRight(t, "+↵"), " ")
		switch {
		case t == "[" || t == "{" || strings.HasPrefix(t, `{"`) || strings.HasPrefix(t, `[{`) || strings.HasPrefix(t, "[ {") || strings.HasPrefix(t, `{ "`):
			return formJSON, i
		case strings.HasPrefix(t, "<explain") || strings.HasPrefix(t, "<?xml") || strings.HasPrefix(t, "<Plan>") || strings.HasPrefix(t, "<Query>"):
			return formXML, i
		case t == "- Plan:" || t == "Plan:" || strings.HasPrefix(t, `Query Text: "`) || strings.HasPrefix(t, "- Node Type: "):
			return formYAML, i
		case strings.Contains(t, "(cost=") || strings.Contains(t, "(actual ") || strings.HasPrefix(t, "->"):
			return formText, i
		}
	}
	return formText, 0
}

// joinLines puts the lines of a JSON or XML document together again.
func joinLines(lines []line) string {
	var b strings.Builder
	for i, l := range unwrapMarks(lines) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.text)
	}
	return b.String()
}

// unwrapMarks joins lines that psql's wrapped format broke, and takes off marks of line breaks that were
// pasted without the frame that would have told them.
func unwrapMarks(lines []line) []line {
	marked, filled := 0, 0
	for _, l := range lines {
		if t := strings.TrimRight(l.text, " "); t != "" {
			filled++
			if strings.HasSuffix(t, "+") || strings.HasSuffix(t, "↵") {
				marked++
			}
		}
	}
	strip := marked > 0 && marked >= filled-1
	out := make([]line, 0, len(lines))
	for _, l := range lines {
		if strip {
			l.text = strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(l.text, " "), "+"), "↵")
		}
		if l.wrap && len(out) > 0 {
			out[len(out)-1].text += l.text
			continue
		}
		out = append(out, l)
	}
	return out
}

var errNoPlan = errors.New("no plan")

// notAPlan says what was pasted instead of a plan, as far as can be told.
func notAPlan(lines []line) *engine.Error {
	no, first := 1, ""
	for _, l := range lines {
		if t := strings.TrimSpace(l.text); t != "" {
			no, first = l.no, t
			break
		}
	}
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimLeft(first, "( ")), " ")
	e := bad(no, "there is no plan in this")
	switch {
	case strings.HasPrefix(first, "<"):
		e = bad(no, "this is a web page or other markup, not a plan")
	case word == "select" || word == "with" || word == "insert" || word == "update" || word == "delete" || word == "merge" || word == "create" || word == "values":
		e = bad(no, "this is SQL, not its plan")
		e.Next = "put EXPLAIN (ANALYZE, BUFFERS) in front of it, run it, and paste what it prints"
	case word == "explain":
		e = bad(no, "this is the EXPLAIN statement, not what it printed")
		e.Next = "run it, and paste what it prints"
	}
	e.Err = errNoPlan
	return e
}
