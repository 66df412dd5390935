package duck

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"pipewright/engine"
)

// QueryConn is one session that runs a person's statements. It works on DuckDB's C interface itself,
// because the driver for database/sql holds a whole result in memory: here rows stream. One goroutine at
// a time uses it.
type QueryConn struct {
	db      bindings.Database
	conn    bindings.Connection
	release func()
	inTx    bool
}

// QueryConn opens the file if it is not open, and a session on it. The caller closes it, which lets the
// file go.
func (d *Database) QueryConn(ctx context.Context) (*QueryConn, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	q := &QueryConn{db: d.db, release: release}
	d.mu.Unlock()
	if bindings.Connect(q.db, &q.conn) == bindings.StateError {
		release()
		return nil, &engine.Error{Kind: engine.Unavailable, What: "DuckDB opens no further session", Where: d.options.Path, Next: "close some and try again"}
	}
	if _, err := q.run("SET errors_as_json = true"); err != nil {
		_ = q.Close()
		return nil, err
	}
	return q, nil
}

// Backend implements query.Conn.
func (q *QueryConn) Backend() engine.Backend { return engine.DuckDB }

// OnNote implements query.Conn. DuckDB has no notices.
func (q *QueryConn) OnNote(func(string)) {}

// InTransaction implements query.Conn.
func (q *QueryConn) InTransaction() bool { return q.inTx }

// Close ends the session and lets the file go. An open transaction is rolled back.
func (q *QueryConn) Close() error {
	bindings.Disconnect(&q.conn)
	q.release()
	return nil
}

// interruptAgain is how often a running statement is told to stop: DuckDB forgets an interrupt when it
// begins the next part of a query.
const interruptAgain = 20 * time.Millisecond

