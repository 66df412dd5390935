package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"strings"
	"sync"

	"pipewright/engine"
)

// copyHeader opens PostgreSQL's binary COPY format (its manual, COPY, "Binary Format"); copyTrailer closes it.
var (
	copyHeader  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	copyTrailer = []byte{0xff, 0xff}
)

// copyQueue is how many buffers wait for the connection.
const copyQueue = 2

// copyIn is one running COPY … FROM STDIN. Its Read feeds the connection.
type copyIn struct {
	ctx   context.Context
	queue chan []byte
	free  chan []byte
	now   []byte // being read
	buf   []byte // what now is part of
	ended bool   // the trailer has been given out

	once sync.Once
	why  error         // set before quit is closed
	quit chan struct{} // closed by abort
	done chan struct{} // closed when the server has answered
	err  error         // set before done is closed
}

// startCopy opens the COPY on first use.
func (s *LoadSink) startCopy(ctx context.Context) {
	c := &copyIn{
		ctx: ctx, queue: make(chan []byte, copyQueue), free: make(chan []byte, copyQueue+2),
		now: copyHeader, quit: make(chan struct{}), done: make(chan struct{}),
	}
	s.copy = c
	go func() {
		defer close(c.done)
		_, c.err = s.pg.CopyFrom(ctx, c, s.copySQL())
	}()
}

func (s *LoadSink) copySQL() string {
	into, names := s.table.ident, []string{}
	if s.stage != "" {
		into = s.stage
	} else if s.ids != nil {
		names = append(names, ident(s.ids.column))
	}
	for _, c := range s.target.Columns {
		names = append(names, ident(c.Name))
	}
	return "COPY " + into + " (" + strings.Join(names, ", ") + ") FROM STDIN (FORMAT binary)"
}

// Read implements io.Reader for pgconn, which calls it on a goroutine of its own.
func (c *copyIn) Read(p []byte) (int, error) {
	for len(c.now) == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if c.buf != nil {
			select {
			case c.free <- c.buf[:0]:
			default:
			}
			c.buf = nil
		}
		select {
		case b, ok := <-c.queue:
			if !ok {
				c.now, c.ended = copyTrailer, true
				continue
			}
			c.now, c.buf = b, b
		case <-c.quit:
			return 0, c.why
		case <-c.ctx.Done():
			return 0, c.ctx.Err()
		}
	}
	n := copy(p, c.now)
	c.now = c.now[n:]
	return n, nil
}

// abort makes the server forget what was sent. The queue must not be used afterwards.
func (c *copyIn) abort(why error) {
	c.once.Do(func() {
		c.why = why
		close(c.quit)
	})
}

// Write implements load.Sink.
func (s *LoadSink) Write(ctx context.Context, rows []byte, ends []int32) error {
	if s.copy == nil {
		s.startCopy(ctx)
	}
	if s.ids != nil && s.stage == "" {
		if err := s.ids.number(rows, ends); err != nil {
			return err
		}
	}
	var buf []byte
	select {
	case buf = <-s.copy.free:
	default:
	}
	const usual = 8 << 20
	if cap(buf) > usual {
		buf = nil
	}
	buf = append(buf, rows...)
	select {
	case s.copy.queue <- buf:
	case <-s.copy.done:
		return s.told(s.copyError())
	case <-ctx.Done():
		return s.told(ctx.Err())
	}
	s.rows += int64(len(ends))
	return nil
}

func (s *LoadSink) copyError() error {
	if s.copy.err != nil {
		return s.copy.err
	}
	return &engine.Error{Kind: engine.Failed, What: "the server ended the COPY early", Where: s.target.Name}
}

// endCopy waits until the server has all rows.
func (s *LoadSink) endCopy(ctx context.Context) error {
	c := s.copy
	if c == nil {
		return ctx.Err()
	}
	close(c.queue)
	<-c.done // cancelling ctx ends it, through pgconn
	s.copy = nil
	return c.err
}

// number writes the ids into rows, each of which begins with the count of its fields and the id.
func (r *idRange) number(rows []byte, ends []int32) error {
	start := int32(0)
	for _, end := range ends {
		if r.next > r.max {
			return &engine.Error{
				Kind: engine.Failed, What: "the sequence of " + r.column + " has no numbers left; the table is as it was",
				Next: "make the column a bigint and raise the sequence's MAXVALUE",
			}
		}
		if r.width == 4 {
			binary.BigEndian.PutUint32(rows[start+6:], uint32(r.next))
		} else {
			binary.BigEndian.PutUint64(rows[start+6:], uint64(r.next))
		}
		r.last = r.next
		r.next += r.step
		start = end
	}
	return nil
}
