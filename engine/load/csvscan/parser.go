package csvscan

import (
	"bytes"
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
//
// It looks at a window of 4 KiB at a time, as masks with a bit for each delimiter, quote and line end, and
// hops from bit to bit.
type Parser struct {
	cutter
	plainEnd byte // "\n" where that alone ends a line, else the delimiter, which is looked for before
	data     []byte
	pos      int // where the next record begins

	win   window
	at    int    // the offset at which win begins
	block int    // the current one of its blocks
	mask  uint64 // the bits of the current block that are still to be visited

	row     int64
	line    int64
	badText bool  // the chunk holds bytes that are no UTF-8, up to the end of the window
	hasNUL  bool  // the chunk holds a NUL, up to there
	checked int   // how far it is known to be UTF-8
	flaws   Flaws // of the current record

	fields  [][]byte // as long as its capacity
	quoted  []bool   // as long as fields; all false but for those of the last record
	n       int      // cells of the current record
	marked  bool     // some of quoted are true
	scratch []byte   // unescaped cells
}

// NewParser makes a parser for texts in the dialect.
func NewParser(d Dialect) *Parser {
	p := &Parser{cutter: newCutter(d), plainEnd: '\n', fields: make([][]byte, 32), quoted: make([]bool, 32)}
	if p.universal {
		p.plainEnd = p.delim
	}
	return p
}

// Reset starts on a chunk.
func (p *Parser) Reset(c *Chunk) { p.reset(c.Data, c.FirstRow, c.FirstLine) }

func (p *Parser) reset(data []byte, row, line int64) {
	p.data, p.row, p.line, p.pos = data, row, line, 0
	p.badText, p.hasNUL, p.checked = false, false, 0
	p.fill(0)
}

// fill moves the window to the offset from.
func (p *Parser) fill(from int) {
	p.win.look(p.data[from:], p.delim, p.seekQuote, p.seekReturn)
	p.at, p.block, p.mask = from, 0, 0
	if p.win.blocks > 0 {
		p.mask = p.win.seek[0]
	}
	p.hasNUL = p.hasNUL || p.win.nul
	if p.win.some && !p.badText {
		p.badText = !p.checkWide()
	}
}

// checkWide says whether the bytes of the window that are not ASCII are UTF-8. Each character is looked at
// where it begins; the bytes after it, which may be in the next window, count as seen.
func (p *Parser) checkWide() bool {
	for i, wide := range p.win.wide[:p.win.blocks] {
		for base := p.at + i<<6; wide != 0; {
			at := base + bits.TrailingZeros64(wide)
			if at < p.checked {
				wide &= wide - 1
				continue
			}
			n := wideRune(p.data[at:])
			if n == 0 {
				return false
			}
			p.checked = at + n
			wide &= wide - 1
		}
	}
	return true
}

// wideRune gives the length of the character of more than one byte at the start of b, or 0.
func wideRune(b []byte) int {
	if len(b) > 1 && b[0] >= 0xc2 && b[0] <= 0xdf && b[1]&0xc0 == 0x80 {
		return 2 // by far the commonest in Latin scripts, Greek, Cyrillic
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		return 0
	}
	return n
}

// Next gives the next record, or false at the end of the chunk.
func (p *Parser) Next() (rec Record, ok bool) {
	ok = p.Scan(&rec)
	return rec, ok
}

// Scan puts the next record into rec, or gives false at the end of the chunk. It spares the copying of
// [Parser.Next].
func (p *Parser) Scan(rec *Record) bool {
	if p.marked {
		clear(p.quoted[:p.n])
		p.marked = false
	}
	for p.pos < len(p.data) {
		start, line := p.pos, p.line
		text := p.cells(start)
		if text == start {
			continue // a blank line
		}
		rec.Fields = p.fields[:p.n]
		rec.Quoted = nil
		if p.marked {
			rec.Quoted = p.quoted[:p.n]
		}
		rec.Row, rec.Line = p.row, line
		rec.Raw = p.data[start:text]
		p.row++
		if p.badText || p.hasNUL {
			p.checkBytes(rec.Raw)
		}
		rec.Flaws = p.flaws
		return true
	}
	return false
}

// cells cuts the record that begins at the offset start into cells, passes its line end, and gives the end
// of its text.
func (p *Parser) cells(start int) int {
	p.flaws = 0
	p.scratch = p.scratch[:0]
	// What the loop changes is kept in registers, but for the way round by a quote.
	data, fields, n, delim, from := p.data, p.fields, 0, p.delim, start
	mask, base := p.mask, p.at+p.block<<6
	for {
		if mask == 0 {
			if p.block+1 < p.win.blocks {
				p.block++
				mask = p.win.seek[p.block&(windowBlocks-1)]
				base += 64
				continue
			}
			if mask = p.nextMask(); mask == 0 {
				p.n = n
				p.add(data[from:], false)
				return p.endRecord(start, len(data))
			}
			base = p.at + p.block<<6
		}
		at := base + bits.TrailingZeros64(mask)
		mask &= mask - 1
		b := data[at]
		if n < len(fields) {
			if b == delim {
				fields[n] = data[from:at:at]
				n++
				from = at + 1
				continue
			}
			if b == p.plainEnd {
				text := at
				if at > from && data[at-1] == '\r' {
					text--
				}
				fields[n] = data[from:text:text]
				p.n, p.mask, p.pos = n+1, mask, at+1
				p.line++
				return text
			}
		}
		p.mask, p.n = mask, n
		if b == delim || b == p.quote && p.quoting {
			at = p.otherCell(from, at)
			if at == len(data) || data[at] != delim {
				return p.endRecord(start, at)
			}
		} else {
			p.add(data[from:at:at], false)
			return p.endRecord(start, at)
		}
		from = at + 1
		fields, n = p.fields, p.n
		mask, base = p.mask, p.at+p.block<<6
	}
}

// nextMask goes to the next block that has bits, and gives them, or 0 at the end of the data.
func (p *Parser) nextMask() uint64 {
	for {
		p.block++
		if p.block >= p.win.blocks {
			end := p.at + p.win.blocks<<6
			if end >= len(p.data) {
				p.block = max(p.win.blocks-1, 0)
				return 0
			}
			p.fill(end)
		}
		if mask := p.win.seek[p.block]; mask != 0 {
			return mask
		}
	}
}

// take gives the offset of the next delimiter, quote or line end, or the end of the data, and passes it.
func (p *Parser) take() int {
	if p.mask == 0 {
		if p.mask = p.nextMask(); p.mask == 0 {
			return len(p.data)
		}
	}
	at := p.at + p.block<<6 + bits.TrailingZeros64(p.mask)
	p.mask &= p.mask - 1
	return at
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
		next = p.take() + 1 // the "\n" has a bit of its own
	}
	p.pos = next
	return text
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

// otherCell adds the cell from the offset from on, which has a quote at the offset at, or ends there and
// is one more than there is room for. It gives the offset of the delimiter or line end that ends the cell,
// and has passed it.
func (p *Parser) otherCell(from, at int) int {
	if at == from && at < len(p.data) && p.isQuote(at) {
		return p.quotedCell(from)
	}
	end := at
	for end < len(p.data) && p.isQuote(end) {
		p.flaws |= BareQuote
		end = p.take()
	}
	p.add(p.data[from:end:end], false)
	return end
}

func (p *Parser) isQuote(at int) bool { return p.quoting && p.data[at] == p.quote }

// quotedCell adds the cell that opens with a quote at the offset open, which has been passed.
func (p *Parser) quotedCell(open int) int {
	closed, escaped := p.closeQuote(open + 1)
	end := p.take()
	for end < len(p.data) && p.isQuote(end) {
		end = p.take()
	}
	cell := p.data[open+1 : closed]
	if escaped {
		cell = p.unescape(cell)
	}
	if end > closed+1 {
		cell = p.withStray(cell, closed+1, end)
	}
	p.add(cell[:len(cell):len(cell)], true)
	return end
}

// closeQuote finds the quote that closes the cell whose text begins at the offset text, and passes it. It
// counts the lines inside, and says whether there are escapes. Without a closing quote it gives the end of
// the data.
func (p *Parser) closeQuote(text int) (closed int, escaped bool) {
	data, quote := p.data, p.quote
	mask, base := p.mask, p.at+p.block<<6
	skip := 0
	for {
		if mask == 0 {
			if mask = p.nextMask(); mask == 0 {
				p.mask = 0
				p.flaws |= UnclosedQuote
				return len(data), true
			}
			base = p.at + p.block<<6
		}
		at := base + bits.TrailingZeros64(mask)
		mask &= mask - 1
		if data[at] != quote {
			p.countLine(at)
			continue
		}
		switch {
		case at < skip:
		case p.backslash && oddBackslashes(data[text:at]):
			text = at + 1
		case at+1 < len(data) && data[at+1] == quote:
			escaped, skip, text = true, at+2, at+2
		default:
			p.mask = mask
			return at, escaped || p.backslash
		}
	}
}

// countLine counts what is at the offset at, inside quotes, if it ends a line.
func (p *Parser) countLine(at int) {
	switch b := p.data[at]; {
	case b == '\n':
		p.line++
	case b == '\r' && p.universal && (at+1 == len(p.data) || p.data[at+1] != '\n'):
		p.line++
	}
}

// withStray gives the text of a quoted cell with what stands between its closing quote and its end, if
// that is more than the "\r" of the line end.
func (p *Parser) withStray(cell []byte, from, end int) []byte {
	stray := p.data[from:end]
	if n := len(stray); stray[n-1] == '\r' && !p.universal && (end == len(p.data) || p.data[end] == '\n') {
		stray = stray[:n-1]
	}
	if len(stray) == 0 {
		return cell
	}
	p.flaws |= StrayText
	first := len(p.scratch)
	p.scratch = append(append(p.scratch, cell...), stray...)
	return p.scratch[first:]
}

// unescape gives the text of a quoted cell without its escapes, in the parser's scratch.
func (p *Parser) unescape(text []byte) []byte {
	first := len(p.scratch)
	for i := 0; i < len(text); i++ {
		b := text[i]
		if i+1 < len(text) {
			// closeQuote has seen to it that each quote inside is one of these.
			switch next := text[i+1]; {
			case b == p.quote && next == b, p.backslash && b == '\\' && (next == p.quote || next == b):
				b = next
				i++
			}
		}
		p.scratch = append(p.scratch, b)
	}
	return p.scratch[first:]
}
