package plan

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"pipewright/engine"
)

// jsonReader reads JSON as PostgreSQL and DuckDB print it, with line numbers. It is a reader of its own
// because encoding/json gives neither lines nor the order of keys, and copies what it looks at twice.
type jsonReader struct {
	s    string
	at   int
	line int
	slab []value
}

// make gives a new value; they are allocated by the hundred, since a plan has tens of thousands.
func (r *jsonReader) make(v value) *value {
	if len(r.slab) == cap(r.slab) {
		r.slab = make([]value, 0, 256)
	}
	r.slab = append(r.slab, v)
	return &r.slab[len(r.slab)-1]
}

func (r *jsonReader) space() {
	for r.at < len(r.s) {
		switch r.s[r.at] {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		default:
			return
		}
		r.at++
	}
}

func (r *jsonReader) fail(what string) *engine.Error {
	if r.at >= len(r.s) {
		return bad(r.line, "the plan ends in the middle: %s", what)
	}
	return bad(r.line, "this is not the JSON of a plan: %s", what)
}

func (r *jsonReader) value(depth int) (*value, *engine.Error) {
	if depth > maxDepth {
		return nil, bad(r.line, "the plan is nested more than %d deep", maxDepth)
	}
	r.space()
	if r.at >= len(r.s) {
		return nil, r.fail("a value is missing")
	}
	switch c := r.s[r.at]; c {
	case '{':
		return r.object(depth)
	case '[':
		return r.list(depth)
	case '"':
		line := r.line
		s, err := r.str()
		if err != nil {
			return nil, err
		}
		return r.make(value{text: s, quoted: true, line: line}), nil
	default:
		start := r.at
		for r.at < len(r.s) && strings.IndexByte(" \t\r\n,]}:\"{[", r.s[r.at]) < 0 {
			r.at++
		}
		word := r.s[start:r.at]
		if !plainNumber(word) && word != "true" && word != "false" && word != "null" {
			return nil, r.fail(strconv.Quote(shorten(word)) + " stands where a value should")
		}
		return r.make(value{text: word, line: r.line}), nil
	}
}

// plainNumber is a cheap look at a number; what does arithmetic with it parses it.
func plainNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && strings.IndexByte("+-.eE", c) < 0 {
			return false
		}
	}
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9')
}

func (r *jsonReader) object(depth int) (*value, *engine.Error) {
	v := r.make(value{kind: object, line: r.line})
	r.at++
	for first := true; ; first = false {
		r.space()
		if r.at >= len(r.s) {
			return nil, r.fail("a } is missing")
		}
		if r.s[r.at] == '}' {
			r.at++
			return v, nil
		}
		if !first {
			if r.s[r.at] != ',' {
				return nil, r.fail("a comma or } is missing")
			}
			r.at++
			r.space()
		}
		if r.at >= len(r.s) || r.s[r.at] != '"' {
			return nil, r.fail("the name of a field is missing")
		}
		key, err := r.str()
		if err != nil {
			return nil, err
		}
		r.space()
		if r.at >= len(r.s) || r.s[r.at] != ':' {
			return nil, r.fail("a : is missing after " + strconv.Quote(shorten(key)))
		}
		r.at++
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v.add(key, item)
	}
}

func (r *jsonReader) list(depth int) (*value, *engine.Error) {
	v := r.make(value{kind: list, line: r.line})
	r.at++
	for first := true; ; first = false {
		r.space()
		if r.at >= len(r.s) {
			return nil, r.fail("a ] is missing")
		}
		if r.s[r.at] == ']' {
			r.at++
			return v, nil
		}
		if !first {
			if r.s[r.at] != ',' {
				return nil, r.fail("a comma or ] is missing")
			}
			r.at++
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
}

// str reads a quoted string. A raw line break inside is taken as it stands: DuckDB prints the query so.
func (r *jsonReader) str() (string, *engine.Error) {
	r.at++
	start := r.at
	for r.at < len(r.s) && r.s[r.at] != '"' && r.s[r.at] != '\\' {
		if r.s[r.at] == '\n' {
			r.line++
		}
		r.at++
	}
	if r.at < len(r.s) && r.s[r.at] == '"' {
		r.at++
		return r.s[start : r.at-1], nil
	}
	var b strings.Builder
	b.WriteString(r.s[start:r.at])
	for r.at < len(r.s) {
		c := r.s[r.at]
		r.at++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if !r.escape(&b) {
				return "", r.fail("a \\ in a string means nothing")
			}
		case '\n':
			r.line++
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", r.fail("a string is never closed")
}

func (r *jsonReader) escape(b *strings.Builder) bool {
	if r.at >= len(r.s) {
		return false
	}
	c := r.s[r.at]
	r.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		return true
	}
	if c != 'u' {
		return false
	}
	u, ok := r.hex()
	if !ok {
		return false
	}
	if utf16.IsSurrogate(u) && strings.HasPrefix(r.s[r.at:], `\u`) {
		r.at += 2
		low, ok := r.hex()
		if !ok {
			return false
		}
		u = utf16.DecodeRune(u, low)
	}
	if !utf8.ValidRune(u) {
		u = utf8.RuneError
	}
	b.WriteRune(u)
	return true
}

func (r *jsonReader) hex() (rune, bool) {
	if r.at+4 > len(r.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(r.s[r.at:r.at+4], 16, 32)
	r.at += 4
	return rune(n), err == nil
}

// readJSON reads every JSON document at the beginning of s and stops where something else begins.
func readJSON(s string, line int) ([]*value, *engine.Error) {
	r := &jsonReader{s: s, line: line}
	var out []*value
	for {
		r.space()
		if r.at < len(r.s) && (r.s[r.at] == ';' || r.s[r.at] == ',') {
			r.at++
			continue
		}
		if r.at >= len(r.s) {
			return out, nil
		}
		if r.s[r.at] != '{' && r.s[r.at] != '[' {
			if len(out) > 0 && !strings.ContainsAny(r.s[r.at:], "{}[]\"") {
				return out, nil // words after the plan
			}
			next := strings.IndexAny(r.s[r.at:], "{[")
			if next < 0 || len(out) == 0 {
				return nil, r.fail(strconv.Quote(shorten(firstLine(r.s[r.at:]))) + " stands where a plan should")
			}
			r.line += strings.Count(r.s[r.at:r.at+next], "\n")
			r.at += next
			continue
		}
		v, err := r.value(0)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func firstLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i]
	}
	return s
}
