package load

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Rule is one thing that a cell of a column must satisfy beyond its type. Rules are data: a schema lists
// them, and the validator runs them in order on each cell that is not empty.
type Rule struct {
	Name   string // "email_format"
	Column string
	Says   string // what the rule asks, in words
	Source string // where it comes from: "session 1.4", "RFC 5321 §4.5.3.1"
	// Check gives "" for a good cell and else the reason, for people. It sees cells as they stand in the
	// file, never an empty one, and must not keep them.
	Check func(cell []byte) (reason string)
}

// email is the rule for addresses. It takes the dot-atom form that mail is really sent to, in ASCII or with
// UTF-8 (RFC 6531), and neither quoted local parts nor address literals.
func email(column string) Rule {
	return Rule{
		Name: "email_format", Column: column,
		Says:   "is an address that mail can be sent to",
		Source: "session 1.4; RFC 5322 §3.4.1 (form), RFC 5321 §4.5.3.1 (lengths), RFC 1035 §2.3.4 and RFC 1123 §2.1 (labels)",
		Check:  checkEmail,
	}
}

// oneOf is the rule for a column with a list of values. Case and spaces count.
func oneOf(column, source string, values ...string) Rule {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[v] = true
	}
	says := "one of " + strings.Join(values, ", ")
	reason := "not " + says
	return Rule{
		Name: column + "_known", Column: column, Says: "is " + says, Source: source,
		Check: func(cell []byte) string {
			if set[string(cell)] {
				return ""
			}
			return reason
		},
	}
}

// notBlank is the rule for a required text: spaces alone are nothing.
func notBlank(column, source string) Rule {
	reason := missing(column)
	return Rule{
		Name: column + "_required", Column: column, Says: "is not blank", Source: source,
		Check: func(cell []byte) string {
			for _, c := range cell {
				if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
					return ""
				}
			}
			return reason
		},
	}
}

// within is the rule for a number with bounds. A cell that is no number is the type's matter.
func within(column, source string, low, high int64, reason string) Rule {
	return Rule{
		Name: column + "_range", Column: column, Says: "is not " + reason, Source: source,
		Check: func(cell []byte) string {
			whole, _, _ := bytes.Cut(cell, []byte{'.'})
			n, ok := parseInt(whole)
			negative := len(cell) > 0 && cell[0] == '-' && bytes.ContainsAny(cell, "123456789")
			if ok && (n < low || n > high || negative && low == 0) {
				return reason
			}
			return ""
		},
	}
}

// missing is the reason for an empty cell: "no company name".
func missing(column string) string { return "no " + strings.ReplaceAll(column, "_", " ") }

// The sets of bytes that an address is made of, as tables for a loop without branches.
var (
	atext = byteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.")
	label = byteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
)

func byteSet(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	for c := utf8.RuneSelf; c < 256; c++ {
		set[c] = true // UTF-8, RFC 6531; whether it is valid is known of the whole record
	}
	return set
}

func checkEmail(b []byte) string {
	at := -1
	for i, c := range b {
		if c == '@' {
			if at >= 0 {
				return "more than one @"
			}
			at = i
		}
		if c == ' ' || c-'\t' <= '\r'-'\t' {
			return "a space in the address"
		}
	}
	switch {
	case at < 0:
		return "no @"
	case at == 0:
		return "nothing before the @"
	case at == len(b)-1:
		return "no domain after @"
	case at > 64:
		return "longer than 64 bytes before the @"
	case len(b) > 254:
		return "longer than 254 bytes"
	}
	if reason := checkLocal(b[:at]); reason != "" {
		return reason
	}
	return checkDomain(b[at+1:])
}

func checkLocal(b []byte) string {
	prev := byte('.')
	for _, c := range b {
		if !atext[c] {
			return "a character that no address has before the @"
		}
		if c == '.' && prev == '.' {
			return "a dot in the wrong place before the @"
		}
		prev = c
	}
	if prev == '.' {
		return "a dot in the wrong place before the @"
	}
	return ""
}

func checkDomain(b []byte) string {
	start, dots, numeric := 0, 0, true
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != '.' {
			c := b[i]
			if !label[c] {
				return "a character that no domain has"
			}
			numeric = numeric && c-'0' <= 9
			continue
		}
		switch {
		case i == start:
			return "a dot in the wrong place in the domain"
		case i-start > 63:
			return "a domain with a part longer than 63 bytes"
		case b[start] == '-' || b[i-1] == '-':
			return "a hyphen in the wrong place in the domain"
		}
		if i < len(b) {
			dots++
			start, numeric = i+1, true
		}
	}
	switch {
	case dots == 0:
		return "no dot in the domain"
	case numeric:
		return "a domain that ends in a number"
	case len(b)-start < 2:
		return "a domain that ends in a single letter"
	}
	return ""
}
