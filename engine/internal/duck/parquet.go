package duck

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pipewright/engine"
)

// parquetDSN is the private DuckDB that writes Parquet: nothing of it is on disk, and it shares no lock
// with the workspace's file.
const parquetDSN = ":memory:?memory_limit=512MB&threads=1&temp_directory=&autoinstall_known_extensions=false&autoload_known_extensions=false"

// ParquetWriter writes one Parquet file from cells as a backend shows them. It implements
// query.ParquetWriter. Rows pass through a table function that one COPY reads, so that no more than a row
// group is in memory.
type ParquetWriter struct {
	db      *sql.DB
	conn    *sql.Conn
	columns []engine.Column
	casts   []cast
	batches chan [][]engine.Cell
	stop    context.CancelFunc
	done    chan struct{} // closed when the COPY has ended
	err     error         // of the COPY; read behind done
}

// NewParquetWriter makes a writer for one file.
func NewParquetWriter() *ParquetWriter { return &ParquetWriter{} }

// Create begins the file. Types are mapped without loss: what Parquet has no exact type for, such as a
// numeric without a precision, stays text.
func (w *ParquetWriter) Create(ctx context.Context, path string, from engine.Backend, columns []engine.Column) error {
	w.columns = columns
	for _, c := range columns {
		w.casts = append(w.casts, castOf(from, c.Type))
	}
	connector, err := duckdb.NewConnector(parquetDSN, nil)
	if err != nil {
		return parquetError(err)
	}
	w.db = sql.OpenDB(connector)
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return parquetError(err)
	}
	w.batches = make(chan [][]engine.Cell)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	source := &cellSource{ctx: running, columns: len(columns), batches: w.batches, casts: w.casts}
	err = duckdb.RegisterTableUDF(w.conn, "pipewright_cells", duckdb.ChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ChunkTableSource, error) { return source, nil }})
	if err != nil {
		stop()
		return parquetError(err)
	}
	statement, done := w.statement(path), make(chan struct{})
	w.done = done
	go func() {
		defer close(done)
		_, w.err = w.conn.ExecContext(running, statement)
	}()
	return nil
}

// statement is the COPY that turns text into typed columns and writes them.
func (w *ParquetWriter) statement(path string) string {
	var b strings.Builder
	b.WriteString("COPY (SELECT ")
	for i, c := range w.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		name := c.Name
		if name == "" {
			name = "column" + strconv.Itoa(i+1)
		}
		b.WriteString(w.casts[i].of("c"+strconv.Itoa(i)) + " AS " + quote(name, '"'))
	}
	b.WriteString(" FROM pipewright_cells()) TO " + quote(path, '\'') + " (FORMAT parquet)")
	return b.String()
}

// Write hands a batch to the COPY, and waits until the one before it has been taken.
func (w *ParquetWriter) Write(ctx context.Context, rows [][]engine.Cell) error {
	select {
	case w.batches <- rows:
		return nil
	case <-w.done:
		if w.err == nil {
			w.err = errors.New("DuckDB ended the file early")
		}
		return parquetError(w.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what is left and ends the file.
func (w *ParquetWriter) Close(ctx context.Context) error {
	close(w.batches)
	select {
	case <-w.done:
	case <-ctx.Done():
		w.stop()
		<-w.done
		w.err = ctx.Err()
	}
	w.stop()
	return errors.Join(parquetError(w.err), w.close())
}

// Abort ends the writing wherever it is. It may follow anything but a Close that succeeded.
func (w *ParquetWriter) Abort() {
	if w.stop != nil {
		w.stop()
	}
	if w.done != nil {
		<-w.done
	}
	_ = w.close()
}

func (w *ParquetWriter) close() error {
	var err error
	if w.conn != nil {
		err = w.conn.Close()
		w.conn = nil
	}
	if w.db != nil {
		err = errors.Join(err, w.db.Close())
		w.db = nil
	}
	return err
}

// parquetError tells a failure of the writing. A value that does not fit its column is the likely one.
func parquetError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	}
	out := queryError("", 0, err.Error())
	out.SQL, out.Position, out.Err = "", 0, err
	out.What = "the Parquet file could not be written: " + out.What
	out.Next = "cast the column to text in the query, or export as CSV"
	return out
}

// cellSource feeds batches of cells to a COPY as a table function whose columns are all text.
type cellSource struct {
	ctx     context.Context
	columns int
	casts   []cast
	batches <-chan [][]engine.Cell
	rest    [][]engine.Cell
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *cellSource) ColumnInfos() []duckdb.ColumnInfo {
	text, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		return nil // DuckDB then refuses the function by itself
	}
	out := make([]duckdb.ColumnInfo, s.columns)
	for i := range out {
		out[i] = duckdb.ColumnInfo{Name: "c" + strconv.Itoa(i), T: text}
	}
	return out
}

