package csvscan

import (
	"io"
	"strconv"
	"sync/atomic"
)

// counter counts the stored bytes that are read.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// intake gives the decoded text.
type intake struct{ io.Reader }

// Open finds out how r is stored and written and gives a source of its records. It reads at most 1 MiB of
// decoded text ahead, never seeks and never reads a byte twice. Errors are *engine.Error.
func Open(r io.Reader, o Options) (*Source, error) {
	o = o.withDefaults()
	s := &Source{
		o: o, d: Default(), stored: &counter{r: r},
		free: make(chan []byte, freeBuffers), row: 1, line: 1,
	}
	s.in = &intake{s.stored}
	s.d.Header = true
	s.cut = newCutter(s.d)
	if err := s.readHeader(); err != nil {
		return nil, err
	}
	return s, nil
}

// readHeader takes the names off the first chunk.
func (s *Source) readHeader() error {
	c, err := s.Next()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	p := NewParser(s.d)
	p.Reset(c)
	rec, _ := p.Next()
	for i, f := range rec.Fields {
		if s.d.Header {
			s.header = append(s.header, string(f))
		} else {
			s.header = append(s.header, "column_"+strconv.Itoa(i+1))
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
