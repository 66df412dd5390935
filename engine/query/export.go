package query

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pipewright/engine"
)

// progressEvery bounds how often an export reports.
const progressEvery = 50 * time.Millisecond

// sink writes one result to a file.
type sink interface {
	create(ctx context.Context, path string, columns []engine.Column) error
	write(ctx context.Context, rows [][]engine.Cell) error
	close(ctx context.Context) error
	abort()
}

func checkExport(e engine.Export) error {
	switch e.Format {
	case engine.FormatCSV, engine.FormatJSONLines, engine.FormatParquet:
	default:
		return &engine.Error{Kind: engine.Usage, What: fmt.Sprintf("%q is not a format of an export", string(e.Format)),
			Next: "use csv, jsonl or parquet"}
	}
	if e.Path == "" {
		return &engine.Error{Kind: engine.Usage, What: "the export names no file", Next: "name one with --out"}
	}
	info, err := os.Stat(e.Path)
	switch {
	case err != nil:
	case info.IsDir():
		return &engine.Error{Kind: engine.Usage, What: "the export's place is a folder", Where: e.Path, Next: "name a file in it"}
	case !info.Mode().IsRegular():
		// the rename at the end would put a file where a device or a pipe is
		return &engine.Error{Kind: engine.Usage, What: "the export's place is not a regular file", Where: e.Path,
			Next: "name a file, or leave --out away to write to standard output"}
	}
	return nil
}

// export runs a statement and writes what it returns beside its place, to be renamed when it is whole. A
// statement that returns no rows makes no file.
func (r *run) export(i int, st Statement) (engine.ResultEnd, error) {
	x := &exportFile{run: r, statement: i, st: st, target: numbered(r.req.Export.Path, r.exported), begun: time.Now()}
	end, err := x.stream()
	if err == nil && x.temp != "" {
		err = x.commit()
	}
	if err != nil {
		x.discard()
		return end, err
	}
	if x.temp != "" {
		end.Exported = x.target
		r.exported++
	}
	return end, nil
}

// numbered is where the n-th result of a text goes: the second into out-2.csv.
func numbered(path string, n int) string {
	if n == 0 {
		return path
	}
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-" + strconv.Itoa(n+1) + ext
}

// exportFile is one result on its way into a file.
type exportFile struct {
	run       *run
	statement int
	st        Statement
	target    string
	temp      string // empty until the result has shown that it has columns
	sink      sink   // nil when the connection writes the file itself
	begun     time.Time
	told      time.Time
	rows      int64
}

func (x *exportFile) stream() (engine.ResultEnd, error) {
	r := x.run
	if native, ok := r.conn.(ParquetExporter); ok && r.req.Export.Format == engine.FormatParquet && r.req.Limit == 0 {
		temp, err := x.prepare()
		if err != nil {
			return engine.ResultEnd{}, err
		}
		n, ok, err := x.native(native, temp)
		if ok || err != nil {
			x.temp, x.rows = temp, n
			return engine.ResultEnd{Tag: "SELECT " + strconv.FormatInt(n, 10), RowCount: n}, err
		}
		_ = os.Remove(temp)
	}
	end, err := r.stream(x.st, x.start, x.write)
	if err == nil && x.sink != nil {
		err = x.sink.close(r.ctx)
		if err == nil {
			x.sink = nil
		}
	}
	return end, err
}

// native lets the connection write the file, and reports how large it has become meanwhile.
func (x *exportFile) native(conn ParquetExporter, temp string) (n int64, ok bool, err error) {
	ctx, cancel := context.WithCancelCause(x.run.ctx)
	defer cancel(nil)
	columns, answer, done := make(chan []engine.Column), make(chan error), make(chan struct{})
	go func() {
		defer close(done)
		n, ok, err = conn.ExportParquet(ctx, x.st.SQL, temp, func(c []engine.Column) error {
			columns <- c
			return <-answer
		})
	}()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case c := <-columns:
			answer <- x.run.emit(engine.ResultStart{Statement: x.statement, SQL: x.st.SQL, Columns: c})
		case <-tick.C:
			info, err := os.Stat(temp)
			if err != nil {
				continue
			}
			elapsed := time.Since(x.begun)
			p := engine.Progress{Stage: "export", Done: info.Size(), Unit: "bytes", Rate: float64(info.Size()) / elapsed.Seconds(), Elapsed: elapsed}
			if err := x.run.emit(p); err != nil {
				cancel(err)
			}
		case <-done:
			if cause := context.Cause(ctx); cause != nil && err != nil {
				err = errors.Join(cause, err)
			}
			return n, ok, err
		}
	}
}

func (x *exportFile) start(columns []engine.Column) error {
	if err := x.run.emit(engine.ResultStart{Statement: x.statement, SQL: x.st.SQL, Columns: columns}); err != nil {
		return err
	}
	if len(columns) == 0 {
		return nil
	}
	s, err := x.run.newSink()
	if err != nil {
		return err
	}
	if x.temp, err = x.prepare(); err != nil {
		return err
	}
	x.sink = s
	return x.sentence(s.create(x.run.ctx, x.temp, columns))
}

func (r *run) newSink() (sink, error) {
	switch r.req.Export.Format {
	case engine.FormatCSV:
		return &csvSink{}, nil
	case engine.FormatJSONLines:
		return &jsonSink{}, nil
	}
	if r.options.Parquet == nil {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "nothing here can write Parquet", Next: "use csv or jsonl"}
	}
	return &parquetSink{w: r.options.Parquet(), from: r.conn.Backend()}, nil
}

func (x *exportFile) write(rows [][]engine.Cell) error {
	if err := x.sink.write(x.run.ctx, rows); err != nil {
		return x.sentence(err)
	}
	x.rows += int64(len(rows))
	now := time.Now()
	if now.Sub(x.told) < progressEvery {
		return nil
	}
	x.told = now
	elapsed := now.Sub(x.begun)
	return x.run.emit(engine.Progress{Stage: "export", Done: x.rows, Unit: "rows", Rows: x.rows,
		Rate: float64(x.rows) / max(elapsed.Seconds(), 1e-9), Elapsed: elapsed})
}

// prepare makes the folder, and an empty file of a new name beside the target.
func (x *exportFile) prepare() (string, error) {
	dir, base := filepath.Split(x.target)
	if dir == "" {
		dir = "."
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", x.sentence(err)
	}
	for {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.part", base, rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", x.sentence(err)
		}
		return name, x.sentence(f.Close())
	}
}

// commit makes the file durable and puts it in its place, with the permissions of the one that was there.
func (x *exportFile) commit() error {
	f, err := os.OpenFile(x.temp, os.O_RDWR, 0)
	if err != nil {
		return x.sentence(err)
	}
	if info, statErr := os.Stat(x.target); statErr == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(x.temp, x.target)
	}
	return x.sentence(err)
}

func (x *exportFile) discard() {
	if x.sink != nil {
		x.sink.abort()
	}
	if x.temp != "" {
		_ = os.Remove(x.temp)
	}
}

// sentence tells a failure of the file in words; what is an *engine.Error already stays one.
func (x *exportFile) sentence(err error) error {
	var e *engine.Error
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case x.run.ctx.Err() != nil:
		return err
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	return &engine.Error{Kind: engine.Failed, What: "the export could not be written: " + err.Error(), Where: x.target,
		Next: "choose another place with --out", Err: err}
}
