package duck

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pipewright/engine"
)

// Encode implements load.Sink: for each datum one byte that says whether it is NULL, and then eight bytes, or
// for text its length in four and itself.
func (s *LoadSink) Encode(dst []byte, row []engine.Datum) []byte {
	for i := range row {
		d := &row[i]
		if !d.Valid {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, 1)
		switch s.target.Columns[i].Type {
		case engine.TypeText, engine.TypeVarchar, engine.TypeNumeric:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(d.Bytes)))
			dst = append(dst, d.Bytes...)
		case engine.TypeDouble:
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(d.Float))
		default:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(d.Int))
		}
	}
	return dst
}

// decode reads one row into values.
func (s *LoadSink) decode(b []byte, values []driver.Value) {
	for i := range values {
		valid := b[0] == 1
		b = b[1:]
		if !valid {
			values[i] = nil
			continue
		}
		switch s.target.Columns[i].Type {
		case engine.TypeText, engine.TypeVarchar, engine.TypeNumeric:
			n := binary.LittleEndian.Uint32(b)
			values[i] = string(b[4 : 4+n])
			b = b[4+n:]
		case engine.TypeDouble:
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(b))
			b = b[8:]
		default:
			values[i] = int64(binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
	}
}

// Write implements load.Sink.
func (s *LoadSink) Write(ctx context.Context, rows []byte, ends []int32) error {
	if s.app == nil {
		if err := s.openAppender(); err != nil {
			return s.told(ctx, err)
		}
	}
	start := int32(0)
	for n, end := range ends {
		if n%4096 == 0 && ctx.Err() != nil {
			return s.told(ctx, ctx.Err())
		}
		values := s.row
		if s.ids != nil && s.stage == "" {
			if s.ids.next > s.ids.max {
				return &engine.Error{
					Kind: engine.Failed, What: "the column " + s.ids.column + " has no numbers left; the table is as it was",
					Where: s.target.Name, Next: "make the column a BIGINT",
				}
			}
			values[0] = s.ids.next
			s.ids.next += s.ids.step
			values = values[1:]
		}
		s.decode(rows[start:end], values)
		if err := s.app.AppendRow(s.row...); err != nil {
			return s.told(ctx, err)
		}
		start = end
	}
	s.rows += int64(len(ends))
	return nil
}

// openAppender makes an appender whose rows become the table's by an INSERT, which turns whole numbers and
// text into the column's types.
func (s *LoadSink) openAppender() error {
	var types []duckdb.TypeInfo
	var names, into, from []string
	add := func(column, sql string, t duckdb.Type) error {
		info, err := duckdb.NewTypeInfo(t)
		if err != nil {
			return err
		}
		types = append(types, info)
		names = append(names, "c"+strconv.Itoa(len(names)))
		into = append(into, ident(column))
		from = append(from, strings.ReplaceAll(sql, "?", names[len(names)-1]))
		return nil
	}
	table := s.table.ident
	if s.stage != "" {
		table = s.stage
	} else if s.ids != nil {
		if err := add(s.ids.column, "?", duckdb.TYPE_BIGINT); err != nil {
			return err
		}
	}
	for _, c := range s.target.Columns {
		sql, t := columnSQL(c)
		if err := add(c.Name, sql, t); err != nil {
			return err
		}
	}
	query := "INSERT INTO " + table + " (" + strings.Join(into, ", ") + ") SELECT " + strings.Join(from, ", ") + " FROM pipewright_rows"
	s.row = make([]driver.Value, len(names))
	return s.conn.Raw(func(c any) error {
		var err error
		s.app, err = duckdb.NewQueryAppender(c.(driver.Conn), query, "pipewright_rows", types, names)
		return err
	})
}

// columnSQL is the reverse of plainSQL: how what was appended becomes the column's value, and as what it is
// appended.
func columnSQL(c engine.ColumnSpec) (sql string, t duckdb.Type) {
	switch c.Type {
	case engine.TypeText, engine.TypeVarchar:
		return "?", duckdb.TYPE_VARCHAR
	case engine.TypeNumeric:
		return "?::" + typeSQL(c), duckdb.TYPE_VARCHAR
	case engine.TypeDouble:
		return "?", duckdb.TYPE_DOUBLE
	case engine.TypeDate:
		return "(DATE '1970-01-01' + ?::INTEGER)", duckdb.TYPE_BIGINT
	case engine.TypeTimestamp:
		return "make_timestamp(?)", duckdb.TYPE_BIGINT
	case engine.TypeTimestamptz:
		return "(make_timestamp(?) AT TIME ZONE 'UTC')", duckdb.TYPE_BIGINT
	}
	return "?::" + typeSQL(c), duckdb.TYPE_BIGINT
}

func (s *LoadSink) closeAppender(ctx context.Context) error {
	if s.app == nil {
		return ctx.Err()
	}
	app := s.app
	s.app = nil
	return app.CloseWithCancel(ctx)
}
