package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inert gives text from data as one line that does nothing to a terminal: control characters, escape
// sequences, direction marks and bytes that are no UTF-8 become visible, written as psql writes them.
func inert(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		writeInert(&b, r, s[i:i+n])
		i += n
	}
	return b.String()
}

// clean says whether every character of s may go to a terminal as it is.
func clean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return !strings.ContainsFunc(s, acts) && utf8.ValidString(s)
		}
	}
	return true
}

// acts says whether a terminal would do something other than draw the character.
func acts(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.In(r, unicode.Bidi_Control) || r == 0xFEFF
}

func writeInert(b *strings.Builder, r rune, raw string) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		fmt.Fprintf(b, `\x%02X`, raw[0])
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80 && acts(r):
		fmt.Fprintf(b, `\x%02X`, r)
	case acts(r):
		fmt.Fprintf(b, `\u%04X`, r)
	default:
		b.WriteString(raw)
	}
}
