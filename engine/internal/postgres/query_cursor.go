package postgres

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
)

// declare opens the cursor of a window. WITH HOLD lets the transaction end while the cursor stays: the
// server then keeps the rest of the result in files of its own.
const declare = "DECLARE pipewright_window SCROLL CURSOR WITH HOLD FOR "

// cursorLinger is how long a cursor's transaction stays open after a fetch. Within it the next page comes
// without the server having run the whole query; behind it no lock of the query is left in anybody's way.
const cursorLinger = time.Second

// cursor is the scroll cursor of a session. Its turn is taken while the session talks to the server, as
// the end of the transaction comes from a timer.
type cursor struct {
	turn    chan struct{}
	open    bool
	settle  *time.Timer
	stop    context.CancelFunc // ends a settling that is under way
	columns []engine.Column
}

// OpenCursor declares a scroll cursor over a query. It gives false, and has left the session as it was,
// when the server can scroll no such statement.
func (q *QueryConn) OpenCursor(ctx context.Context, sql string) ([]engine.Column, bool, error) {
	switch firstWord(sql) {
	case "select", "values", "table", "with", "":
	default:
		return nil, false, nil
	}
	q.cursor.turn <- struct{}{}
	defer func() { <-q.cursor.turn }()
	if q.cursor.open {
		return nil, false, &engine.Error{Kind: engine.Failed, What: "the session already has a window open", Next: "close it first"}
	}
	err := q.exec(ctx, "BEGIN")
	if err == nil {
		err = q.exec(ctx, declare+sql)
	}
	if err == nil {
		q.cursor.columns, _, err = q.fetchColumns(ctx)
	}
	if err != nil {
		_ = q.exec(context.WithoutCancel(ctx), "ROLLBACK")
		if e := new(engine.Error); errors.As(err, &e) && unscrollable(e.SQLState) {
			return nil, false, nil
		}
		return nil, false, err
	}
	q.cursor.open = true
	q.settleLater()
	return q.cursor.columns, true, nil
}

// unscrollable are the codes with which DECLARE refuses a statement that may run all the same: FOR UPDATE,
// changes of data within WITH, SELECT INTO, and a body that DECLARE's grammar does not have.
func unscrollable(code string) bool {
	return code == "0A000" || code == "42P11"
}

// FetchCursor gives up to n rows from the first-th (from 0) on; fewer mean that the result ends there.
func (q *QueryConn) FetchCursor(ctx context.Context, first, n int64) ([][]engine.Cell, error) {
	if n <= 0 {
		return nil, nil // FETCH 0 would give the row before
	}
	release, err := q.takeCursor(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var rows [][]engine.Cell
	if err := q.exec(ctx, "MOVE ABSOLUTE "+itoa(first)+" IN pipewright_window"); err != nil {
		return nil, err
	}
	err = q.read(ctx, "FETCH FORWARD "+itoa(n)+" IN pipewright_window", func(batch [][]engine.Cell) error {
		rows = append(rows, batch...)
		return nil
	})
	return rows, err
}

// CountCursor gives the number of rows of the whole result, for which the server runs it to its end.
func (q *QueryConn) CountCursor(ctx context.Context) (int64, error) {
	release, err := q.takeCursor(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	if err := q.exec(ctx, "MOVE ABSOLUTE 0 IN pipewright_window"); err != nil {
		return 0, err
	}
	s := q.newStream("MOVE FORWARD ALL IN pipewright_window", func([][]engine.Cell) error { return nil })
	if err := q.guarded(ctx, s.run); err != nil {
		return 0, err
	}
	return pgconn.NewCommandTag(s.end.Tag).RowsAffected(), nil
}

// CloseCursor ends the window and whatever the server still does for it.
func (q *QueryConn) CloseCursor(ctx context.Context) error {
	q.stopSettling()
	q.cursor.turn <- struct{}{} // a settling that is under way has just been ended
	defer func() { <-q.cursor.turn }()
	if !q.cursor.open || q.pg.IsClosed() {
		return nil
	}
	q.cursor.open = false
	if q.InTransaction() {
		return q.exec(ctx, "ROLLBACK")
	}
	return q.exec(ctx, "CLOSE pipewright_window")
}

// takeCursor takes the session for a fetch. What it gives back must be called at the fetch's end.
func (q *QueryConn) takeCursor(ctx context.Context) (func(), error) {
	if q.cursor.settle != nil {
		q.cursor.settle.Stop()
	}
	select {
	case q.cursor.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, interrupted(ctx.Err())
	}
	return func() {
		if q.cursor.open && q.InTransaction() {
			q.settleLater()
		}
		<-q.cursor.turn
	}, nil
}

// settleLater ends the cursor's transaction when nobody has fetched for a while.
func (q *QueryConn) settleLater() {
	ctx, cancel := context.WithCancel(context.Background())
	q.cursor.stop = cancel
	q.cursor.settle = time.AfterFunc(cursorLinger, func() {
		defer cancel()
		q.cursor.turn <- struct{}{}
		defer func() { <-q.cursor.turn }()
		if ctx.Err() != nil || !q.cursor.open || !q.InTransaction() {
			return
		}
		_ = q.exec(ctx, "COMMIT") // a failure shows at the next fetch: the cursor is gone
	})
}

func (q *QueryConn) stopSettling() {
	if q.cursor.settle != nil {
		q.cursor.settle.Stop()
		q.cursor.stop()
	}
}

func (q *QueryConn) fetchColumns(ctx context.Context) ([]engine.Column, int64, error) {
	s := q.newStream("FETCH 0 IN pipewright_window", func([][]engine.Cell) error { return nil })
	err := q.guarded(ctx, s.run)
	return s.columns, s.seen, err
}

func (q *QueryConn) exec(ctx context.Context, sql string) error {
	return q.read(ctx, sql, func([][]engine.Cell) error { return nil })
}

// read runs a statement of ours. Errors of a DECLARE tell of the person's query, not of ours around it.
func (q *QueryConn) read(ctx context.Context, sql string, rows func([][]engine.Cell) error) error {
	err := q.guarded(ctx, q.newStream(sql, rows).run)
	if e := new(engine.Error); errors.As(err, &e) && strings.HasPrefix(e.SQL, declare) {
		e.SQL = strings.TrimPrefix(e.SQL, declare)
		e.Position = max(e.Position-utf8.RuneCountInString(declare), 0)
	}
	return err
}

func (q *QueryConn) newStream(sql string, rows func([][]engine.Cell) error) *stream {
	return &stream{q: q, sql: sql, start: func([]engine.Column) error { return nil }, batch: batch{emit: rows}}
}

// firstWord is the statement's first word in lower case, behind blanks, comments and parentheses; "" when
// it begins with something else.
func firstWord(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\n\r\f\v(")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, rest, _ := strings.Cut(sql, "\n")
			sql = rest
		case strings.HasPrefix(sql, "/*"):
			sql = afterComment(sql)
		default:
			i := strings.IndexFunc(sql, func(r rune) bool { return r != '_' && (r < 'A' || r > 'z' || r > 'Z' && r < 'a') })
			if i < 0 {
				i = len(sql)
			}
			return strings.ToLower(sql[:i])
		}
	}
}

// afterComment is what follows the comment, in which others may lie, that sql begins with.
func afterComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return sql[i+1:]
		}
	}
	return ""
}
