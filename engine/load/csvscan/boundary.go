package csvscan

import "bytes"

// cutter finds where records end, without splitting them into cells. It agrees with [Parser] on every
// byte.
type cutter struct {
	delim, quote byte
	quoting      bool
	backslash    bool
	universal    bool
}

func newCutter(d Dialect) cutter {
	return cutter{
		delim:     d.Delimiter,
		quote:     d.Quote,
		quoting:   d.Quote != 0 && d.Quote != NoQuote,
		backslash: d.Escape == '\\',
		universal: d.universal(),
	}
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
	res := cut{open: -1}
	var lines int64 // up to pos
	pos, start := 0, 0
	quote := c.nextQuote(data, 0)
	for {
		end, next := c.lineEnd(data, pos, eof)
		if quote < end {
			after, inside := c.skipQuoted(data, &quote, start, end)
			if after < 0 {
				res.open, res.openLine = quote, lines+inside
				return res
			}
			lines += inside
			if after > end {
				pos = after
				continue
			}
		}
		if next < 0 {
			break
		}
		lines++
		if !c.blank(data, start, end) {
			res.rows++
		}
		res.end, res.lines = next, lines
		pos, start = next, next
	}
	if eof && start < len(data) {
		res.end = len(data)
		res.lines = lines + 1
		if !c.blank(data, start, len(data)) {
			res.rows++
		}
	}
	return res
}

// skipQuoted passes the quoted cells that open before end. It returns the offset after the last of them
// (0 if there was none, -1 if it is not closed, with *quote at its opening) and the lines that they held,
// and leaves *quote at the next quote.
func (c *cutter) skipQuoted(data []byte, quote *int, start, end int) (after int, lines int64) {
	for *quote < end {
		q := *quote
		if q != start && data[q-1] != c.delim {
			*quote = c.nextQuote(data, q+1)
			continue
		}
		closed := c.closing(data, q+1)
		if closed < 0 {
			return -1, lines
		}
		lines += c.countLines(data[q:closed])
		after = closed
		*quote = c.nextQuote(data, closed)
		if closed > end {
			return after, lines
		}
	}
	return after, lines
}

// lineEnd finds the next line end at or after pos: where it begins and where the next line begins, or
// len(data) and -1.
func (c *cutter) lineEnd(data []byte, pos int, eof bool) (end, next int) {
	if !c.universal {
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			return pos + i, pos + i + 1
		}
		return len(data), -1
	}
	i := indexEither(data, pos, '\n', '\r')
	switch {
	case i == len(data):
		return i, -1
	case data[i] == '\n':
		return i, i + 1
	case i+1 < len(data):
		if data[i+1] == '\n' {
			return i, i + 2
		}
		return i, i + 1
	case eof:
		return i, i + 1
	}
	// The "\n" of a "\r\n" may still come.
	return len(data), -1
}

func (c *cutter) blank(data []byte, start, end int) bool {
	return end == start || !c.universal && end == start+1 && data[start] == '\r'
}

// closing gives the offset after the quote that closes the cell whose text begins at i, or -1.
func (c *cutter) closing(data []byte, i int) int {
	first := i
	for {
		j := bytes.IndexByte(data[i:], c.quote)
		if j < 0 {
			return -1
		}
		j += i
		if c.backslash && oddBackslashes(data[first:j]) {
			i = j + 1
			first = i
			continue
		}
		if j+1 < len(data) && data[j+1] == c.quote {
			i = j + 2
			first = i
			continue
		}
		return j + 1
	}
}

func oddBackslashes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (c *cutter) nextQuote(data []byte, from int) int {
	if !c.quoting {
		return len(data)
	}
	if i := bytes.IndexByte(data[from:], c.quote); i >= 0 {
		return from + i
	}
	return len(data)
}

func (c *cutter) countLines(b []byte) int64 {
	n := bytes.Count(b, newline)
	if c.universal {
		n += bytes.Count(b, carriage) - bytes.Count(b, crlf)
	}
	return int64(n)
}

var (
	newline  = []byte{'\n'}
	carriage = []byte{'\r'}
	crlf     = []byte{'\r', '\n'}
)
