package query

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"

	"pipewright/engine"
)

// A spool keeps every spoolStep-th row's place, so that a row is found by reading at most that many. It
// runs spoolAhead bytes ahead of what has been asked for.
const (
	spoolStep  = 256
	spoolAhead = 256 << 20
)

// spool holds a result in a file without a name, written while the statement runs and read at any place.
// Its statement runs ahead, so that the connection is soon free of it.
type spool struct {
	columns []engine.Column
	cancel  context.CancelFunc
	gone    chan struct{} // closed when the statement has ended

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at each change
	f       *os.File
	places  []int64 // of rows 0, spoolStep, 2 × spoolStep …
	total   int64   // rows in the file
	size    int64   // bytes in the file
	asked   int64   // size up to which rows have been asked for
	ended   bool
	err     error
}

// openSpool starts a statement and waits until it shows its columns.
func openSpool(ctx context.Context, c Conn, sql string) (*spool, error) {
	f, err := unnamedFile()
	if err != nil {
		return nil, &engine.Error{Kind: engine.Failed, What: "no file could be made for the result: " + err.Error(), Next: "free some disk space", Err: err}
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &spool{cancel: cancel, gone: make(chan struct{}), changed: make(chan struct{}), f: f}
	started := make(chan struct{})
	go func() {
		defer close(s.gone)
		var once sync.Once
		_, err := c.Stream(running, sql, 0, func(columns []engine.Column) error {
			s.columns = columns
			once.Do(func() { close(started) })
			return nil
		}, func(rows [][]engine.Cell) error { return s.add(running, rows) })
		s.update(func() { s.ended, s.err = true, err })
	}()
	select {
	case <-started:
	case <-s.gone:
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), s.close())
	}
	select {
	case <-s.gone:
		if s.err != nil {
			return nil, errors.Join(s.err, s.close())
		}
	default:
	}
	if len(s.columns) == 0 {
		<-s.gone
		err := s.err
		if err == nil {
			err = &engine.Error{Kind: engine.Failed, What: "the statement returned no rows to show", SQL: sql, Next: "it was run; look at what it changed with a query"}
		}
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// unnamedFile makes a file that nobody else sees and that is gone when it is closed, however that comes.
func unnamedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "pipewright-result-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *spool) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// add writes a batch behind the others. It waits while the reader is far behind.
func (s *spool) add(ctx context.Context, rows [][]engine.Cell) error {
	var data []byte
	s.mu.Lock()
	size, count := s.size, s.total
	s.mu.Unlock()
	var places []int64
	for i, row := range rows {
		if (count+int64(i))%spoolStep == 0 {
			places = append(places, size+int64(len(data)))
		}
		for _, c := range row {
			if c.Null {
				data = append(data, 0)
				continue
			}
			data = binary.AppendUvarint(data, uint64(len(c.Text))+1)
			data = append(data, c.Text...)
		}
	}
	if _, err := s.f.WriteAt(data, size); err != nil {
		return &engine.Error{Kind: engine.Failed, What: "the result could not be kept: " + err.Error(), Next: "free some disk space", Err: err}
	}
	s.update(func() {
		s.places = append(s.places, places...)
		s.total += int64(len(rows))
		s.size += int64(len(data))
	})
	return s.wait(ctx, func() bool { return s.size-s.asked < spoolAhead })
}

// wait waits until f, which is called with the lock held, says yes.
func (s *spool) wait(ctx context.Context, f func() bool) error {
	for {
		s.mu.Lock()
		ok := f() // it may change s.changed
		changed := s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rows gives rows once they are there. The total is -1 while the statement runs.
func (s *spool) rows(ctx context.Context, first, n int64) ([][]engine.Cell, int64, error) {
	if err := s.ahead(ctx, func() bool { return s.ended || s.total >= first+n }); err != nil {
		return nil, -1, err
	}
	s.mu.Lock()
	count, size, ended, err := s.total, s.size, s.ended, s.err
	var place int64
	if first < count {
		place = s.places[first/spoolStep]
	}
	s.mu.Unlock()
	if err != nil && first+n > count {
		return nil, -1, err // what came before the failure can still be looked at
	}
	total := int64(-1)
	if ended && err == nil {
		total = count
	}
	n = min(n, count-first)
	if n <= 0 {
		return nil, total, nil
	}
	r := bufio.NewReaderSize(io.NewSectionReader(s.f, place, size-place), 64<<10)
	rows := make([][]engine.Cell, 0, n)
	for i := first / spoolStep * spoolStep; i < first+n; i++ {
		row, err := s.row(r)
		if err != nil {
			return nil, total, err
		}
		if i >= first {
			rows = append(rows, row)
		}
	}
	return rows, total, nil
}

// ahead waits for rows, and lets the statement run on meanwhile.
func (s *spool) ahead(ctx context.Context, there func() bool) error {
	return s.wait(ctx, func() bool {
		ok := there()
		if s.asked != s.size {
			s.asked = s.size
			close(s.changed)
			s.changed = make(chan struct{})
		}
		return ok
	})
}

func (s *spool) row(r *bufio.Reader) ([]engine.Cell, error) {
	row := make([]engine.Cell, len(s.columns))
	for i := range row {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			row[i].Null = true
			continue
		}
		text := make([]byte, n-1)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		row[i].Text = string(text)
	}
	return row, nil
}

// count waits for the statement's end.
func (s *spool) count(ctx context.Context) (int64, error) {
	if err := s.ahead(ctx, func() bool { return s.ended }); err != nil {
		return -1, err
	}
	return s.total, s.err
}

// close ends the statement and forgets the rows.
func (s *spool) close() error {
	s.cancel()
	<-s.gone
	return s.f.Close()
}
