package query

import (
	"context"
	"errors"
	"sync"

	"pipewright/engine"
)

// Scroller is a Conn with a cursor on the server that scrolls both ways.
type Scroller interface {
	// OpenCursor opens a cursor over a query and gives its columns. It gives false, and has done nothing,
	// when the server can scroll no such statement.
	OpenCursor(ctx context.Context, sql string) (columns []engine.Column, ok bool, err error)
	// FetchCursor gives up to n rows from the first-th on, counted from 0. Fewer mean that the result ends.
	FetchCursor(ctx context.Context, first, n int64) ([][]engine.Cell, error)
	// CountCursor gives the number of rows of the whole result.
	CountCursor(ctx context.Context) (int64, error)
	// CloseCursor closes it.
	CloseCursor(ctx context.Context) error
}

// Window is the result of one statement, of which any part can be looked at: on a server's scroll cursor,
// or, where a backend has none for the statement, out of a file to which the rows are written as they
// arrive. No more than the rows that are asked for is in memory. Its methods may be called from any
// goroutine.
type Window struct {
	mu      sync.Mutex
	sql     string
	columns []engine.Column
	total   int64 // -1 while unknown
	cursor  Scroller
	lost    bool // the cursor fell with a cancelled fetch and is to be opened anew
	spool   *spool
}

// Open runs a statement and opens a window on its result. The connection belongs to the window until it is
// closed. The text must hold one statement, one that returns rows.
func Open(ctx context.Context, c Conn, sql string) (*Window, error) {
	statements, err := runnable(sql)
	if err != nil {
		return nil, err
	}
	if len(statements) > 1 {
		return nil, &engine.Error{Kind: engine.Usage, What: "a window shows one statement, and the text has more", Next: "run them one by one"}
	}
	w := &Window{sql: statements[0].SQL, total: -1}
	if s, ok := c.(Scroller); ok {
		columns, ok, err := s.OpenCursor(ctx, w.sql)
		if err != nil {
			return nil, finish(ctx, err)
		}
		if ok {
			w.columns, w.cursor = columns, s
			return w, nil
		}
	}
	if w.spool, err = openSpool(ctx, c, w.sql); err != nil {
		return nil, finish(ctx, err)
	}
	w.columns = w.spool.columns
	return w, nil
}

// Free is closed when the window needs its connection no longer, though it is open: its rows are all in
// the file. It is nil for a window that stays on its connection.
func (w *Window) Free() <-chan struct{} {
	if w.spool != nil {
		return w.spool.gone
	}
	return nil
}

// Columns are the result's columns.
func (w *Window) Columns() []engine.Column { return w.columns }

// Rows gives up to n rows from the first-th on, counted from 0. A negative first counts from the end: -n
// gives the last n rows, for which the whole result has to be run. Fewer rows than n mean that the result
// ends; its Total is then known. A call may wait for the rows, and ends early when ctx is done.
func (w *Window) Rows(ctx context.Context, first, n int64) (engine.RowWindow, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const most = 1<<31 - 1 // what a PostgreSQL cursor counts to
	first, n = max(min(first, most), -most), max(min(n, most), 0)
	if first < 0 {
		if err := w.count(ctx); err != nil {
			return engine.RowWindow{}, finish(ctx, err)
		}
		first = max(w.total+first, 0)
	}
	rows, err := w.fetch(ctx, first, n)
	if err != nil {
		return engine.RowWindow{}, finish(ctx, err)
	}
	if got := int64(len(rows)); got < n && w.total < 0 && (got > 0 || first == 0) {
		w.total = first + got
	}
	return engine.RowWindow{Columns: w.columns, First: first, Rows: rows, Total: w.total}, nil
}

func (w *Window) fetch(ctx context.Context, first, n int64) ([][]engine.Cell, error) {
	if w.spool != nil {
		rows, total, err := w.spool.rows(ctx, first, n)
		if total >= 0 {
			w.total = total
		}
		return rows, err
	}
	if err := w.reopen(ctx); err != nil {
		return nil, err
	}
	rows, err := w.cursor.FetchCursor(ctx, first, n)
	w.lost = isInterrupted(err)
	return rows, err
}

// count finds out how many rows there are.
func (w *Window) count(ctx context.Context) (err error) {
	switch {
	case w.total >= 0:
	case w.spool != nil:
		w.total, err = w.spool.count(ctx)
	default:
		if err = w.reopen(ctx); err == nil {
			if w.total, err = w.cursor.CountCursor(ctx); err != nil {
				w.total = -1
			}
			w.lost = isInterrupted(err)
		}
	}
	return err
}

// reopen runs the query again when a cancelled fetch has ended its transaction.
func (w *Window) reopen(ctx context.Context) error {
	if !w.lost {
		return nil
	}
	if err := w.cursor.CloseCursor(ctx); err != nil {
		return err
	}
	if _, _, err := w.cursor.OpenCursor(ctx, w.sql); err != nil {
		return err
	}
	w.lost = false
	return nil
}

// Close ends the window and what the server still does for it. The connection is free again.
func (w *Window) Close() error {
	if w.spool != nil {
		return w.spool.close() // without the lock: it ends the calls that wait
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor.CloseCursor(context.Background())
}

func isInterrupted(err error) bool {
	var e *engine.Error
	return errors.As(err, &e) && e.Kind == engine.Interrupted
}
