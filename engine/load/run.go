package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// Options are what a load needs beside its request.
type Options struct {
	Workspace engine.Workspace // for the quarantine's usual place and for scratch files
	Stdin     io.Reader        // what the path "-" reads
	Dialect   *csvscan.Dialect // forced parts of the dialect; nil: all of it is sniffed
	Header    csvscan.HeaderRule
	Workers   int // parallel parsers; 0: as many as there are processors, at most 4
}

// Run loads one file: it sniffs, validates, deduplicates and writes through the sink, in one transaction.
// It emits Notes, Progress about 20 times a second, and one Loaded at the end, one event at a time. When it
// fails or ctx is done, the table and the quarantine file are as they were. Errors are *engine.Error.
func Run(ctx context.Context, sink Sink, req engine.LoadCSV, o Options, emit func(engine.Event)) error {
	l, err := newLoader(sink, req, o, emit)
	if err != nil {
		_ = sink.Rollback() // nothing has begun
		return err
	}
	defer l.tmp.close()
	err = l.run(ctx)
	if l.dd != nil {
		l.dd.close()
	}
	if rollbackErr := sink.Rollback(); err == nil && !l.committed {
		err = rollbackErr
	}
	l.q.discard()
	l.progress.stop()
	if err == nil {
		l.progress.emit(l.result)
		return nil
	}
	if ctx.Err() != nil && !l.committed {
		return &engine.Error{Kind: engine.Interrupted, What: "the load was cancelled; the table is as it was", Where: req.Path, Err: ctx.Err()}
	}
	return l.explain(err)
}

// loader is one load.
type loader struct {
	sink      Sink
	req       engine.LoadCSV
	o         Options
	progress  *progress
	start     time.Time
	tmp       scratch
	in        input
	src       *csvscan.Source
	schema    Schema
	columns   []engine.ColumnSpec // of the schema, as far as the file has them
	places    []int
	digest    string
	target    engine.LoadTarget
	layout    *layout
	seed      uint64
	committed bool // what goes wrong now leaves the rows in the table
	known     bool // the ledger has this very file in this very table
	dd        *dedupe
	aside     aside
	q         *quarantine
	late      *worker // reads single records again
	reasons   map[string]int64
	count     counts
	result    engine.Loaded
}

// counts are read by the progress while the load runs.
type counts struct{ read, accepted, rejected, duplicates atomic.Int64 }

func newLoader(sink Sink, req engine.LoadCSV, o Options, emit func(engine.Event)) (*loader, error) {
	l := &loader{sink: sink, req: req, o: o, start: time.Now(), reasons: map[string]int64{}, seed: rand.Uint64()}
	if req.Mode == "" {
		l.req.Mode = engine.Append
	}
	switch l.req.Mode {
	case engine.Append, engine.Replace, engine.Upsert:
	default:
		return nil, &engine.Error{Kind: engine.Usage, What: "there is no mode " + quoted(string(req.Mode)), Next: "use append, replace or upsert"}
	}
	if req.Schema == "" {
		l.req.Schema = Infer
		if s, ok := Named(req.Table); ok {
			l.req.Schema = s.Name
		}
	}
	if l.req.Schema != Infer {
		s, ok := Named(l.req.Schema)
		if !ok {
			return nil, unknownSchema(l.req.Schema)
		}
		l.schema = s
	}
	if req.Table == "" {
		return nil, &engine.Error{Kind: engine.Usage, What: "no table was named", Next: "name one with --table"}
	}
	path := req.Quarantine
	if path == "" {
		path = quarantinePath(o.Workspace, req.Path)
	}
	var err error
	if l.q, err = newQuarantine(path, req.Path); err != nil {
		return nil, err
	}
	if l.o.Workers <= 0 {
		l.o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.Workspace.Dir != "" {
		l.tmp.dir = o.Workspace.State()
	}
	l.aside.tmp = &l.tmp
	l.progress = newProgress(emit, &l.count)
	return l, nil
}

func (l *loader) run(ctx context.Context) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	if err := l.plan(ctx); err != nil {
		return err
	}
	if err := l.begin(ctx); err != nil {
		return err
	}
	l.progress.stage("load", l.src)
	if err := l.rows(ctx); err != nil {
		return err
	}
	l.progress.stage("commit", l.src)
	if err := l.settle(ctx); err != nil {
		return err
	}
	return l.commit(ctx)
}

