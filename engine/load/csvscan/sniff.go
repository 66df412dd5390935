package csvscan

import "bytes"

const (
	dialectSample = 256 << 10 // bytes of text that the delimiter and quote are told from
	cellSample    = 500       // records whose cells are looked at
)

// candidates for the delimiter, the likelier first.
var (
	commonDelimiters = []byte{',', ';', '\t', '|'}
	rareDelimiters   = []byte{':', '^'}
)

// sniffed is one way to read a sample, and how well it fits.
type sniffed struct {
	d       Dialect
	records int
	columns int     // the usual number of cells
	share   float64 // of the records that have it
	flaws   int     // records with quoting flaws, and a quote that is not closed
	quoted  int     // cells quoted and without flaws
	clean   float64 // share of the cells that look like one value
	score   float64
}

// sniff finds the dialect of a sample, which is the whole text if whole. The parts of force that are not
// zero are taken as they are. It looks at dialectSample bytes of it at most.
func sniff(sample []byte, whole bool, force Dialect) Dialect {
	if len(sample) > dialectSample {
		sample, whole = sample[:dialectSample], false
	}
	best := sniffLines(sample, whole, force, lineEnd(sample))
	if force.LineEnd != "" || !loneCarriage(sample) {
		return best.d
	}
	other := sniffLines(sample, whole, force, Mixed)
	// A "\r" that is text tears records apart; one that ends them makes more of them, all alike.
	alike := other.columns > 1 && other.share >= best.share && other.flaws <= best.flaws
	if alike || other.score > best.score+0.001 || bytes.IndexByte(sample, '\n') < 0 {
		best = other
		if onlyCarriage(sample, best.d) {
			best.d.LineEnd = CR
		}
	}
	return best.d
}

// onlyCarriage says whether all lines of the sample end with "\r".
func onlyCarriage(sample []byte, d Dialect) bool {
	p := NewParser(d)
	p.reset(sample, 1, 1)
	for _, ok := p.Next(); ok; _, ok = p.Next() {
		if p.pos < len(sample) && sample[p.pos-1] == '\n' {
			return false
		}
	}
	return true
}

// lineEnd gives the commoner of LF and CRLF.
func lineEnd(sample []byte) string {
	if n := bytes.Count(sample, crlf); n > 0 && 2*n >= bytes.Count(sample, newline) {
		return CRLF
	}
	return LF
}

// loneCarriage says whether there is a "\r" without a "\n", other than as the last byte.
func loneCarriage(sample []byte) bool {
	if len(sample) > 0 && sample[len(sample)-1] == '\r' && bytes.IndexByte(sample, '\n') >= 0 {
		sample = sample[:len(sample)-1]
	}
	return bytes.Count(sample, carriage) > bytes.Count(sample, crlf)
}

// sniffLines finds the best dialect whose lines end so.
func sniffLines(sample []byte, whole bool, force Dialect, end string) sniffed {
	base := Dialect{Header: force.Header, Encoding: force.Encoding, Compression: force.Compression, LineEnd: end}
	if force.LineEnd != "" {
		base.LineEnd = force.LineEnd
	}
	if force.Delimiter != 0 {
		base.Delimiter = force.Delimiter
		return sniffQuotes(sample, whole, force, base)
	}
	var best sniffed
	for i, delim := range commonDelimiters {
		if i > 0 && bytes.IndexByte(sample, delim) < 0 {
			continue
		}
		base.Delimiter = delim
		got := sniffQuotes(sample, whole, force, base)
		if i == 0 || got.score > best.score {
			best = got
		}
	}
	if best.columns > 1 && best.share > 0.5 {
		return best
	}
	for _, delim := range rareDelimiters {
		if bytes.IndexByte(sample, delim) < 0 {
			continue
		}
		base.Delimiter = delim
		got := sniffQuotes(sample, whole, force, base)
		if got.records >= 2 && got.columns >= 2 && got.share == 1 && got.flaws == 0 &&
			(delim != ':' || colonsSeparate(sample)) {
			return got
		}
	}
	return best
}

