package lab

import (
	"context"
	"sync"
	"time"

	"pipewright/engine"
	"pipewright/engine/query"
)

// scroll runs a RunQuery with Scroll: all statements but the last one as usual, and the last one, if it
// returns rows, as an open result on a session of its own.
func (l *Lab) scroll(ctx context.Context, r engine.RunQuery, emit func(engine.Event)) error {
	before, last, at := cutLast(r.SQL)
	if last == "" || !query.Scrolls(last) {
		r.Scroll = false
		return l.query(ctx, r, emit)
	}
	conn, done, err := l.conn(ctx, r.Backend)
	if err != nil {
		return err
	}
	say := func(ev engine.Event) error {
		emit(ev)
		return ctx.Err()
	}
	if before != "" {
		first := r
		first.SQL, first.Scroll = before, false
		if err := query.Run(ctx, conn, first, query.Options{}, say); err != nil {
			done()
			return err
		}
	}
	begin := time.Now()
	w, err := query.Open(ctx, conn, last)
	if err != nil {
		done()
		return inText(err, r.SQL, last)
	}
	open := &result{Window: w, done: done, forget: l.results.remove}
	if !l.results.add(open) { // the lab has been closed meanwhile
		open.Close()
		return context.Canceled
	}
	if _, err := w.Rows(ctx, 0, 1); err != nil {
		open.Close()
		return err
	}
	emit(engine.ResultOpen{Statement: at, SQL: last, Result: open, Elapsed: time.Since(begin)})
	return nil
}

// cutLast parts a text into what comes before its last statement, that statement, and its number.
func cutLast(text string) (before, last string, at int) {
	at = -1
	for _, s := range query.Split(text) {
		if s.Empty {
			continue
		}
		at++
		before, last = text[:s.Offset], s.SQL
	}
	if at < 1 {
		before = ""
	}
	return before, last, at
}

// inText moves the place of an error from a statement into the text that it stands in.
func inText(err error, text, statement string) error {
	e := told(context.Background(), err)
	if e.Position == 0 || e.SQL != statement {
		return err
	}
	moved := *e
	for _, s := range query.Split(text) {
		if s.SQL == statement {
			moved.Position += len([]rune(text[:s.Offset]))
		}
	}
	moved.SQL = text
	return &moved
}

// result is an open result with the session that it stands on.
type result struct {
	*query.Window
	once   sync.Once
	done   func()
	forget func(*result)
}

var _ engine.Result = (*result)(nil)

// Close implements engine.Result.
func (r *result) Close() {
	r.once.Do(func() {
		_ = r.Window.Close() // the session ends next, and with it what the server does for it
		r.done()
		r.forget(r)
	})
}

// results are those that are open, so that closing the lab closes them.
type results struct {
	mu     sync.Mutex
	open   map[*result]struct{}
	closed bool
}

func (s *results) add(r *result) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = map[*result]struct{}{}
	}
	s.open[r] = struct{}{}
	return true
}

func (s *results) remove(r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, r)
}

func (s *results) closeAll() {
	s.mu.Lock()
	s.closed = true
	all := make([]*result, 0, len(s.open))
	for r := range s.open {
		all = append(all, r)
	}
	s.mu.Unlock()
	for _, r := range all {
		r.Close()
	}
}
