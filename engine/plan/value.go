package plan

import (
	"fmt"
	"strings"

	"pipewright/engine"
)

// The limits of what is read: far above any plan, and low enough that a hostile paste ends at once.
const (
	maxBytes = 64 << 20
	maxDepth = 2000
	maxNodes = 200_000
)

type valueKind byte

const (
	scalar valueKind = iota
	list
	object
)

// value is a tree as the JSON, YAML and XML forms have in common.
type value struct {
	kind   valueKind
	text   string // of a scalar
	quoted bool   // the scalar was a string
	keys   []string
	items  []*value
	line   int
}

func (v *value) field(key string) *value {
	if v == nil || v.kind != object {
		return nil
	}
	for i, k := range v.keys {
		if k == key {
			return v.items[i]
		}
	}
	return nil
}

func (v *value) add(key string, item *value) {
	v.keys = append(v.keys, key)
	v.items = append(v.items, item)
}

// flat gives a value as one string: a list's items with commas between.
func (v *value) flat() string {
	switch v.kind {
	case list:
		parts := make([]string, len(v.items))
		for i, it := range v.items {
			parts[i] = it.flat()
		}
		return strings.Join(parts, ", ")
	case object:
		parts := make([]string, len(v.items))
		for i, it := range v.items {
			parts[i] = v.keys[i] + "=" + it.flat()
		}
		return strings.Join(parts, " ")
	}
	return v.text
}

// bad makes the error of this package: one sentence, with the line.
func bad(line int, format string, args ...any) *engine.Error {
	where := ""
	if line > 0 {
		where = fmt.Sprintf("line %d", line)
	}
	return &engine.Error{Kind: engine.Failed, What: fmt.Sprintf(format, args...), Where: where}
}

// shorten cuts what is quoted in an error.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
