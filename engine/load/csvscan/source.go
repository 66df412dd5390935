package csvscan

import (
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
)

// The sizes that [Options] default to, in bytes.
const (
	DefaultChunkSize = 256 << 10
	DefaultMaxRecord = 16 << 20
	minChunkSize     = 16
	prefixSize       = 1 << 20
	freeBuffers      = 32
)

// HeaderRule says whether the first record holds names.
type HeaderRule uint8

// The rules for a header.
const (
	HeaderSniffed HeaderRule = iota // by its looks, unless Options.Dialect says that there is one
	HeaderPresent
	HeaderAbsent
)

// Options says what is known of a text beforehand. The zero value is good.
type Options struct {
	Name string // for errors: the path as given; "-" or "" is standard input
	Size int64  // stored bytes, 0 when unknown
	// Dialect forces parts of the dialect: each part that is not zero. A Header of true forces one; to
	// force its absence use Header below. Compression is always found by content.
	Dialect *Dialect
	Header  HeaderRule
	// ChunkSize is the usual length of a chunk, DefaultChunkSize when 0; chunks are longer only where a
	// record is.
	ChunkSize int
	// MaxRecord is the length in decoded bytes past which a record is refused, DefaultMaxRecord when 0.
	MaxRecord int
	// MaxColumns is the most columns that a header may name, MaxFields when 0.
	MaxColumns int
	// A compressed text is refused as a bomb once it has more than MaxExpanded decoded bytes (1 GiB when
	// 0) and more than MaxRatio decoded bytes for each stored one (1000 when 0).
	MaxRatio    int
	MaxExpanded int64
	// Tee, when set, is given the decoded text as it is read: UTF-8, without a byte order mark. It must
	// not fail.
	Tee io.Writer
}

func (o Options) withDefaults() Options {
	if o.ChunkSize == 0 {
		o.ChunkSize = DefaultChunkSize
	}
	o.ChunkSize = max(o.ChunkSize, minChunkSize)
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.MaxColumns <= 0 || o.MaxColumns > MaxFields {
		o.MaxColumns = MaxFields
	}
	if o.MaxRatio <= 0 {
		o.MaxRatio = 1000
	}
	if o.MaxExpanded <= 0 {
		o.MaxExpanded = 1 << 30
	}
	if o.Name == "" || o.Name == "-" {
		o.Name = "standard input"
	}
	return o
}

// Source cuts a text into chunks of whole records. Next is for one goroutine; Read and Chunk.Release are
// for any.
type Source struct {
	o       Options
	d       Dialect
	stored  *counter
	in      io.Reader // the decoded text
	skip    int       // bytes of it to pass over at the start
	cut     cutter
	header  []string
	free    chan []byte
	pending *Chunk
	err     error // what Next gives from now on

	buf   []byte // the buffer being filled; its first n bytes are text
	n     int
	eof   bool
	index int
	row   int64 // of the first record in buf
	line  int64 // on which buf begins

	file     io.Closer
	unpacker func() // frees the decompressor
	reading  sync.Mutex
	closed   atomic.Bool
}

// Chunk is a run of whole records as decoded UTF-8.
type Chunk struct {
	Data      []byte
	Index     int   // 0-based
	FirstRow  int64 // data row of its first record; the file's first is 1, the header not counted
	FirstLine int64 // physical line on which Data begins; the file's first is 1
	Rows      int64 // how many records it holds, at least 1
	src       *Source
	buf       []byte
}

// Release gives the chunk's buffer back. The chunk and its records must not be used afterwards.
func (c *Chunk) Release() {
	if c.src == nil {
		return
	}
	c.src.giveBack(c.buf)
	c.Data, c.buf, c.src = nil, nil, nil
}

// Dialect is what was found and forced.
func (s *Source) Dialect() Dialect { return s.d }

// Header gives the columns' names as they stand in the header, or column_1, column_2 … without one. It
// is empty only when the text has neither header nor rows.
func (s *Source) Header() []string { return s.header }

// Read gives the stored bytes consumed so far. It is safe for concurrent use.
func (s *Source) Read() int64 { return s.stored.n.Load() }

