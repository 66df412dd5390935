package query

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"pipewright/engine"
)

// Conn is one session on a backend. It is used by one goroutine at a time.
type Conn interface {
	// Backend names the backend that the session is on.
	Backend() engine.Backend
	// OnNote says who is told the notices that the server sends. It may be called from within Stream.
	OnNote(func(string))
	// Stream runs one statement to its end. It calls start once, with no columns for a statement that
	// returns no rows, and then rows with batches of at most 1000, which it never touches again. It
	// delivers at most limit rows of a query, or all when limit is 0, and may leave the rest unread. Tag,
	// RowCount and Truncated of the result are set. When start or rows fails, or ctx is
	// done, the statement is ended on the server before Stream returns. Failures of the statement are
	// *engine.Error with a Position that counts characters of sql from 1.
	Stream(ctx context.Context, sql string, limit int64,
		start func([]engine.Column) error, rows func([][]engine.Cell) error) (engine.ResultEnd, error)
	// InTransaction says whether a transaction block is open.
	InTransaction() bool
}

// ParquetExporter is a Conn that can write a statement's result as Parquet by itself. It gives false,
// and has done nothing, when the statement is not a query.
type ParquetExporter interface {
	ExportParquet(ctx context.Context, sql, path string,
		start func([]engine.Column) error) (rows int64, ok bool, err error)
}

// ParquetWriter writes one Parquet file from cells as a backend shows them. Create, Write and Close are
// called in this order; after a failure Abort is called instead of Close. None removes the file.
type ParquetWriter interface {
	Create(ctx context.Context, path string, from engine.Backend, columns []engine.Column) error
	Write(ctx context.Context, rows [][]engine.Cell) error
	Close(ctx context.Context) error
	Abort()
}

// Options are what a run needs beside its connection.
type Options struct {
	// Parquet makes a writer for results that the connection cannot write as Parquet by itself. Without
	// it such an export is refused.
	Parquet func() ParquetWriter
}

// Run runs the statements of a request one after the other, each committed by itself unless the text
// opens a transaction, as psql does. It emits ResultStart, ResultRows and ResultEnd for each, Progress
// while it exports, and Notes. The first failure ends it; what came before stays. emit may block, and
// must return when ctx is done. The error is an *engine.Error.
func Run(ctx context.Context, c Conn, req engine.RunQuery, o Options, emit func(engine.Event) error) error {
	statements, err := runnable(req.SQL)
	if err != nil {
		return err
	}
	if req.Export != nil {
		if err := checkExport(*req.Export); err != nil {
			return err
		}
	}
	r := &run{ctx: ctx, conn: c, req: req, options: o, emit: emit}
	c.OnNote(func(text string) {
		if r.emitErr == nil {
			r.emitErr = emit(engine.Note{Text: text})
		}
	})
	defer c.OnNote(nil)
	for i, st := range statements {
		if err := r.statement(i, st); err != nil {
			_ = r.endTransaction() // the statement's failure is what is told
			return finish(ctx, err)
		}
	}
	if err := r.endTransaction(); err != nil {
		return finish(ctx, err)
	}
	if req.Export != nil && r.exported == 0 {
		return &engine.Error{Kind: engine.Failed, What: "there is nothing to export: no statement returned rows",
			Next: "end the text with a query"}
	}
	return finish(ctx, r.emitErr)
}

