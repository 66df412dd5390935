package duck

import (
	"strconv"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"pipewright/engine"
)

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

// duckString is duckdb_string_t: up to 12 bytes stand in the value itself, longer ones behind a pointer.
type duckString struct {
	length uint32
	prefix [4]byte
	ptr    unsafe.Pointer
}

const inlined = 12

func (s *duckString) bytes() []byte {
	if s.length <= inlined {
		return unsafe.Slice(&s.prefix[0], s.length)
	}
	return unsafe.Slice((*byte)(s.ptr), s.length)
}

// textVector is a column of a chunk whose values are text.
type textVector struct {
	values unsafe.Pointer // of duckString
	valid  unsafe.Pointer // bits; nil when nothing is NULL
}

// at gives a value, or nil for NULL. The bytes are DuckDB's.
func (v textVector) at(row int) []byte {
	if v.valid != nil {
		word := *(*uint64)(unsafe.Add(v.valid, row/64*8))
		if word>>(row%64)&1 == 0 {
			return nil
		}
	}
	return (*duckString)(unsafe.Add(v.values, row*int(unsafe.Sizeof(duckString{})))).bytes()
}

// chunk takes the rows of a chunk of text columns, up to the limit.
func (s *stream) chunk(chunk bindings.DataChunk) error {
	vectors := make([]textVector, len(s.columns))
	for i := range vectors {
		v := bindings.DataChunkGetVector(chunk, bindings.IdxT(i))
		vectors[i] = textVector{bindings.VectorGetData(v), bindings.VectorGetValidity(v)}
	}
	n := int(bindings.DataChunkGetSize(chunk))
	for row := range n {
		s.seen++
		if s.limit > 0 && s.seen > s.limit {
			return nil
		}
		if err := s.batch.add(vectors, row); err != nil {
			return err
		}
	}
	return nil
}

// add takes a copy of a row. The texts of a row share one allocation.
func (b *batch) add(vectors []textVector, row int) error {
	if b.rows == nil {
		b.rows = make([][]engine.Cell, 0, 64)
		if b.since.IsZero() {
			b.since = time.Now()
		}
	}
	n := len(vectors)
	if cap(b.cells)-len(b.cells) < n {
		b.cells = make([]engine.Cell, 0, max(n, min(n*batchRows, 4096)))
	}
	first := len(b.cells)
	b.cells = b.cells[:first+n]
	cells := b.cells[first : first+n : first+n]
	b.text = b.text[:0]
	for _, v := range vectors {
		b.text = append(b.text, v.at(row)...)
	}
	text := string(b.text)
	for i, v := range vectors {
		value := v.at(row)
		cells[i] = engine.Cell{Text: text[:len(value)], Null: value == nil}
		text = text[len(value):]
	}
	b.rows = append(b.rows, cells)
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

// caster turns chunks of any types into chunks of text on a session of its own, by way of a temporary
// table there: only DuckDB knows how DuckDB prints a value.
type caster struct {
	conn   bindings.Connection
	create string
	query  string
}

func (q *QueryConn) newCaster(columns []engine.Column, ids []bindings.Type) (*caster, error) {
	c := &caster{create: "CREATE OR REPLACE TEMP TABLE pipewright_cast (", query: "SELECT "}
	for i, column := range columns {
		if i > 0 {
			c.create += ", "
			c.query += ", "
		}
		name, kind := "c"+strconv.Itoa(i), column.Type
		if ids[i] == bindings.TypeSQLNull {
			kind = "VARCHAR"
		}
		c.create += name + " " + kind
		c.query += name + "::VARCHAR"
	}
	c.create += ")"
	c.query += " FROM pipewright_cast"
	if bindings.Connect(q.db, &c.conn) == bindings.StateError {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "DuckDB opens no further session", Next: "close some and try again"}
	}
	return c, nil
}

func (c *caster) close() { bindings.Disconnect(&c.conn) }

func (c *caster) cast(chunk bindings.DataChunk, take func(bindings.DataChunk) error) error {
	if _, err := runOn(c.conn, c.create); err != nil {
		return err
	}
	if err := c.append(chunk); err != nil {
		return err
	}
	var res bindings.Result
	state := bindings.Query(c.conn, c.query, &res)
	defer bindings.DestroyResult(&res)
	if state == bindings.StateError {
		return queryError(c.query, 0, bindings.ResultError(&res))
	}
	for {
		text := bindings.FetchChunk(res)
		if text.Ptr == nil {
			return nil
		}
		err := take(text)
		bindings.DestroyDataChunk(&text)
		if err != nil {
			return err
		}
	}
}

func (c *caster) append(chunk bindings.DataChunk) error {
	var a bindings.Appender
	state := bindings.AppenderCreateExt(c.conn, "temp", "main", "pipewright_cast", &a)
	defer bindings.AppenderDestroy(&a)
	if state == bindings.StateSuccess {
		state = bindings.AppendDataChunk(a, chunk)
	}
	if state == bindings.StateSuccess {
		state = bindings.AppenderClose(a)
	}
	if state == bindings.StateError {
		data := bindings.AppenderErrorData(a)
		defer bindings.DestroyErrorData(&data)
		return queryError("", 0, bindings.ErrorDataMessage(data))
	}
	return nil
}