// watch stops what runs on the session when ctx is done. What it gives back ends the watching.
func (q *QueryConn) watch(ctx context.Context) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		again := time.NewTicker(interruptAgain)
		defer again.Stop()
		for {
			bindings.Interrupt(q.conn)
			select {
			case <-done:
				return
			case <-again.C:
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// Stream implements query.Conn.
func (q *QueryConn) Stream(ctx context.Context, sql string, limit int64,
	start func([]engine.Column) error, rows func([][]engine.Cell) error,
) (engine.ResultEnd, error) {
	if ctx.Err() != nil {
		return engine.ResultEnd{}, interrupted(ctx.Err())
	}
	stop := q.watch(ctx)
	s := &stream{q: q, sql: sql, limit: limit, start: start, batch: batch{emit: rows}}
	err := s.run()
	stop()
	if err != nil && ctx.Err() != nil {
		return engine.ResultEnd{}, interrupted(err)
	}
	return s.end, err
}

// terminal finds the files that are this process's own terminal: DuckDB runs in it and would write over the
// screen.
var terminal = regexp.MustCompile(`'/dev/(std(in|out|err)|fd/[0-9]+|tty)'`)

// stream is one statement under way.
type stream struct {
	q     *QueryConn
	sql   string
	limit int64
	start func([]engine.Column) error
	batch batch
	end   engine.ResultEnd

	prepared bindings.PreparedStatement
	kind     bindings.StatementType
	columns  []engine.Column
	ids      []bindings.Type
	seen     int64
}

func (s *stream) run() error {
	err := s.prepare()
	defer bindings.DestroyPrepare(&s.prepared)
	if err != nil {
		return err
	}
	if s.kind == bindings.StatementTypeCopy && terminal.MatchString(s.sql) {
		return &engine.Error{Kind: engine.Failed, What: "COPY cannot use this program's own input and output", SQL: s.sql,
			Next: "name a file, or use pipewright query --format csv"}
	}
	s.describe()
	streams := s.kind == bindings.StatementTypeSelect || s.kind == bindings.StatementTypeExplain
	if streams {
		err = s.query()
	} else {
		err = s.execute()
	}
	if err != nil {
		return err
	}
	s.noteTransaction()
	if s.end.Tag == "" {
		s.end.Tag = tag(s.sql, s.end.RowCount)
	}
	return nil
}

// prepare has DuckDB parse and bind the statement. Some, such as PIVOT without its values, are several to
// DuckDB: all but the last are run at once.
func (s *stream) prepare() error {
	var all bindings.ExtractedStatements
	n := bindings.ExtractStatements(s.q.conn, s.sql, &all)
	defer bindings.DestroyExtracted(&all)
	if n == 0 {
		message := bindings.ExtractStatementsError(all)
		if message == "" {
			message = "Parser Error: there is no SQL in the statement"
		}
		return queryError(s.sql, 0, message)
	}
	for i := bindings.IdxT(0); i < n; i++ {
		bindings.DestroyPrepare(&s.prepared)
		if bindings.PrepareExtractedStatement(s.q.conn, all, i, &s.prepared) == bindings.StateError {
			return queryError(s.sql, 0, bindings.PrepareError(s.prepared))
		}
		if bindings.NParams(s.prepared) > 0 {
			return &engine.Error{Kind: engine.Failed, What: "there is no value for the parameter in the statement", SQL: s.sql, Next: "write the value in its place"}
		}
		if i < n-1 {
			res, err := s.q.execute(s.prepared, s.sql, 0, false)
			bindings.DestroyResult(&res)
			if err != nil {
				return err
			}
		}
	}
	s.kind = bindings.PreparedStatementType(s.prepared)
	return nil
}

func (s *stream) describe() {
	for i := range bindings.PreparedStatementColumnCount(s.prepared) {
		t := bindings.PreparedStatementColumnLogicalType(s.prepared, i)
		c := engine.Column{Name: bindings.PreparedStatementColumnName(s.prepared, i), Type: typeName(t)}
		id := bindings.GetTypeId(t)
		bindings.DestroyLogicalType(&t)
		c.Kind = valueKind(id, c.Type)
		s.columns, s.ids = append(s.columns, c), append(s.ids, id)
	}
}

// query runs a statement that returns rows and changes nothing. DuckDB itself turns the values into text:
// the statement is wrapped in casts, or, where it cannot stand in a FROM, a second session casts.
func (s *stream) query() error {
	prepared, skip, read := s.prepared, 0, s.chunk
	if !s.allText() {
		wrapped, n, ok := s.wrap()
		defer bindings.DestroyPrepare(&wrapped)
		if ok {
			prepared, skip = wrapped, n
		} else {
			c, err := s.q.newCaster(s.columns, s.ids)
			if err != nil {
				return err
			}
			defer c.close()
			read = func(chunk bindings.DataChunk) error { return c.cast(chunk, s.chunk) }
		}
	}
	res, err := s.q.execute(prepared, s.sql, skip, true)
	defer bindings.DestroyResult(&res)
	if err != nil {
		return err
	}
	if err := s.start(s.columns); err != nil {
		return err
	}
	return s.read(&res, skip, read)
}

// wrap prepares the statement within one that casts its columns to text, where it can stand there. It
// gives how many bytes stand before it.
func (s *stream) wrap() (p bindings.PreparedStatement, skip int, ok bool) {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, id := range s.ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("#" + strconv.Itoa(i+1))
		if id != bindings.TypeVarchar {
			b.WriteString("::VARCHAR")
		}
	}
	b.WriteString(" FROM (\n")
	skip = b.Len()
	b.WriteString(s.sql)
	b.WriteString("\n)")
	return p, skip, bindings.Prepare(s.q.conn, b.String(), &p) == bindings.StateSuccess
}

func (s *stream) allText() bool {
	for _, id := range s.ids {
		if id != bindings.TypeVarchar {
			return false
		}
	}
	return true
}

// execute runs a statement that changes something, or of which DuckDB gives the result as a whole.
func (s *stream) execute() error {
	res, err := s.q.execute(s.prepared, s.sql, 0, false)
	defer bindings.DestroyResult(&res)
	if err != nil {
		return err
	}
	if bindings.ResultReturnType(res) != bindings.ResultTypeQueryResult || s.onlySuccess() {
		s.end.RowCount = int64(bindings.RowsChanged(&res))
		return s.start(nil)
	}
	if err := s.start(s.columns); err != nil {
		return err
	}
	read := s.chunk
	if !s.allText() {
		c, err := s.q.newCaster(s.columns, s.ids)
		if err != nil {
			return err
		}
		defer c.close()
		read = func(chunk bindings.DataChunk) error { return c.cast(chunk, s.chunk) }
	}
	return s.read(&res, 0, read)
}

// onlySuccess is the result of statements such as CHECKPOINT, which have none.
func (s *stream) onlySuccess() bool {
	return len(s.columns) == 1 && s.columns[0].Name == "Success" && s.columns[0].Kind == engine.BoolValue
}

// read reads a result to its end, or one row past the limit.
func (s *stream) read(res *bindings.Result, skip int, take func(bindings.DataChunk) error) error {
	for s.limit == 0 || s.seen <= s.limit {
		chunk := bindings.FetchChunk(*res)
		if chunk.Ptr == nil {
			if message := bindings.ResultError(res); message != "" {
				return queryError(s.sql, skip, message)
			}
			break
		}
		err := take(chunk)
		bindings.DestroyDataChunk(&chunk)
		if err != nil {
			return err
		}
	}
	s.end.RowCount = s.seen
	if s.limit > 0 && s.seen > s.limit {
		s.end.RowCount, s.end.Truncated = s.limit, true
	}
	return s.batch.flush()
}

// noteTransaction follows BEGIN, COMMIT and ROLLBACK.
func (s *stream) noteTransaction() {
	if s.kind == bindings.StatementTypeTransaction {
		words := leadingWords(s.sql, 1)
		s.q.inTx = len(words) > 0 && (words[0] == "BEGIN" || words[0] == "START")
	}
}

// execute runs a prepared statement. The result must be destroyed, after a failure too.
func (q *QueryConn) execute(p bindings.PreparedStatement, sql string, skip int, streaming bool) (bindings.Result, error) {
	var res bindings.Result
	var pending bindings.PendingResult
	start := bindings.PendingPrepared
	if streaming {
		start = bindings.PendingPreparedStreaming
	}
	state := start(p, &pending)
	defer bindings.DestroyPending(&pending)
	if state == bindings.StateError {
		return res, queryError(sql, skip, bindings.PendingError(pending))
	}
	if bindings.ExecutePending(pending, &res) == bindings.StateError {
		return res, queryError(sql, skip, bindings.ResultError(&res))
	}
	return res, nil
}

// run runs a statement of ours, and gives how many rows it changed.
func (q *QueryConn) run(sql string) (int64, error) { return runOn(q.conn, sql) }

func runOn(conn bindings.Connection, sql string) (int64, error) {
	var res bindings.Result
	state := bindings.Query(conn, sql, &res)
	defer bindings.DestroyResult(&res)
	if state == bindings.StateError {
		return 0, queryError(sql, 0, bindings.ResultError(&res))
	}
	return int64(bindings.RowsChanged(&res)), nil
}

// ExportParquet implements query.ParquetExporter: DuckDB writes the file, with the types that the result
// has.
func (q *QueryConn) ExportParquet(ctx context.Context, sql, path string, start func([]engine.Column) error) (int64, bool, error) {
	if ctx.Err() != nil {
		return 0, false, interrupted(ctx.Err())
	}
	stop := q.watch(ctx)
	n, ok, err := q.copyParquet(sql, path, start)
	stop()
	if err != nil && ctx.Err() != nil {
		return 0, ok, interrupted(err)
	}
	return n, ok, err
}

func (q *QueryConn) copyParquet(sql, path string, start func([]engine.Column) error) (int64, bool, error) {
	s := &stream{q: q, sql: sql}
	err := s.prepare()
	defer bindings.DestroyPrepare(&s.prepared)
	if err != nil {
		return 0, true, err
	}
	if s.kind != bindings.StatementTypeSelect {
		return 0, false, nil
	}
	s.describe()
	prefix := "COPY (\n"
	var p bindings.PreparedStatement
	state := bindings.Prepare(q.conn, prefix+sql+"\n) TO "+quote(path, '\'')+" (FORMAT parquet)", &p)
	defer bindings.DestroyPrepare(&p)
	if state == bindings.StateError {
		return 0, false, nil // it cannot stand in a COPY; its rows can be written all the same
	}
	if err := start(s.columns); err != nil {
		return 0, true, err
	}
	res, err := q.execute(p, sql, len(prefix), false)
	defer bindings.DestroyResult(&res)
	if err != nil {
		return 0, true, err
	}
	return int64(bindings.RowsChanged(&res)), true, nil
}

// tag names what was done, as PostgreSQL's command tags do.
func tag(sql string, rows int64) string {
	words := leadingWords(sql, 4)
	if len(words) == 0 {
		return ""
	}
	count := " " + strconv.FormatInt(rows, 10)
	switch words[0] {
	case "SELECT", "FROM", "VALUES", "WITH", "TABLE", "PIVOT", "UNPIVOT":
		return "SELECT" + count
	case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY":
		return words[0] + count
	case "CREATE", "DROP", "ALTER":
		for _, w := range words[1:] {
			switch w {
			case "OR", "REPLACE", "TEMP", "TEMPORARY", "UNIQUE", "PERSISTENT":
			default:
				return words[0] + " " + w
			}
		}
	}
	return words[0]
}

// leadingWords are the first words of a statement in capitals, behind its comments.
func leadingWords(sql string, n int) []string {
	var out []string
	for len(out) < n {
		sql = strings.TrimLeft(sql, " \t\n\r\f\v(")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
			continue
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql, "*/")
			continue
		}
		i := strings.IndexFunc(sql, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
		if i < 0 {
			i = len(sql)
		}
		if i == 0 {
			break
		}
		out = append(out, strings.ToUpper(sql[:i]))
		sql = sql[i:]
	}
	return out
}
