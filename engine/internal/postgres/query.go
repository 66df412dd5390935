package postgres

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"pipewright/engine"
)

// QueryConn is one session that runs a person's statements. It speaks the extended protocol itself, so
// that values arrive as the server prints them, rows stream with the reader's speed, and a limit stops a
// query without breaking the transaction around it. One goroutine at a time uses it.
type QueryConn struct {
	pg     *pgconn.PgConn
	note   func(string)
	types  map[typeKey]string
	cursor cursor
}

// NewQueryConn opens a session. The configuration is copied; its own callbacks for notices are replaced.
// The error is an *engine.Error of kind Unavailable.
func NewQueryConn(ctx context.Context, config *pgconn.Config) (*QueryConn, error) {
	q := &QueryConn{types: map[typeKey]string{}, cursor: cursor{turn: make(chan struct{}, 1)}}
	c := config.Copy()
	c.RuntimeParams = maps.Clone(c.RuntimeParams)
	if c.RuntimeParams == nil {
		c.RuntimeParams = map[string]string{}
	}
	c.RuntimeParams["application_name"] = "pipewright query"
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if q.note != nil {
			q.note(noticeText(n))
		}
	}
	pg, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	q.pg = pg
	return q, nil
}

// Backend implements query.Conn.
func (q *QueryConn) Backend() engine.Backend { return engine.Postgres }

// OnNote implements query.Conn: f is told each NOTICE and WARNING, as psql prints it.
func (q *QueryConn) OnNote(f func(string)) { q.note = f }

// InTransaction implements query.Conn.
func (q *QueryConn) InTransaction() bool { return !q.pg.IsClosed() && q.pg.TxStatus() != 'I' }

// PID is the process id of the session's server process.
func (q *QueryConn) PID() uint32 { return q.pg.PID() }

// Close ends the session, and with it whatever transaction is open.
func (q *QueryConn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return q.pg.Close(ctx)
}

// Stream implements query.Conn.
func (q *QueryConn) Stream(ctx context.Context, sql string, limit int64,
	start func([]engine.Column) error, rows func([][]engine.Cell) error,
) (engine.ResultEnd, error) {
	s := &stream{q: q, sql: sql, limit: limit, start: start, batch: batch{emit: rows}}
	err := q.guarded(ctx, s.run)
	if err != nil {
		return engine.ResultEnd{}, err
	}
	return s.end, nil
}

// guarded runs f, which talks to the server, and ends the server's work when ctx is done or f's reader
// fails. Server errors come back as *engine.Error.
func (q *QueryConn) guarded(ctx context.Context, f func(abort func(error)) error) error {
	if q.pg.IsClosed() {
		return lostError("", nil)
	}
	if ctx.Err() != nil {
		return interrupted(ctx.Err())
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		q.stopServer(inner, done)
	}()
	err := f(cancel)
	close(done)
	<-gone
	if err != nil && ctx.Err() != nil {
		return interrupted(err)
	}
	return err
}

// The cancel schedule: a cancel request may reach the server before the statement does, so it is
// repeated; a server that does not answer at all loses the connection while the two seconds last.
const (
	cancelAgain  = 200 * time.Millisecond
	cancelGiveUp = 1200 * time.Millisecond
)

func (q *QueryConn) stopServer(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	giveUp := time.NewTimer(cancelGiveUp)
	defer giveUp.Stop()
	for {
		request, cancel := context.WithTimeout(context.Background(), cancelGiveUp/2)
		_ = q.pg.CancelRequest(request) // without an answer the connection is closed below
		cancel()
		select {
		case <-done:
			return
		case <-giveUp.C:
			_ = q.pg.Conn().Close()
			return
		case <-time.After(cancelAgain):
		}
	}
}

// stream is one statement under way.
type stream struct {
	q     *QueryConn
	sql   string
	limit int64
	start func([]engine.Column) error
	batch batch
	end   engine.ResultEnd

	abort   func(error) // ends the statement on the server
	failed  error       // of the reader; the rest of the rows is dropped
	server  error       // of the server
	columns []engine.Column
	seen    int64 // rows received
	more    bool  // the portal holds more rows than were asked for
}

