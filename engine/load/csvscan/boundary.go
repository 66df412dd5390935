package csvscan

import "math/bits"

// cutter finds where records end, without splitting them into cells. It agrees with [Parser] on every
// byte.
type cutter struct {
	delim, quote byte
	// What to look for: the quote and "\r" where they mean something, else "\n" once more.
	seekQuote, seekReturn byte

	quoting   bool
	backslash bool
	universal bool
}

func newCutter(d Dialect) cutter {
	c := cutter{
		delim: d.Delimiter, quote: d.Quote, seekQuote: '\n', seekReturn: '\n',
		quoting:   d.Quote != 0 && d.Quote != NoQuote,
		backslash: d.Escape == '\\',
		universal: d.universal(),
	}
	if c.quoting {
		c.seekQuote = c.quote
	}
	if c.universal {
		c.seekReturn = '\r'
	}
	return c
}

// cut is what a scan found.
type cut struct {
	end      int   // after the last whole record
	rows     int64 // records before end
	lines    int64 // physical lines before end
	open     int   // offset of a quote that is not closed in the data, or -1
	openLine int64 // lines before the open quote
}

// scan finds the last whole record of data, which begins at a record. With eof the last record needs no
// line end.
func (c *cutter) scan(data []byte, eof bool) cut {
	r := run{cutter: c, data: data, eof: eof, cut: cut{open: -1}}
	var w window
	for from := 0; from < len(data); from += windowBlocks * 64 {
		w.look(data[from:], c.seekQuote, c.seekQuote, c.seekReturn)
		for i, mask := range w.seek[:w.blocks] {
			for base := from + i<<6; mask != 0; mask &= mask - 1 {
				at := base + bits.TrailingZeros64(mask)
				b := data[at]
				switch {
				case b == '\n' && r.open < 0 && !c.universal: // by far the commonest
					r.endRecord(at, at+1)
				case at < r.skip:
				case b == c.quote && c.quoting:
					r.atQuote(at)
				default:
					r.atLineEnd(at)
				}
			}
		}
	}
	if eof && r.open < 0 && r.start < len(data) {
		r.endRecord(len(data), len(data))
	}
	return r.cut
}

// run is a scan on its way.
type run struct {
	*cutter
	cut
	data  []byte
	eof   bool
	start int   // where the current record begins
	text  int   // inside quotes: where a run of backslashes may begin
	skip  int   // bytes before it have been dealt with
	seen  int64 // physical lines so far
}

func (r *run) atQuote(at int) {
	switch {
	case r.open < 0:
		if at == r.start || r.data[at-1] == r.delim {
			r.open, r.openLine, r.text = at, r.seen, at+1
		}
	case r.backslash && oddBackslashes(r.data[r.text:at]):
		r.text = at + 1
	case at+1 < len(r.data) && r.data[at+1] == r.quote:
		r.skip, r.text = at+2, at+2
	default:
		r.open = -1
	}
}

func (r *run) atLineEnd(at int) {
	next := at + 1
	if r.data[at] == '\r' {
		switch {
		case next < len(r.data) && r.data[next] == '\n':
			next++
			r.skip = next
		case next == len(r.data) && !r.eof:
			return // the "\n" of a "\r\n" may still come
		}
	}
	if r.open >= 0 {
		r.seen++
		return
	}
	r.endRecord(at, next)
}

// endRecord ends the record, or the blank line, whose text ends at the offset at.
func (r *run) endRecord(at, next int) {
	r.seen++
	if at != r.start && (r.universal || at != r.start+1 || r.data[r.start] != '\r') {
		r.rows++
	}
	r.end, r.lines, r.start = next, r.seen, next
}

func oddBackslashes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
