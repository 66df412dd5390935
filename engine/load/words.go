package load

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// count writes a number with its thousands separated: 1,000,000.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rowsWord gives "1 row" or "2 rows".
func rowsWord(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return count(n) + " rows"
}

// quoted shows text from a file or a person in quotes, with everything unprintable escaped and at most 60
// characters of it.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:60]) + "…"
	}
	return strconv.Quote(s)
}

// clean makes text from a file into valid UTF-8 of at most max bytes for events.
func clean(b []byte, most int) string {
	if len(b) > most {
		b = b[:most]
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
		return strings.ToValidUTF8(string(b), "\uFFFD") + "…"
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