// sniffQuotes finds the quote and escape for a delimiter. The double quote, doubled inside, is assumed
// unless the sample speaks for another.
func sniffQuotes(sample []byte, whole bool, force, base Dialect) sniffed {
	quotes := []byte{'"', '\''}
	switch force.Quote {
	case 0:
	case NoQuote:
		base.Quote, base.Escape = 0, 0
		return fit(sample, whole, base)
	default:
		quotes = []byte{force.Quote}
	}
	var best sniffed
	for _, quote := range quotes {
		if quote == base.Delimiter {
			continue
		}
		base.Quote = quote
		got := sniffEscape(sample, whole, force, base)
		if best.d.Quote == 0 {
			best = got
			continue
		}
		// Apostrophes are common: they are quotes only if they are so without fault, and nothing else is.
		if got.quoted > 0 && got.flaws == 0 && best.quoted == 0 &&
			(got.score > best.score || got.score == best.score && got.quoted >= got.records) {
			best = got
		}
	}
	return best
}

func sniffEscape(sample []byte, whole bool, force, base Dialect) sniffed {
	if force.Escape != 0 {
		base.Escape = force.Escape
		return fit(sample, whole, base)
	}
	base.Escape = base.Quote
	doubled := fit(sample, whole, base)
	if base.Delimiter == '\\' || !bytes.Contains(sample, []byte{'\\', base.Quote}) {
		return doubled
	}
	base.Escape = '\\'
	if slashed := fit(sample, whole, base); slashed.flaws < doubled.flaws && slashed.score >= doubled.score {
		return slashed
	}
	return doubled
}

// fit reads the sample in a dialect and scores it.
func fit(sample []byte, whole bool, d Dialect) sniffed {
	got := sniffed{d: d}
	c := newCutter(d)
	found := c.scan(sample, whole)
	text := sample[:found.end]
	if found.end == 0 {
		text = sample
	}
	if found.open >= 0 {
		got.flaws++
	}
	var widths [256]int
	var cells, clean int
	p := NewParser(d)
	p.reset(text, 1, 1)
	first := 0
	for {
		rec, ok := p.Next()
		if !ok {
			break
		}
		n := len(rec.Fields)
		if got.records == 0 {
			first = n
		}
		got.records++
		widths[min(n, len(widths)-1)]++
		if rec.Flaws&(BareQuote|StrayText|UnclosedQuote) != 0 {
			got.flaws++
		} else {
			for _, q := range rec.Quoted {
				if q {
					got.quoted++
				}
			}
		}
		if got.records <= cellSample {
			for i, f := range rec.Fields {
				cells++
				if rec.IsQuoted(i) || oneValue(f, d.Delimiter) {
					clean++
				}
			}
		}
	}
	if got.records == 0 {
		return got
	}
	for n, count := range widths {
		if count > 0 && count >= widths[got.columns] {
			got.columns = n
		}
	}
	records := float64(got.records)
	got.share = float64(widths[got.columns]) / records
	got.clean = float64(clean) / float64(cells)
	got.score = got.share + 0.05*got.clean - float64(got.flaws)/records
	if first == got.columns {
		got.score += 0.1
	}
	if found.open >= 0 {
		got.score -= 1 - float64(found.end)/float64(len(sample))
	}
	if got.columns < 2 {
		// One column fits any text without the delimiter: it is right only if nothing else is.
		got.score -= 0.5
	}
	got.score += 0.001 * float64(min(got.columns, 20))
	return got
}

// oneValue says whether an unquoted cell looks like one value: no other delimiter in it, but for a decimal
// comma or a comma in prose, and no space before it.
func oneValue(cell []byte, delim byte) bool {
	if len(cell) == 0 {
		return true
	}
	if cell[0] == ' ' {
		return false
	}
	for i, b := range cell {
		switch b {
		case delim:
		case ';', '\t', '|', '\r':
			return false
		case ',':
			prose := i+1 < len(cell) && cell[i+1] == ' '
			decimal := i > 0 && i+1 < len(cell) && digit(cell[i-1]) && digit(cell[i+1])
			if !prose && !decimal {
				return false
			}
		}
	}
	return true
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// colonsSeparate says whether the colons of a sample are neither those of times and addresses nor those of
// prose.
func colonsSeparate(sample []byte) bool {
	naked, other := 0, 0
	for i, b := range sample {
		if b != ':' {
			continue
		}
		rest := sample[i+1:]
		clock := i > 0 && digit(sample[i-1]) && len(rest) > 1 && digit(rest[0]) && digit(rest[1]) &&
			(len(rest) == 2 || !digit(rest[2]))
		if clock || bytes.HasPrefix(rest, []byte("//")) || bytes.HasPrefix(rest, []byte(" ")) {
			other++
		} else {
			naked++
		}
	}
	return naked > 4*other
}

var (
	newline  = []byte{'\n'}
	carriage = []byte{'\r'}
	crlf     = []byte{'\r', '\n'}
)
