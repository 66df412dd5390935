package plan

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"pipewright/engine"
)

// xmlReader reads the XML that PostgreSQL prints: elements and text. Document types, entities of its own
// and processing instructions do not occur in it; they are refused, so that no entity can expand.
type xmlReader struct {
	s    string
	at   int
	line int
	slab []value
}

// xmlLists are the elements that hold a list even when it has one member.
var xmlLists = map[string]bool{
	"Plans": true, "Workers": true, "Triggers": true, "Target-Tables": true, "Grouping-Sets": true,
	"Group-Keys": true, "Hash-Keys": true,
}

func (r *xmlReader) move(n int) {
	r.line += strings.Count(r.s[r.at:r.at+n], "\n")
	r.at += n
}

// readXML reads every <explain> element of s, or a bare <Plan>.
func readXML(s string, line int) ([]*value, *engine.Error) {
	r := &xmlReader{s: s, line: line}
	var out []*value
	for {
		next := strings.IndexByte(r.s[r.at:], '<')
		if next < 0 {
			if len(out) == 0 {
				return nil, bad(line, "this is not the XML of a plan")
			}
			return out, nil
		}
		r.move(next)
		if strings.HasPrefix(r.s[r.at:], "<?xml") {
			end := strings.Index(r.s[r.at:], "?>")
			if end < 0 {
				return nil, bad(r.line, "the plan ends in the middle of a tag")
			}
			r.move(end + 2)
			continue
		}
		name, v, err := r.element(0)
		if err != nil {
			return nil, err
		}
		switch name {
		case "explain":
			for i, k := range v.keys {
				if k == "Query" {
					out = append(out, v.items[i])
				}
			}
			if v.field("Plan") != nil { // auto_explain has no <Query> around it
				out = append(out, v)
			}
		case "Query":
			out = append(out, v)
		case "Plan":
			w := &value{kind: object, line: v.line}
			w.add("Plan", v)
			out = append(out, w)
		default:
			return nil, bad(v.line, "<%s> is not the XML of a plan", shorten(name))
		}
	}
}

// element reads one element; the reader stands at its "<".
func (r *xmlReader) element(depth int) (string, *value, *engine.Error) {
	if depth > maxDepth {
		return "", nil, bad(r.line, "the plan is nested more than %d deep", maxDepth)
	}
	line := r.line
	end := strings.IndexByte(r.s[r.at:], '>')
	if end < 0 {
		return "", nil, bad(line, "the plan ends in the middle of a tag")
	}
	tag := r.s[r.at+1 : r.at+end]
	r.move(end + 1)
	empty := strings.HasSuffix(tag, "/")
	name, _, _ := strings.Cut(strings.TrimSuffix(tag, "/"), " ")
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsAny(name[:1], "!?/") {
		return "", nil, bad(line, "<%s> is not the XML of a plan", shorten(tag))
	}
	if len(r.slab) == cap(r.slab) {
		r.slab = make([]value, 0, 256)
	}
	r.slab = append(r.slab, value{line: line, quoted: true})
	v := &r.slab[len(r.slab)-1]
	if empty {
		return name, v, nil
	}
	var names []string
	text := ""
	for {
		next := strings.IndexByte(r.s[r.at:], '<')
		if next < 0 {
			return "", nil, bad(r.line, "the plan ends in the middle: <%s> is never closed", shorten(name))
		}
		if text == "" {
			text = r.s[r.at : r.at+next] // what stands between children is layout
		}
		r.move(next)
		if strings.HasPrefix(r.s[r.at:], "</") {
			if !strings.HasPrefix(r.s[r.at+2:], name) {
				return "", nil, bad(r.line, "<%s> is closed by another tag", shorten(name))
			}
			end := strings.IndexByte(r.s[r.at:], '>')
			if end < 0 {
				return "", nil, bad(r.line, "the plan ends in the middle of a tag")
			}
			r.move(end + 1)
			return name, finishXML(v, name, names, text), nil
		}
		child, item, err := r.element(depth + 1)
		if err != nil {
			return "", nil, err
		}
		names = append(names, child)
		v.items = append(v.items, item)
	}
}

// finishXML decides what an element was: text, a list or an object.
func finishXML(v *value, name string, names []string, text string) *value {
	switch {
	case len(names) == 0 && xmlLists[name]:
		v.kind = list
	case len(names) == 0:
		v.text = unescapeXML(text)
	case xmlLists[name] || names[0] == "Item":
		v.kind = list
	default:
		v.kind = object
		v.keys = make([]string, len(names))
		for i, n := range names {
			v.keys[i] = xmlKey(n)
		}
	}
	return v
}

// xmlKey turns a tag back into the name that the JSON form has.
func xmlKey(tag string) string {
	if k, ok := tagKeys[tag]; ok {
		return k
	}
	return strings.ReplaceAll(tag, "-", " ")
}

func unescapeXML(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s, ';')
		r, ok := rune(0), false
		if end > 0 && end < 12 {
			r, ok = xmlEntity(s[1:end])
		}
		if !ok {
			b.WriteByte('&')
			s = s[1:]
			continue
		}
		b.WriteRune(r)
		s = s[end+1:]
	}
}

func xmlEntity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if !strings.HasPrefix(name, "#") {
		return 0, false
	}
	base, digits := 10, name[1:]
	if strings.HasPrefix(digits, "x") {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}