// open finds out what the source is, and looks at all of it first when its types or its digest are asked for.
func (l *loader) open(ctx context.Context) error {
	l.in = input{path: l.req.Path, stdin: l.o.Stdin, dialect: l.o.Dialect, header: l.o.Header, tmp: &l.tmp}
	twice := l.req.Schema == Infer || len(l.schema.Table.Key) == 0
	if twice {
		l.progress.stage("spool", nil)
		if err := l.in.spool(ctx); err != nil {
			return err
		}
	}
	digest := sha256.New()
	var tee io.Writer
	if twice {
		tee = digest
	}
	src, err := l.in.open(ctx, tee)
	if err != nil {
		return err
	}
	l.src = src
	l.progress.stage("read", src)
	if err := l.checkHeader(); err != nil {
		return err
	}
	if !twice {
		return nil
	}
	if err := l.survey(ctx); err != nil {
		return err
	}
	l.digest = hex.EncodeToString(digest.Sum(nil))
	l.src, err = l.in.open(ctx, nil)
	return err
}

func (l *loader) checkHeader() error {
	header := l.src.Header()
	if len(header) == 0 {
		return &engine.Error{Kind: engine.Failed, What: "the file is empty: it has neither a header nor rows", Where: l.req.Path, Next: "check that it was written to its end"}
	}
	for i, name := range header {
		if !utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0 {
			return &engine.Error{
				Kind: engine.Failed, What: "the name of column " + count(int64(i+1)) + " is no text: " + quoted(name),
				Where: l.req.Path + ", line 1", Next: "check that this is a text file and not a binary one",
			}
		}
	}
	if bad := csvscan.CheckHeader(header); bad != nil {
		if bad.Where == "" {
			bad.Where = l.req.Path + ", line 1"
		}
		return bad
	}
	return nil
}

// survey reads the whole source once.
func (l *loader) survey(ctx context.Context) error {
	header := l.src.Header()
	surveyors := make([]*surveyor, l.o.Workers)
	for i := range surveyors {
		surveyors[i] = newSurveyor(l.src.Dialect(), len(header))
	}
	l.progress.stage("infer", l.src)
	infer := l.req.Schema == Infer
	err := stream(ctx, l.src, l.o.Workers, func(i int, b *batch) {
		if infer {
			surveyors[i].survey(b.chunk)
		}
	}, func(*batch) error { return nil })
	if err == nil && infer {
		l.schema = inferred(l.req.Table, header, surveyors)
	}
	return err
}

// plan joins the schema and the header.
func (l *loader) plan(context.Context) error {
	l.schema.Table.Name = l.req.Table
	var err error
	l.columns, l.places, err = l.schema.match(l.req.Path, l.src.Header())
	if err == nil && len(l.columns) == 0 {
		err = l.schema.mismatch(l.req.Path, "the header has no column of "+l.schema.Name, l.src.Header())
	}
	return err
}

func (l *loader) begin(ctx context.Context) error {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.Name
	}
	l.progress.stage("prepare", l.src)
	var err error
	l.target, err = l.sink.Begin(ctx, engine.LoadPlan{
		Spec: l.schema.Table, Columns: names, Mode: l.req.Mode, Bytes: l.src.Size(), Source: l.req.Path, Digest: l.digest,
	})
	if err != nil {
		return err
	}
	l.layout, err = compile(&l.schema, l.columns, l.places, &l.target, len(l.src.Header()))
	if err != nil {
		return err
	}
	for _, text := range l.target.Notes {
		l.progress.emit(engine.Note{Text: text})
	}
	if l.req.Mode == engine.Upsert && len(l.layout.key) == 0 {
		return &engine.Error{
			Kind: engine.Usage, What: "upsert needs a key to know a row by, and neither the schema " + l.schema.Name + " nor the table has one that the file fills",
			Where: l.target.Name, Next: "use append or replace, or give the table a primary key",
		}
	}
	l.late = newWorker(l.src.Dialect(), l.layout, l.seed, l.sink.Encode)
	if l.target.Known > 0 && l.req.Mode == engine.Append && !l.req.Again {
		l.known = true
		l.progress.emit(engine.Note{Text: "this very file is in " + l.target.Name + " already (" + rowsWord(l.target.Known) + "), so nothing is added; --again adds it once more"})
	}
	return l.existing(ctx)
}

// existing takes the keys of the table's rows into account, where the mode keeps them as they are.
func (l *loader) existing(ctx context.Context) error {
	if len(l.layout.key) == 0 {
		return nil
	}
	l.dd = newDedupe(&l.tmp, l.src.Size())
	if l.req.Mode != engine.Append || l.target.Rows == 0 {
		return nil
	}
	l.progress.stage("keys", nil)
	k := keyer{seed: l.seed, exact: l.layout.exact}
	return l.sink.Keys(ctx, func(key []engine.Datum) error {
		k.start()
		for i, c := range l.layout.key {
			if !k.add(&key[i], l.layout.columns[c].typ) {
				return nil
			}
		}
		l.dd.existing(k.sum())
		return l.dd.err
	})
}

// explain makes an *engine.Error of whatever went wrong.
func (l *loader) explain(err error) error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{
		Kind: engine.Failed, What: "the load could not go on: " + cause(err) + "; the table is as it was", Where: l.req.Path,
		Next: "look at the room on the disk of " + l.tmp.place() + " and try again", Err: err,
	}
}
