package csvscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// MaxFields is the most cells that a parser splits off one record.
const MaxFields = 1 << 16

// Flaws says what is wrong with a record, as a set. A record with flaws is complete all the same: the
// caller decides.
type Flaws uint8

// The flaws of a record.
const (
	BareQuote     Flaws = 1 << iota // a quote inside an unquoted cell; kept as text
	StrayText                       // text after a closing quote; kept as text
	UnclosedQuote                   // a quote that is not closed before the end of the chunk; never from a Source
	BadEncoding                     // bytes that are no text in the encoding
	HasNUL                          // a NUL byte, which PostgreSQL's text cannot hold
	TooManyFields                   // more than MaxFields cells; the rest is dropped
)

// String says the flaws in words, or "" for none.
func (f Flaws) String() string {
	var parts []string
	for _, n := range [...]struct {
		flaw Flaws
		text string
	}{
		{BareQuote, "a quote inside an unquoted cell"},
		{StrayText, "text after a closing quote"},
		{UnclosedQuote, "a quote that is never closed"},
		{BadEncoding, "bytes that are no text in the file's encoding"},
		{HasNUL, "a NUL byte"},
		{TooManyFields, "too many cells"},
	} {
		if f&n.flaw != 0 {
			parts = append(parts, n.text)
		}
	}
	return strings.Join(parts, " and ")
}

// Record is one row. Its slices are valid until the parser's next Next or Reset.
type Record struct {
	Fields [][]byte // without quotes and escapes
	// Quoted says of each cell whether it was quoted, so that "" can be told from nothing; nil when no
	// cell was. See [Record.IsQuoted].
	Quoted []bool
	Row    int64  // data row, the first is 1
	Line   int64  // physical line on which the row begins, the first is 1
	Raw    []byte // as it stood, in UTF-8, without the line end
	Flaws  Flaws
}

// IsQuoted says whether cell i was quoted.
func (r *Record) IsQuoted(i int) bool { return r.Quoted != nil && r.Quoted[i] }

// Parser splits chunks into records, reusing its buffers. It is for one goroutine.
type Parser struct {
	cutter
	data    []byte
	pos     int
	quoteAt int // the next quote at or after pos
	row     int64
	line    int64
	badText bool // the chunk holds bytes that are not UTF-8
	hasNUL  bool

	fields  [][]byte
	quoted  []bool
	scratch []byte
}

// NewParser makes a parser for texts in the dialect.
func NewParser(d Dialect) *Parser {
	return &Parser{cutter: newCutter(d), fields: make([][]byte, 0, 32)}
}

// Reset starts on a chunk.
func (p *Parser) Reset(c *Chunk) { p.reset(c.Data, c.FirstRow, c.FirstLine) }

func (p *Parser) reset(data []byte, row, line int64) {
	p.data, p.pos, p.row, p.line = data, 0, row, line
	p.quoteAt = p.nextQuote(data, 0)
	p.badText = !utf8.Valid(data)
	p.hasNUL = bytes.IndexByte(data, 0) >= 0
}

// Next gives the next record, or false at the end of the chunk.
func (p *Parser) Next() (Record, bool) {
	for p.pos < len(p.data) {
		end, next := p.lineEnd(p.data, p.pos, true)
		if next < 0 {
			next = len(p.data)
		}
		start := p.pos
		if p.quoteAt < end {
			return p.withQuotes(), true
		}
		text := end
		if !p.universal && text > start && p.data[text-1] == '\r' {
			text--
		}
		p.pos = next
		p.line++
		if text == start {
			continue
		}
		rec := Record{Row: p.row, Line: p.line - 1, Raw: p.data[start:text]}
		p.fields = p.fields[:0]
		p.split(start, text, &rec)
		p.row++
		p.check(&rec)
		return rec, true
	}
	return Record{}, false
}

// split cuts data[start:end], which holds no quotes, at the delimiters.
func (p *Parser) split(start, end int, rec *Record) {
	fields := p.fields
	pattern := uint64(p.delim) * ones
	line := p.data[start:end]
	from, i := 0, 0
	for ; i+8 <= len(line); i += 8 {
		m := zeroBytes(binary.LittleEndian.Uint64(line[i:]) ^ pattern)
		for m != 0 {
			at := i + bits.TrailingZeros64(m)>>3
			fields = append(fields, line[from:at:at])
			from = at + 1
			m &= m - 1
		}
	}
	for ; i < len(line); i++ {
		if line[i] == p.delim {
			fields = append(fields, line[from:i:i])
			from = i + 1
		}
	}
	fields = append(fields, line[from:])
	p.fields = fields
	if len(fields) > MaxFields {
		fields = fields[:MaxFields]
		rec.Flaws |= TooManyFields
	}
	rec.Fields = fields
}