// runnable cuts the text and refuses, before anything has run, what can never work here.
func runnable(text string) ([]Statement, error) {
	var out []Statement
	for _, st := range Split(text) {
		if st.Empty {
			continue
		}
		if err := refuse(st); err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	if len(out) == 0 {
		return nil, &engine.Error{Kind: engine.Usage, What: "there is no SQL in the text", Next: "write a statement, such as select 1"}
	}
	return out, nil
}

// refuse names the statements that need a peer which is not here: psql for its own commands, a file
// behind COPY, somebody to give values for parameters.
func refuse(st Statement) error {
	if strings.IndexByte(st.SQL, 0) >= 0 {
		return &engine.Error{Kind: engine.Failed, What: "the text holds a NUL character", Next: "take it out"}
	}
	if lead := st.SQL[st.first]; lead == '\\' || lead == '.' {
		word := st.SQL[st.first:]
		if j := strings.IndexAny(word, blanks); j > 0 {
			word = word[:j]
		}
		of, next := "psql", "open psql with pipewright db psql, or ask information_schema"
		if lead == '.' {
			of, next = "DuckDB's shell", "ask in SQL, such as SHOW ALL TABLES"
		}
		return &engine.Error{Kind: engine.Failed, What: word + " is a command of " + of + ", not SQL",
			Next: next, SQL: st.SQL, Position: chars(st.SQL, st.first) + 1}
	}
	if st.Verb == "copy" {
		for i, w := range st.Words {
			if i > 0 && (w == "stdin" || w == "stdout") && (st.Words[i-1] == "from" || st.Words[i-1] == "to") {
				return &engine.Error{Kind: engine.Failed, What: "COPY … " + strings.ToUpper(st.Words[i-1]+" "+w) + " has no stream to use here",
					Next: "use pipewright load to read a file, or pipewright query --format csv --out to write one", SQL: st.SQL}
			}
		}
	}
	if st.Param >= 0 {
		return &engine.Error{Kind: engine.Failed, What: "there is no value for the parameter in the statement",
			Next: "write the value in its place", SQL: st.SQL, Position: chars(st.SQL, st.Param) + 1, SQLState: "42P02"}
	}
	return nil
}

// chars counts the characters of s before byte offset n.
func chars(s string, n int) int { return utf8.RuneCountInString(s[:n]) }

// run is one Run under way.
type run struct {
	ctx      context.Context
	conn     Conn
	req      engine.RunQuery
	options  Options
	emit     func(engine.Event) error
	emitErr  error // of a note, which has no way to fail by itself
	exported int   // results written to files so far
}

func (r *run) statement(i int, st Statement) error {
	begun := time.Now()
	var end engine.ResultEnd
	var err error
	if r.req.Export != nil {
		end, err = r.export(i, st)
	} else {
		end, err = r.deliver(i, st)
	}
	if err == nil {
		err = r.emitErr
	}
	if err != nil {
		return err
	}
	end.Statement, end.Elapsed = i, time.Since(begun)
	return r.emit(end)
}

// deliver runs a statement and emits its rows.
func (r *run) deliver(i int, st Statement) (engine.ResultEnd, error) {
	var first int64
	start := func(columns []engine.Column) error {
		return r.emit(engine.ResultStart{Statement: i, SQL: st.SQL, Columns: columns})
	}
	return r.stream(st, start, func(batch [][]engine.Cell) error {
		err := r.emit(engine.ResultRows{Statement: i, First: first, Rows: batch})
		first += int64(len(batch))
		return err
	})
}

// stream runs a statement and applies the limit. A statement that changes data is not left half-way
// because its RETURNING gives more rows than are wanted: it runs to its end and the rest is dropped.
func (r *run) stream(st Statement, start func([]engine.Column) error, rows func([][]engine.Cell) error) (engine.ResultEnd, error) {
	limit := r.req.Limit
	switch st.Verb {
	case "insert", "update", "delete", "merge":
		if limit > 0 {
			return r.dropRest(st, limit, start, rows)
		}
	}
	return r.conn.Stream(r.ctx, st.SQL, limit, start, rows)
}

func (r *run) dropRest(st Statement, limit int64, start func([]engine.Column) error, rows func([][]engine.Cell) error) (engine.ResultEnd, error) {
	var seen int64
	end, err := r.conn.Stream(r.ctx, st.SQL, 0, start, func(batch [][]engine.Cell) error {
		left := limit - seen
		seen += int64(len(batch))
		if left <= 0 {
			return nil
		}
		return rows(batch[:min(left, int64(len(batch)))])
	})
	end.Truncated = seen > limit
	return end, err
}

// rollbackPatience bounds the wait for a ROLLBACK, which also follows a cancelled statement.
const rollbackPatience = time.Second

// endTransaction rolls back what the text has left open, as psql does when it ends.
func (r *run) endTransaction() error {
	if !r.conn.InTransaction() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), rollbackPatience)
	defer cancel()
	none := func([]engine.Column) error { return nil }
	if _, err := r.conn.Stream(ctx, "ROLLBACK", 0, none, func([][]engine.Cell) error { return nil }); err != nil {
		return err
	}
	return r.emit(engine.Note{Text: "The text ended inside a transaction, which was rolled back; end it with COMMIT to keep its changes."})
}

// finish gives every failure the one form.
func finish(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var e *engine.Error
	if ctx.Err() != nil {
		if errors.As(err, &e) && e.Kind == engine.Interrupted {
			return e
		}
		return &engine.Error{Kind: engine.Interrupted, What: "the query was cancelled", Err: errors.Join(ctx.Err(), err)}
	}
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("the query could not be finished: %v", err), Err: err}
}