func (s *stream) run(abort func(error)) error {
	s.abort = abort
	fields, err := s.describe()
	if err != nil {
		return err
	}
	reparse := false
	s.columns, reparse, err = s.q.describeColumns(fields)
	if err != nil {
		return err
	}
	if err := s.start(s.columns); err != nil {
		return err
	}
	f := s.q.pg.Frontend()
	if reparse {
		f.SendParse(&pgproto3.Parse{Query: s.sql})
	}
	f.SendBind(&pgproto3.Bind{})
	if s.limit > 0 && len(s.columns) > 0 {
		f.SendExecute(&pgproto3.Execute{MaxRows: uint32(min(s.limit+1, 1<<31-1))})
		f.Send(&pgproto3.Flush{})
	} else {
		f.SendExecute(&pgproto3.Execute{})
		f.SendSync(&pgproto3.Sync{})
	}
	if err := s.receive(); err != nil {
		return err
	}
	return s.conclude()
}

// describe has the server parse the statement and say what it returns.
func (s *stream) describe() ([]pgconn.FieldDescription, error) {
	f := s.q.pg.Frontend()
	f.SendParse(&pgproto3.Parse{Query: s.sql})
	f.SendDescribe(&pgproto3.Describe{ObjectType: 'S'})
	f.SendSync(&pgproto3.Sync{})
	if err := f.Flush(); err != nil {
		return nil, s.lost(err)
	}
	var fields []pgconn.FieldDescription
	var refused error
	for {
		msg, err := s.q.pg.ReceiveMessage(context.Background())
		if err != nil {
			return nil, s.lost(err)
		}
		switch msg := msg.(type) {
		case *pgproto3.ParameterDescription:
			if len(msg.ParameterOIDs) > 0 {
				refused = parameterError(s.sql)
			}
		case *pgproto3.RowDescription:
			fields = fieldDescriptions(msg)
		case *pgproto3.ErrorResponse:
			refused = serverError(s.sql, 0, pgconn.ErrorResponseToPgError(msg))
		case *pgproto3.ReadyForQuery:
			return fields, refused
		}
	}
}

// receive reads the result to the server's next ReadyForQuery. A failure of the reader does not end the
// reading: the statement is ended on the server and the rest is dropped, so that the session is usable.
func (s *stream) receive() error {
	if err := s.q.pg.Frontend().Flush(); err != nil {
		return s.lost(err)
	}
	for {
		msg, err := s.q.pg.ReceiveMessage(context.Background())
		if err != nil {
			return s.lost(err)
		}
		ready, err := s.message(msg)
		if err != nil {
			return err
		}
		if ready {
			return nil
		}
	}
}

func (s *stream) message(msg pgproto3.BackendMessage) (ready bool, err error) {
	f := s.q.pg.Frontend()
	switch msg := msg.(type) {
	case *pgproto3.DataRow:
		s.row(msg.Values)
	case *pgproto3.PortalSuspended:
		s.more = true
		s.flush()
		f.SendClose(&pgproto3.Close{ObjectType: 'P'})
		f.SendSync(&pgproto3.Sync{})
		return false, s.flushed(f.Flush())
	case *pgproto3.CommandComplete:
		s.end.Tag = string(msg.CommandTag)
		if s.limit > 0 && len(s.columns) > 0 && !s.more {
			f.SendSync(&pgproto3.Sync{})
			return false, s.flushed(f.Flush())
		}
	case *pgproto3.ErrorResponse:
		s.server = serverError(s.sql, 0, pgconn.ErrorResponseToPgError(msg))
		if s.limit > 0 && len(s.columns) > 0 && !s.more {
			f.SendSync(&pgproto3.Sync{})
			return false, s.flushed(f.Flush())
		}
	case *pgproto3.CopyInResponse:
		f.Send(&pgproto3.CopyFail{Message: "no stream"})
		f.SendSync(&pgproto3.Sync{}) // the server drops the one that was sent before
		s.fail(copyError(s.sql))
		return false, s.flushed(f.Flush())
	case *pgproto3.CopyOutResponse:
		s.fail(copyError(s.sql))
	case *pgproto3.ReadyForQuery:
		return true, nil
	}
	return false, nil
}

