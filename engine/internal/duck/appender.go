package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pipewright/engine"
)

// LoadSink writes one load into one table of DuckDB, through an appender in one transaction. It implements
// load.Sink, and is for one use.
//
// DuckDB has no table locks: a row that another connection commits into the table while a load runs is not
// seen by it. Sequences do not take part in transactions, so ids are counted here, and the sequence is moved
// on right before the commit.
type LoadSink struct {
	db     *sql.DB
	conn   *sql.Conn
	plan   engine.LoadPlan
	table  loadTable
	target engine.LoadTarget
	ids    *idRange
	stage  string // the quoted name of upsert's temporary table; empty otherwise
	app    *duckdb.Appender
	row    []driver.Value
	rows   int64
	open   bool // the transaction
	exact  bool // the key is the table's own: text is compared as it is
}

// NewLoadSink makes a sink on a database. It takes a connection in Begin and gives it back in Rollback.
func NewLoadSink(db *sql.DB) *LoadSink { return &LoadSink{db: db} }

// Begin implements load.Sink.
func (s *LoadSink) Begin(ctx context.Context, plan engine.LoadPlan) (engine.LoadTarget, error) {
	s.plan = plan
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.target, s.told(ctx, err)
	}
	s.conn = conn
	for _, step := range []func(context.Context) error{
		s.begin, s.findTable, s.readColumns, s.findKey, s.askLedger, s.clearTable, s.countRows, s.readDefaults, s.reserveIDs, s.makeStage,
	} {
		if err := step(ctx); err != nil {
			return s.target, s.told(ctx, err)
		}
	}
	return s.target, nil
}

func (s *LoadSink) begin(ctx context.Context) error {
	err := s.exec(ctx, "BEGIN TRANSACTION")
	s.open = err == nil
	return err
}

// Keys implements load.Sink.
func (s *LoadSink) Keys(ctx context.Context, yield func(key []engine.Datum) error) error {
	var parts []string
	var types []engine.DataType
	for _, name := range s.plan.Spec.Key {
		for _, c := range s.target.Columns {
			if c.Name == name {
				parts = append(parts, plainSQL(ident(name), c.Type))
				types = append(types, c.Type)
			}
		}
	}
	rows, err := s.conn.QueryContext(ctx, "SELECT "+strings.Join(parts, ", ")+" FROM "+s.table.ident)
	if err != nil {
		return s.told(ctx, err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	values, places := make([]sql.RawBytes, len(parts)), make([]any, len(parts))
	for i := range values {
		places[i] = &values[i]
	}
	key := make([]engine.Datum, len(parts))
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return s.told(ctx, err)
		}
		for i, v := range values {
			if v == nil {
				key[i] = engine.Datum{}
			} else if key[i], err = datumOf(types[i], v); err != nil {
				return s.told(ctx, err)
			}
		}
		if err := yield(key); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.told(ctx, err)
	}
	return nil
}

// Commit implements load.Sink.
func (s *LoadSink) Commit(ctx context.Context) (engine.LoadDone, error) {
	done := engine.LoadDone{Inserted: s.rows}
	if err := s.closeAppender(ctx); err != nil {
		return done, s.told(ctx, err)
	}
	if s.stage != "" {
		if err := s.mergeStage(ctx, &done); err != nil {
			return done, s.told(ctx, err)
		}
	}
	for _, step := range []func(context.Context) error{s.keepLedger, s.moveSequence} {
		if err := step(ctx); err != nil {
			return done, s.told(ctx, err)
		}
	}
	if ctx.Err() != nil {
		return done, s.told(ctx, ctx.Err())
	}
	// From here on there is no way back: a cancel that comes now is too late, and must not be told as one.
	if err := s.exec(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return done, s.told(context.WithoutCancel(ctx), err)
	}
	s.open = false
	return done, nil
}

// Rollback implements load.Sink.
func (s *LoadSink) Rollback() error {
	if s.conn == nil {
		return nil
	}
	ctx := context.Background()
	if s.app != nil {
		_ = s.app.Clear() // what is in it is given up
		_ = s.app.Close()
		s.app = nil
	}
	var err error
	if s.open {
		_, err = s.conn.ExecContext(ctx, "ROLLBACK")
		s.open = false
	} else if s.stage != "" {
		_, err = s.conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+s.stage)
	}
	if closeErr := s.conn.Close(); err == nil {
		err = closeErr
	}
	if err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		return s.told(ctx, err)
	}
	return nil
}

func (s *LoadSink) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, query, args...)
	return err
}

// texts gives one statement's rows as text, NULL as "".
func (s *LoadSink) texts(ctx context.Context, query string, args ...any) ([][]string, error) {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]string
	for rows.Next() {
		values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = v.String
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// told puts an error of the load in words. The transaction is lost with every error, and so the table is as
// it was.
func (s *LoadSink) told(ctx context.Context, err error) *engine.Error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() != nil {
		return &engine.Error{Kind: engine.Interrupted, What: "the load was cancelled; the table is as it was", Where: s.plan.Spec.Name, Err: err}
	}
	e = queryError("", 0, err.Error())
	e.What += "; the table is as it was"
	e.Where, e.Err = s.plan.Spec.Name, err
	if e.Kind == engine.Interrupted {
		e.What = "the load was cancelled; the table is as it was"
	}
	return e
}

// ident quotes an identifier, so that nothing in it is SQL.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// plainSQL turns a column into what a Datum holds: text, a whole number or a double.
func plainSQL(column string, t engine.DataType) string {
	switch t {
	case engine.TypeBoolean, engine.TypeSmallint, engine.TypeInteger, engine.TypeBigint:
		return column + "::BIGINT"
	case engine.TypeDate:
		return "(" + column + " - DATE '1970-01-01')::BIGINT"
	case engine.TypeTimestamp, engine.TypeTimestamptz:
		return "epoch_us(" + column + ")"
	}
	return column + "::VARCHAR"
}

// datumOf reads what plainSQL gives.
func datumOf(t engine.DataType, b []byte) (engine.Datum, error) {
	d := engine.Datum{Valid: true}
	var err error
	switch t {
	case engine.TypeText, engine.TypeVarchar, engine.TypeNumeric:
		d.Bytes = b
	case engine.TypeDouble:
		d.Float, err = strconv.ParseFloat(string(b), 64)
	default:
		d.Int, err = strconv.ParseInt(string(b), 10, 64)
	}
	if err != nil {
		err = fmt.Errorf("a value of the table cannot be read: %w", err)
	}
	return d, err
}
