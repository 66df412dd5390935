package csvscan

import (
	"bytes"
	"io"
	"strconv"

	"pipewright/engine"
)

// Open finds out how r is stored and written and gives a source of its records. It reads at most 1 MiB of
// unpacked bytes ahead, never seeks and never reads a byte twice. Errors are *engine.Error.
func Open(r io.Reader, o Options) (*Source, error) {
	o = o.withDefaults()
	s := &Source{o: o, stored: &counter{r: r}, free: make(chan []byte, freeBuffers), row: 1, line: 1}
	if err := s.open(); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Source) open() error {
	force := s.forced()
	if e := force.check(); e != nil {
		return e
	}
	unpacked, err := s.unpack()
	if err != nil {
		return err
	}
	prefix, err := readPrefix(unpacked)
	whole := err == io.EOF
	if !whole && err != nil {
		unpacked = &failing{err}
	}
	enc, mark, err := s.encoding(prefix, whole, force.Encoding)
	if err != nil {
		return err
	}
	prefix = prefix[mark:]
	s.d.Encoding = enc
	s.in = io.MultiReader(bytes.NewReader(prefix), unpacked)
	sample := prefix
	if enc != UTF8 && enc != UTF8BOM {
		s.in = newTranscoder(enc, s.in)
		sample = toUTF8(enc, prefix)
	}
	if looksBinary(sample, true, force.Delimiter) {
		return s.notText("binary data")
	}
	if s.o.Tee != nil {
		s.in = io.TeeReader(s.in, s.o.Tee)
	}
	s.choose(sample, whole, force)
	s.cut = newCutter(s.d)
	return s.readHeader()
}

// readPrefix reads up to prefixSize bytes, and gives the error that ended them, if one did.
func readPrefix(r io.Reader) ([]byte, error) {
	b := make([]byte, 0, prefixSize/16)
	for len(b) < prefixSize {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, 4*cap(b)), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// forced gives the parts of the dialect that are told.
func (s *Source) forced() Dialect {
	if s.o.Dialect != nil {
		return *s.o.Dialect
	}
	return Dialect{}
}

// choose settles the dialect.
func (s *Source) choose(sample []byte, whole bool, force Dialect) {
	force.Encoding, force.Compression = s.d.Encoding, s.d.Compression
	if delim, rest, ok := excelHint(sample); ok {
		s.skip = len(sample) - len(rest)
		s.line++
		sample = rest
		if force.Delimiter == 0 {
			force.Delimiter = delim
		}
	}
	s.d = sniff(sample, whole, force)
	switch {
	case s.o.Header == HeaderPresent, s.o.Header == HeaderSniffed && force.Header:
		s.d.Header = true
	case s.o.Header == HeaderAbsent:
		s.d.Header = false
	default:
		s.d.Header = sniffHeader(sample, whole, s.d)
	}
}

// excelHint knows the line "sep=;" with which Excel is told the delimiter. It is no record.
func excelHint(sample []byte) (delim byte, rest []byte, ok bool) {
	const hint = "sep="
	if !hasPrefix(sample, hint) || len(sample) < len(hint)+2 {
		return 0, nil, false
	}
	delim, rest = sample[len(hint)], sample[len(hint)+1:]
	switch {
	case delim < ' ' && delim != '\t' || delim >= 0x7f || delim == '"':
		return 0, nil, false
	case rest[0] == '\n':
		return delim, rest[1:], true
	case hasPrefix(rest, "\r\n"):
		return delim, rest[2:], true
	}
	return 0, nil, false
}

// failing is a reader that has broken off.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// readHeader takes the names off the first chunk.
func (s *Source) readHeader() error {
	c, err := s.Next()
	if err == io.EOF {
		return s.empty()
	}
	if err != nil {
		return err
	}
	p := NewParser(s.d)
	p.Reset(c)
	rec, _ := p.Next()
	if n := len(rec.Fields); n > s.o.MaxColumns || rec.Flaws&TooManyFields != 0 {
		return s.tooWide(n, rec)
	}
	s.header = make([]string, len(rec.Fields))
	for i, f := range rec.Fields {
		s.header[i] = "column_" + strconv.Itoa(i+1)
		if s.d.Header {
			s.header[i] = string(f)
		}
	}
	if !s.d.Header {
		s.pending = c
		return nil
	}
	s.row--
	c.Rows--
	c.FirstLine = p.line
	if c.Rows == 0 {
		c.Release()
		s.index = 0
		return nil
	}
	c.Data = c.Data[p.pos:]
	s.pending = c
	return nil
}

func (s *Source) empty() error {
	e := &engine.Error{
		Kind: engine.Failed, What: "the file is empty", Where: s.o.Name,
		Next: "give a file with a header and rows",
	}
	if s.stored.n.Load() > 0 {
		e.What = "the file has no rows, only blank lines"
		if s.d.Compression != "" && s.line == 1 {
			e.What = "the file is empty once unpacked"
		}
	}
	return e
}
