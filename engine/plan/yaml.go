package plan

import (
	"strings"

	"pipewright/engine"
)

// yamlReader reads the YAML that PostgreSQL prints: block mappings and sequences, scalars bare or in
// double quotes with JSON's escapes, lists of strings in brackets. Anchors, aliases, tags and other flow style do not occur and are
// refused, which is what makes an alias bomb a plain error.
type yamlReader struct {
	lines []line
	at    int
}

func readYAML(lines []line) ([]*value, *engine.Error) {
	var kept []line
	for _, l := range lines {
		t := strings.TrimRight(l.text, " ")
		if t == "" || strings.TrimSpace(t) == "---" {
			continue
		}
		kept = append(kept, line{text: t, no: l.no})
	}
	r := &yamlReader{lines: kept}
	var out []*value
	for r.at < len(r.lines) {
		v, err := r.block(indentOf(r.lines[r.at].text), 0)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func indentOf(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// block reads a mapping or sequence whose lines stand at the given column.
func (r *yamlReader) block(col, depth int) (*value, *engine.Error) {
	if depth > maxDepth {
		return nil, bad(r.lines[r.at].no, "the plan is nested more than %d deep", maxDepth)
	}
	if strings.HasPrefix(r.lines[r.at].text[col:], "-") {
		return r.sequence(col, depth)
	}
	v := &value{kind: object, line: r.lines[r.at].no}
	for r.at < len(r.lines) {
		l := &r.lines[r.at]
		if indentOf(l.text) != col || strings.HasPrefix(l.text[col:], "- ") {
			break
		}
		key, rest, ok := yamlKey(l.text[col:])
		if !ok {
			return nil, bad(l.no, "this is not the YAML of a plan: %q", shorten(l.text))
		}
		if depth == 0 && v.field(key) != nil {
			break // another plan, without a "-" in front of it
		}
		r.at++
		item, err := r.item(rest, l.no, col, depth)
		if err != nil {
			return nil, err
		}
		v.add(key, item)
	}
	if err := r.dangling(col); err != nil {
		return nil, err
	}
	return v, nil
}

// dangling refuses a line that is deeper than the block it follows.
func (r *yamlReader) dangling(col int) *engine.Error {
	if r.at < len(r.lines) && indentOf(r.lines[r.at].text) > col {
		return bad(r.lines[r.at].no, "this is not the YAML of a plan: %q is indented strangely", shorten(r.lines[r.at].text))
	}
	return nil
}

func (r *yamlReader) sequence(col, depth int) (*value, *engine.Error) {
	v := &value{kind: list, line: r.lines[r.at].no}
	for r.at < len(r.lines) {
		l := &r.lines[r.at]
		if indentOf(l.text) != col || !strings.HasPrefix(l.text[col:], "-") {
			break
		}
		rest := strings.TrimLeft(l.text[col+1:], " ")
		if rest == "" {
			r.at++
			item, err := r.item("", l.no, col, depth)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
			continue
		}
		_, _, isKey := yamlKey(rest)
		if isKey || strings.HasPrefix(rest, "- ") {
			// The rest of the line is a block of its own, further to the right.
			inner := len(l.text) - len(rest)
			l.text = strings.Repeat(" ", inner) + rest
			item, err := r.block(inner, depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
			continue
		}
		r.at++
		item, err := yamlScalar(rest, l.no)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
	if err := r.dangling(col); err != nil {
		return nil, err
	}
	return v, nil
}

// item reads what follows a key: a scalar on its line, or a block on the next lines.
func (r *yamlReader) item(rest string, no, col, depth int) (*value, *engine.Error) {
	if rest != "" {
		return yamlScalar(rest, no)
	}
	if r.at >= len(r.lines) {
		return &value{line: no}, nil
	}
	next := r.lines[r.at].text
	in := indentOf(next)
	if in > col || in == col && strings.HasPrefix(next[in:], "- ") && depth > 0 {
		return r.block(in, depth+1)
	}
	return &value{line: no}, nil
}

// yamlKey splits "Node Type: ..." at the first ": "; a quoted scalar has no key.
func yamlKey(s string) (key, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		// A setting's name can be quoted.
		r := &jsonReader{s: s}
		k, err := r.str()
		if err != nil || r.at >= len(s) || s[r.at] != ':' {
			return "", "", false
		}
		return k, strings.TrimLeft(s[r.at+1:], " "), true
	}
	i := strings.IndexByte(s, ':')
	if i <= 0 || i+1 < len(s) && s[i+1] != ' ' {
		return "", "", false
	}
	return s[:i], strings.TrimLeft(s[i+1:], " "), true
}

func yamlScalar(s string, no int) (*value, *engine.Error) {
	if s[0] == '"' {
		r := &jsonReader{s: s, line: no}
		t, err := r.str()
		if err != nil || strings.TrimSpace(s[r.at:]) != "" {
			return nil, bad(no, "a quoted value is never closed")
		}
		return &value{text: t, quoted: true, line: no}, nil
	}
	if s[0] == '[' { // the keys of a grouping set
		r := &jsonReader{s: s, line: no}
		v, err := r.value(0)
		if err != nil || strings.TrimSpace(s[r.at:]) != "" {
			return nil, bad(no, "a list is never closed")
		}
		return v, nil
	}
	if strings.ContainsRune("&*!|>{%@`", rune(s[0])) {
		return nil, bad(no, "this is not the YAML of a plan: %q", shorten(s))
	}
	return &value{text: s, line: no}, nil
}