// check adds the flaws of a chunk's bytes to the record that has them.
func (p *Parser) check(rec *Record) {
	if p.badText && !utf8.Valid(rec.Raw) {
		rec.Flaws |= BadEncoding
	}
	if p.hasNUL && bytes.IndexByte(rec.Raw, 0) >= 0 {
		rec.Flaws |= HasNUL
	}
}

// withQuotes parses a record that has a quote on its first line, cell by cell.
func (p *Parser) withQuotes() Record {
	rec := Record{Row: p.row, Line: p.line}
	p.fields, p.quoted, p.scratch = p.fields[:0], p.quoted[:0], p.scratch[:0]
	start := p.pos
	for {
		var cell []byte
		quoted := p.pos == p.quoteAt && p.pos < len(p.data)
		if quoted {
			cell = p.quotedCell(&rec)
		} else {
			cell = p.plainCell(&rec)
		}
		if len(p.fields) < MaxFields {
			p.fields = append(p.fields, cell)
			p.quoted = append(p.quoted, quoted)
			if quoted {
				rec.Quoted = p.quoted
			}
		} else {
			rec.Flaws |= TooManyFields
		}
		if p.pos < len(p.data) && p.data[p.pos] == p.delim {
			p.pos++
			continue
		}
		break
	}
	rec.Raw = p.data[start:p.pos]
	rec.Fields = p.fields
	if rec.Quoted != nil {
		rec.Quoted = p.quoted
	}
	p.endLine()
	p.row++
	p.check(&rec)
	return rec
}

// endLine passes the line end at pos.
func (p *Parser) endLine() {
	p.line++
	if p.pos < len(p.data) && p.data[p.pos] == '\r' {
		p.pos++
	}
	if p.pos < len(p.data) && p.data[p.pos] == '\n' {
		p.pos++
	}
}

// plainCell reads an unquoted cell and leaves pos at the delimiter or line end after it.
func (p *Parser) plainCell(rec *Record) []byte {
	start := p.pos
	end := p.cellEnd(start)
	p.pos = end
	if p.quoteAt < end {
		rec.Flaws |= BareQuote
		p.quoteAt = p.nextQuote(p.data, end)
	}
	return p.data[start:end:end]
}

// quotedCell reads a cell that begins with a quote and leaves pos at the delimiter or line end after it.
func (p *Parser) quotedCell(rec *Record) []byte {
	open := p.pos
	closed := p.closing(p.data, open+1)
	text := p.data[open+1:]
	if closed < 0 {
		rec.Flaws |= UnclosedQuote
		closed = len(p.data)
	} else {
		text = p.data[open+1 : closed-1]
	}
	p.line += p.countLines(text)
	cell := p.unescape(text)
	end := p.cellEnd(closed)
	if end > closed {
		rec.Flaws |= StrayText
		from := len(p.scratch)
		p.scratch = append(append(p.scratch, cell...), p.data[closed:end]...)
		cell = p.scratch[from:]
	}
	p.pos = end
	p.quoteAt = p.nextQuote(p.data, end)
	return cell[:len(cell):len(cell)]
}

// cellEnd finds the delimiter or line end at or after from.
func (p *Parser) cellEnd(from int) int {
	if p.universal {
		a := indexEither(p.data, from, p.delim, '\n')
		b := indexEither(p.data[:a], from, '\r', '\n')
		return b
	}
	end := indexEither(p.data, from, p.delim, '\n')
	if end > from && (end == len(p.data) || p.data[end] == '\n') && p.data[end-1] == '\r' {
		end--
	}
	return end
}

// unescape gives the text of a quoted cell, in the parser's scratch if it has escapes.
func (p *Parser) unescape(text []byte) []byte {
	i := bytes.IndexByte(text, p.quote)
	if p.backslash {
		i = indexEither(text, 0, p.quote, '\\')
		if i == len(text) {
			i = -1
		}
	}
	if i < 0 {
		return text
	}
	from := len(p.scratch)
	for i < len(text) {
		p.scratch = append(p.scratch, text[:i]...)
		b := text[i]
		text = text[i:]
		switch {
		case b == p.quote:
			// Doubled: closing has seen to it that a quote inside has a second one.
			p.scratch = append(p.scratch, b)
			text = text[min(2, len(text)):]
		case len(text) > 1 && (text[1] == p.quote || text[1] == '\\'):
			p.scratch = append(p.scratch, text[1])
			text = text[2:]
		default:
			p.scratch = append(p.scratch, b)
			text = text[1:]
		}
		if p.backslash {
			i = indexEither(text, 0, p.quote, '\\')
		} else if i = bytes.IndexByte(text, p.quote); i < 0 {
			i = len(text)
		}
	}
	p.scratch = append(p.scratch, text...)
	return p.scratch[from:]
}