// Size gives the stored bytes in all, or 0 when that is unknown.
func (s *Source) Size() int64 { return s.o.Size }

// Close closes the file that OpenFile opened, which ends a Next that waits for it, and frees what
// decompression holds. It may be called while Next runs. Chunks stay valid.
func (s *Source) Close() error {
	var err error
	if !s.closed.Swap(true) && s.file != nil {
		err = s.file.Close()
	}
	s.release()
	return err
}

// release frees the decompressor once nobody reads from it.
func (s *Source) release() {
	if !s.reading.TryLock() {
		return // Next does it when it is done
	}
	defer s.reading.Unlock()
	if s.unpacker != nil {
		s.unpacker()
		s.unpacker = nil
	}
}

// Next gives the next chunk, or io.EOF after the last. Any other error is an *engine.Error and final.
func (s *Source) Next() (*Chunk, error) {
	if c := s.pending; c != nil {
		s.pending = nil
		return c, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	if s.closed.Load() {
		return nil, s.broken(fs.ErrClosed, cut{})
	}
	s.reading.Lock()
	c, err := s.next()
	s.err = err
	s.reading.Unlock()
	if s.closed.Load() {
		s.release()
	}
	return c, err
}

func (s *Source) next() (*Chunk, error) {
	for {
		if s.buf == nil {
			s.buf = s.take(s.o.ChunkSize)
		}
		if err := s.pass(); err != nil {
			return nil, s.broken(err, cut{})
		}
		readErr := s.fill()
		found := s.cut.scan(s.buf[:s.n], s.eof)
		if readErr != nil {
			return nil, s.broken(readErr, found)
		}
		if s.eof && found.open >= 0 {
			return nil, s.unclosed(found)
		}
		if found.end == 0 {
			if s.eof {
				return nil, io.EOF
			}
			if s.n >= s.o.MaxRecord {
				return nil, s.tooLong(found)
			}
			s.grow()
			continue
		}
		if c := s.emit(found); c != nil {
			return c, nil
		}
	}
}

// pass goes over what comes before the first record.
func (s *Source) pass() error {
	if s.skip == 0 {
		return nil
	}
	_, err := io.CopyN(io.Discard, s.in, int64(s.skip))
	s.skip = 0
	return err
}

// fill reads until the buffer is full or the text ends.
func (s *Source) fill() error {
	for s.n < len(s.buf) && !s.eof {
		k, err := s.in.Read(s.buf[s.n:])
		s.n += k
		if err == io.EOF {
			s.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// emit makes a chunk of what was found and moves the rest to a new buffer. It gives nil when there were
// only blank lines.
func (s *Source) emit(found cut) *Chunk {
	buf, rest := s.buf, s.buf[found.end:s.n]
	c := &Chunk{
		Data: buf[:found.end], Index: s.index, FirstRow: s.row, FirstLine: s.line,
		Rows: found.rows, src: s, buf: buf,
	}
	s.row += found.rows
	s.line += found.lines
	if found.rows == 0 {
		s.n = copy(buf, rest)
		return nil
	}
	s.index++
	s.buf = s.take(max(s.o.ChunkSize, 2*len(rest)))
	s.n = copy(s.buf, rest)
	return c
}

// grow doubles the buffer, up to a little more than the longest record.
func (s *Source) grow() {
	size := min(2*len(s.buf), max(s.o.MaxRecord, len(s.buf)+1))
	bigger := s.take(size)
	s.n = copy(bigger, s.buf[:s.n])
	s.giveBack(s.buf)
	s.buf = bigger
}

func (s *Source) take(size int) []byte {
	if size <= s.o.ChunkSize {
		select {
		case b := <-s.free:
			return b
		default:
		}
	}
	return make([]byte, size)
}

// giveBack keeps buffers of the usual size for reuse; longer ones are left to the collector.
func (s *Source) giveBack(b []byte) {
	if cap(b) != s.o.ChunkSize {
		return
	}
	select {
	case s.free <- b[:cap(b)]:
	default:
	}
}
