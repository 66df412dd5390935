package csvscan

import (
	"bytes"
	"math/bits"
	"strings"
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
//
// It looks at a window of 4 KiB at a time, as masks with a bit for each delimiter and line end, and hops
// from bit to bit. Quotes are few: the place of the next one is kept at hand, and cells that hold one go
// another way.
type Parser struct {
	cutter
	third byte // the third byte that the masks look for: "\r" where it ends lines
	data  []byte
	pos   int // where the next record begins

	window int                  // where the window begins
	blocks int                  // its blocks of 64 bytes
	block  int                  // the current one
	mask   uint64               // the bits of the current one that are still to be visited
	masks  [windowBlocks]uint64 // of each block

	quoteAt int // the next quote at or after the current cell
	row     int64
	line    int64
	badText bool  // the chunk holds bytes that are no UTF-8
	hasNUL  bool  // the chunk holds a NUL
	flaws   Flaws // of the current record

	fields  [][]byte // as long as its capacity
	quoted  []bool   // as long as fields; all false but for those of the last record
	n       int      // cells of the current record
	marked  bool     // some of quoted are true
	scratch []byte   // unescaped cells
}

// NewParser makes a parser for texts in the dialect.
func NewParser(d Dialect) *Parser {
	p := &Parser{cutter: newCutter(d), fields: make([][]byte, 32), quoted: make([]bool, 32), third: '\n'}
	if p.universal {
		p.third = '\r'
	}
	return p
}

// Reset starts on a chunk.
func (p *Parser) Reset(c *Chunk) { p.reset(c.Data, c.FirstRow, c.FirstLine) }

func (p *Parser) reset(data []byte, row, line int64) {
	p.data, p.row, p.line, p.pos = data, row, line, 0
	p.quoteAt = p.nextQuote(data, 0)
	p.hasNUL = bytes.IndexByte(data, 0) >= 0
	p.badText = !validText(data)
	p.fill(0)
}

// fill moves the window to the offset from.
func (p *Parser) fill(from int) {
	p.window, p.block, p.mask = from, 0, 0
	p.blocks = windowMasks(&p.masks, p.data[from:], p.delim, '\n', p.third)
	if p.blocks > 0 {
		p.mask = p.masks[0]
	}
}

// Next gives the next record, or false at the end of the chunk.
func (p *Parser) Next() (rec Record, ok bool) {
	data := p.data
	if p.marked {
		clear(p.quoted[:p.n])
		p.marked = false
	}
	p.scratch = p.scratch[:0]
	for p.pos < len(data) {
		start, from, at := p.pos, p.pos, 0
		line := p.line
		p.n, p.flaws = 0, 0
		block, mask := p.block, p.mask
		for {
			if mask == 0 {
				p.block = block
				mask = p.nextMask()
				block = p.block
			}
			at = len(data)
			if mask != 0 {
				at = p.window + block<<6 + bits.TrailingZeros64(mask)
				mask &= mask - 1
			}
			if p.quoteAt < at {
				p.block, p.mask = block, mask
				at = p.cellWithQuote(from, at)
				block, mask = p.block, p.mask
			} else if n := p.n; n < len(p.fields) {
				p.fields[n] = data[from:at:at]
				p.n = n + 1
			} else {
				p.add(data[from:at:at], false)
			}
			if at == len(data) || data[at] != p.delim {
				break
			}
			from = at + 1
		}
		p.block, p.mask = block, mask
		text := p.endRecord(start, at)
		if text == start {
			continue // a blank line
		}
		p.row++
		rec.Row, rec.Line = p.row-1, line
		rec.Fields = p.fields[:p.n]
		rec.Raw = data[start:text]
		if p.marked {
			rec.Quoted = p.quoted[:p.n]
		}
		if p.badText || p.hasNUL {
			p.checkBytes(rec.Raw)
		}
		rec.Flaws = p.flaws
		return rec, true
	}
	return rec, false
}

// nextMask goes to the next block that has bits, and gives them; 0 at the end of the data.
func (p *Parser) nextMask() uint64 {
	for {
		p.block++
		if p.block >= p.blocks {
			end := p.window + p.blocks<<6
			if end >= len(p.data) {
				p.block = max(p.blocks-1, 0)
				return 0
			}
			p.fill(end)
		}
		if mask := p.masks[p.block]; mask != 0 {
			return mask
		}
	}
}

// checkBytes looks for what is no text in the record.
func (p *Parser) checkBytes(raw []byte) {
	if p.badText && !validText(raw) {
		p.flaws |= BadEncoding
	}
	if p.hasNUL && bytes.IndexByte(raw, 0) >= 0 {
		p.flaws |= HasNUL
	}
}

// endRecord passes the line end at the offset at and gives the end of the record's text. It takes a "\r"
// that belongs to the line end off the last cell.
func (p *Parser) endRecord(start, at int) int {
	p.line++
	text, next := at, min(at+1, len(p.data))
	switch {
	case !p.universal:
		if at > start && p.data[at-1] == '\r' {
			text--
			// A quoted cell ended before it, and one too many is not there.
			last := p.fields[p.n-1]
			if len(last) > 0 && !p.quoted[p.n-1] && p.flaws&TooManyFields == 0 {
				p.fields[p.n-1] = last[: len(last)-1 : len(last)-1]
			}
		}
	case next < len(p.data) && p.data[at] == '\r' && p.data[next] == '\n':
		next++
		p.seek(next)
	}
	p.pos = next
	return text
}

// seek goes on from the offset to, which is at or after the current block's begin.
func (p *Parser) seek(to int) {
	at := to - p.window
	switch {
	case at < p.blocks<<6:
		p.block = at >> 6
		p.mask = p.masks[p.block] & (^uint64(0) << (at & 63))
	case to < len(p.data):
		p.fill(to)
	default:
		p.block, p.mask = max(p.blocks-1, 0), 0
	}
}

// add appends a cell, or notes that there are too many.
func (p *Parser) add(cell []byte, quoted bool) {
	if p.n == MaxFields {
		p.flaws |= TooManyFields
		return
	}
	if p.n == len(p.fields) {
		p.fields = append(p.fields, make([][]byte, len(p.fields))...)
		p.quoted = append(p.quoted, make([]bool, len(p.quoted))...)
	}
	p.fields[p.n] = cell
	if quoted {
		p.quoted[p.n] = true
		p.marked = true
	}
	p.n++
}

// cellWithQuote adds the cell from the offset from on, which has a quote before the delimiter or line end
// at the offset at. It gives the offset of the one that ends the cell, and has passed it.
func (p *Parser) cellWithQuote(from, at int) int {
	if p.quoteAt != from {
		p.flaws |= BareQuote
		p.quoteAt = p.nextQuote(p.data, at)
		p.add(p.data[from:at:at], false)
		return at
	}
	closed := p.closing(p.data, from+1)
	var text []byte
	if closed < 0 {
		p.flaws |= UnclosedQuote
		closed = len(p.data)
		text = p.data[from+1:]
	} else {
		text = p.data[from+1 : closed-1]
	}
	end := at
	if closed > at {
		p.line += p.countLines(text)
		p.seek(closed)
		end = p.take()
	}
	cell := p.unescape(text)
	stray := p.data[closed:end]
	if n := len(stray); n > 0 && stray[n-1] == '\r' && !p.universal && (end == len(p.data) || p.data[end] == '\n') {
		stray = stray[:n-1]
	}
	if len(stray) > 0 {
		p.flaws |= StrayText
		first := len(p.scratch)
		p.scratch = append(append(p.scratch, cell...), stray...)
		cell = p.scratch[first:]
	}
	p.quoteAt = p.nextQuote(p.data, end)
	p.add(cell[:len(cell):len(cell)], true)
	return end
}

// take gives the offset of the next delimiter or line end, or the end of the data, and passes it.
func (p *Parser) take() int {
	if p.mask == 0 {
		if p.mask = p.nextMask(); p.mask == 0 {
			return len(p.data)
		}
	}
	at := p.window + p.block<<6 + bits.TrailingZeros64(p.mask)
	p.mask &= p.mask - 1
	return at
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