// Cardinality implements duckdb.ChunkTableSource: it is not known.
func (s *cellSource) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ChunkTableSource.
func (s *cellSource) Init() {}

// FillChunk implements duckdb.ChunkTableSource: it takes one batch, or as much of one as a chunk holds.
func (s *cellSource) FillChunk(chunk duckdb.DataChunk) error {
	if len(s.rest) == 0 {
		select {
		case s.rest = <-s.batches: // nil when there are no more
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	n := min(len(s.rest), duckdb.GetDataChunkCapacity())
	if err := chunk.SetSize(n); err != nil || n == 0 {
		return err
	}
	for col := range s.columns {
		vector, err := chunk.GetVector(col)
		if err != nil {
			return err
		}
		writer, err := duckdb.GetVectorWriter[string](vector)
		if err != nil {
			return err
		}
		if err := s.fill(writer, col, n); err != nil {
			return err
		}
	}
	s.rest = s.rest[n:]
	return nil
}

func (s *cellSource) fill(writer duckdb.VectorWriter[string], col, n int) error {
	for row := range n {
		cell := s.rest[row][col]
		var err error
		if cell.Null {
			err = writer.SetNull(row)
		} else {
			err = writer.Set(row, s.casts[col].text(cell.Text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cast is how a column's text becomes a value of its Parquet type.
type cast struct {
	to  string // DuckDB's type; empty means text as it is
	hex bool   // bytea's \x…
	era bool   // PostgreSQL's BC is DuckDB's (BC)
}

func (c cast) of(column string) string {
	switch {
	case c.hex:
		return "from_hex(substr(" + column + ", 3))"
	case c.to == "":
		return column
	}
	return "CAST(" + column + " AS " + c.to + ")"
}

func (c cast) text(s string) string {
	if c.era && strings.HasSuffix(s, " BC") {
		s = strings.TrimSuffix(s, " BC") + " (BC)"
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "\uFFFD") // of a database without an encoding; Parquet's text is UTF-8
	}
	return s
}

// parquetTypes are PostgreSQL's types that DuckDB holds exactly.
var parquetTypes = map[string]cast{
	"smallint": {to: "SMALLINT"}, "integer": {to: "INTEGER"}, "bigint": {to: "BIGINT"}, "oid": {to: "UINTEGER"},
	"real": {to: "FLOAT"}, "double precision": {to: "DOUBLE"}, "boolean": {to: "BOOLEAN"}, "uuid": {to: "UUID"},
	"date": {to: "DATE", era: true}, "time without time zone": {to: "TIME"},
	"timestamp without time zone": {to: "TIMESTAMP", era: true}, "timestamp with time zone": {to: "TIMESTAMPTZ", era: true},
	"json": {to: "JSON"}, "jsonb": {to: "JSON"}, "bytea": {hex: true},
}

// castOf maps a column type as its backend names it.
func castOf(from engine.Backend, name string) cast {
	if from == engine.DuckDB {
		if name == "VARCHAR" || name == `"NULL"` || name == "UNKNOWN" {
			return cast{}
		}
		return cast{to: name}
	}
	if p, s, ok := decimal(name); ok && p <= 38 && s >= 0 && s <= p {
		return cast{to: "DECIMAL(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"}
	}
	// timestamp(3) without time zone: microseconds hold every precision
	if i, j := strings.IndexByte(name, '('), strings.IndexByte(name, ')'); i > 0 && j > i && strings.HasPrefix(name, "time") {
		name = name[:i] + name[j+1:]
	}
	return parquetTypes[name]
}

// decimal reads "numeric(10,2)".
func decimal(name string) (precision, scale int, ok bool) {
	inner, ok := strings.CutPrefix(name, "numeric(")
	if !ok {
		return 0, 0, false
	}
	p, s, ok := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	if !ok {
		return 0, 0, false
	}
	precision, err := strconv.Atoi(p)
	if err != nil {
		return 0, 0, false
	}
	scale, err = strconv.Atoi(s)
	return precision, scale, err == nil
}
