package csvscan

import (
	"strconv"
	"strings"

	"pipewright/engine"
)

// NoQuote, given as the quote of [Options].Dialect, says that the text has no quoting at all.
const NoQuote byte = 0xFF

// The encodings of [Dialect].
const (
	UTF8        = "UTF-8"
	UTF8BOM     = "UTF-8 with BOM"
	UTF16LE     = "UTF-16 LE"
	UTF16BE     = "UTF-16 BE"
	Windows1252 = "Windows-1252"
	Latin1      = "Latin-1"
)

// The line ends of [Dialect]. With LF and CRLF a line ends at "\n", and a "\r" before it belongs to the
// end; a lone "\r" is text. With CR and Mixed each of "\n", "\r" and "\r\n" ends a line.
const (
	LF    = "LF"
	CRLF  = "CRLF"
	CR    = "CR"
	Mixed = "mixed line ends"
)

// The compressions of [Dialect]; the empty string is none.
const (
	Gzip = "gzip"
	Zstd = "zstd"
)

// Dialect says how a text is written and stored.
type Dialect struct {
	Delimiter byte
	Quote     byte // 0: no quoting
	// Escape is Quote when a quote inside a quoted cell is doubled, or '\\' when a backslash may stand
	// before it as well.
	Escape      byte
	Header      bool   // the first record holds the names
	Encoding    string // one of the encodings above
	LineEnd     string // one of the line ends above
	Compression string // Gzip, Zstd or empty
}

// Default is the dialect of RFC 4180 as encoding/csv reads it, without a header.
func Default() Dialect {
	return Dialect{Delimiter: ',', Quote: '"', Escape: '"', Encoding: UTF8, LineEnd: LF}
}

// String says the dialect in words: `comma, quoted with ", UTF-8, header, LF`.
func (d Dialect) String() string {
	parts := []string{delimiterName(d.Delimiter)}
	switch {
	case d.Quote == 0 || d.Quote == NoQuote:
		parts = append(parts, "no quotes")
	case d.Escape == '\\':
		parts = append(parts, "quoted with "+string(d.Quote)+" escaped by \\")
	default:
		parts = append(parts, "quoted with "+string(d.Quote))
	}
	if d.Encoding != "" {
		parts = append(parts, d.Encoding)
	}
	if d.Header {
		parts = append(parts, "header")
	} else {
		parts = append(parts, "no header")
	}
	if d.LineEnd != "" {
		parts = append(parts, d.LineEnd)
	}
	if d.Compression != "" {
		parts = append(parts, d.Compression)
	}
	return strings.Join(parts, ", ")
}

// check says what is wrong with the parts of a dialect that are told; those that are zero are not.
func (d Dialect) check() *engine.Error {
	what := ""
	quote := d.Quote
	if quote == NoQuote {
		quote = 0
	}
	switch {
	case !separates(d.Delimiter):
		what = "the delimiter cannot be " + delimiterName(d.Delimiter)
	case !separates(quote):
		what = "the quote cannot be " + delimiterName(quote)
	case quote != 0 && quote == d.Delimiter:
		what = "the delimiter and the quote cannot both be " + delimiterName(quote)
	case quote == '\\' || d.Escape == '\\' && d.Delimiter == '\\':
		what = "a backslash cannot be the escape and something else"
	case d.Escape != 0 && d.Escape != '\\' && d.Escape != quote:
		what = "the escape cannot be " + delimiterName(d.Escape)
	}
	switch d.LineEnd {
	case "", LF, CRLF, CR, Mixed:
	default:
		what = "the line end " + quoteName(d.LineEnd) + " is not known"
	}
	if what == "" {
		return nil
	}
	return &engine.Error{
		Kind: engine.Usage, What: what,
		Next: "name one ASCII character each for delimiter and quote, and the quote or a backslash for the escape",
	}
}

// separates says whether b may have a meaning of its own: line ends have one already, and bytes beyond
// ASCII are parts of characters.
func separates(b byte) bool { return b != '\n' && b != '\r' && b < 0x80 }

// universal says whether a lone carriage return ends a line.
func (d Dialect) universal() bool { return d.LineEnd == CR || d.LineEnd == Mixed }

func delimiterName(b byte) string {
	switch b {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	case ':':
		return "colon"
	case '^':
		return "caret"
	case ' ':
		return "space"
	}
	return strconv.QuoteRuneToASCII(rune(b))
}