// row takes one row, unless it is past the limit.
func (s *stream) row(values [][]byte) {
	s.seen++
	if s.failed != nil || s.limit > 0 && s.seen > s.limit || len(s.columns) == 0 {
		return // SELECT FROM t gives rows without a column, which only count
	}
	if err := s.batch.add(values); err != nil {
		s.fail(err)
	}
}

func (s *stream) flush() {
	if s.failed == nil {
		if err := s.batch.flush(); err != nil {
			s.fail(err)
		}
	}
}

// fail ends the statement on the server because its reader failed.
func (s *stream) fail(err error) {
	if s.failed == nil {
		s.failed = err
		s.abort(err)
	}
}

// conclude turns what was received into the result's end.
func (s *stream) conclude() error {
	if s.server == nil {
		s.flush()
	}
	switch {
	case s.failed != nil:
		return s.failed
	case s.server != nil:
		return s.server
	}
	s.end.Truncated = s.limit > 0 && s.seen > s.limit
	if s.more {
		s.end.RowCount = min(s.seen, s.limit)
		s.end.Tag = "SELECT " + itoa(s.end.RowCount)
		return nil
	}
	s.end.RowCount = pgconn.NewCommandTag(s.end.Tag).RowsAffected()
	if s.end.RowCount == 0 {
		s.end.RowCount = s.seen // EXPLAIN and SHOW count nothing in their tags
	}
	return nil
}

func (s *stream) lost(err error) error { return lostError(s.sql, err) }

func (s *stream) flushed(err error) error {
	if err != nil {
		return s.lost(err)
	}
	return nil
}

// batch gathers rows into batches that are handed on when they are full, or old.
type batch struct {
	emit  func([][]engine.Cell) error
	rows  [][]engine.Cell
	cells []engine.Cell
	text  []byte
	bytes int
	since time.Time
}

// The bounds of a batch.
const (
	batchRows  = 1000
	batchBytes = 1 << 20
	batchAge   = 100 * time.Millisecond
)

// add takes a copy of the values. The texts of a row share one allocation.
func (b *batch) add(values [][]byte) error {
	if b.rows == nil {
		b.rows = make([][]engine.Cell, 0, 64)
		if b.since.IsZero() {
			b.since = time.Now()
		}
	}
	n := len(values)
	if cap(b.cells)-len(b.cells) < n {
		b.cells = make([]engine.Cell, 0, max(n, min(n*batchRows, 4096)))
	}
	b.text = b.text[:0]
	for _, v := range values {
		b.text = append(b.text, v...)
	}
	text := string(b.text)
	first := len(b.cells)
	for _, v := range values {
		b.cells = append(b.cells, engine.Cell{Text: text[:len(v)], Null: v == nil})
		text = text[len(v):]
	}
	b.rows = append(b.rows, b.cells[first:len(b.cells):len(b.cells)])
	b.bytes += len(b.text)
	if len(b.rows) >= batchRows || b.bytes >= batchBytes || time.Since(b.since) >= batchAge {
		return b.flush()
	}
	return nil
}

func (b *batch) flush() error {
	rows := b.rows
	b.rows, b.bytes, b.since = nil, 0, time.Now()
	if cap(b.text) > batchBytes {
		b.text = nil
	}
	if len(rows) == 0 {
		return nil
	}
	return b.emit(rows)
}

// noticeText is a notice as psql prints its first line.
func noticeText(n *pgconn.Notice) string {
	text := n.Severity + ": " + n.Message
	if n.Detail != "" {
		text += ": " + n.Detail
	}
	if n.Hint != "" {
		text += " (" + n.Hint + ")"
	}
	return strings.TrimSpace(text)
}

// interrupted is what a cancelled statement gives.
func interrupted(err error) *engine.Error {
	return &engine.Error{Kind: engine.Interrupted, What: "the query was cancelled", Err: errors.Join(context.Canceled, err)}
}
