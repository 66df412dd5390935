package load

import (
	"context"
	"io"
	"sync"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// rowInfo is what the sequential stage needs to know of a good row.
type rowInfo struct {
	h          hash
	row, line  uint32 // from the chunk's first
	start, end uint32 // of the record in the chunk's data
	keyed      bool   // its key has no NULL in it
}

// batch is one chunk and what became of it.
type batch struct {
	chunk   *csvscan.Chunk
	enc     []byte  // the good rows as the sink wants them
	ends    []int32 // where each ends in enc
	rows    []rowInfo
	rejects []reject
	values  []byte // the rejects' values, which do not outlive their record
	done    chan struct{}
}

func (b *batch) reset(c *csvscan.Chunk) {
	const usual = 8 << 20
	if cap(b.enc) > usual { // one huge record must not stay in memory
		b.enc = nil
	}
	if cap(b.values) > usual {
		b.values = nil
	}
	clear(b.rejects)
	b.chunk, b.enc, b.ends, b.rows, b.rejects, b.values = c, b.enc[:0], b.ends[:0], b.rows[:0], b.rejects[:0], b.values[:0]
}

// stream runs the chunks of src through workers that each call work, and then, in the order of the file,
// through seq, which runs on the caller's goroutine. Memory is bounded by the number of batches. It closes
// src when it is done with it, also when that is after its return: a read that hangs cannot be interrupted
// everywhere.
func stream(ctx context.Context, src *csvscan.Source, workers int, work func(worker int, b *batch), seq func(b *batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := workers + 2
	free := make(chan *batch, batches)
	for range batches {
		free <- &batch{done: make(chan struct{}, 1)}
	}
	todo := make(chan *batch, batches)
	order := make(chan *batch, batches)
	var readErr error
	go func() {
		readErr = feed(ctx, src, free, todo, order)
		close(todo)
		close(order)
		_ = src.Close() // everything that matters has been read
	}()
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for b := range todo {
				if ctx.Err() == nil {
					work(i, b)
				}
				b.done <- struct{}{}
			}
		})
	}
	for {
		var b *batch
		var ok bool
		select {
		case b, ok = <-order:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !ok {
			wg.Wait()
			return readErr
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := seq(b); err != nil {
			return err
		}
		b.chunk.Release()
		b.chunk = nil
		free <- b
	}
}

func feed(ctx context.Context, src *csvscan.Source, free <-chan *batch, todo, order chan<- *batch) error {
	for {
		var b *batch
		select {
		case b = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		c, err := src.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b.reset(c)
		todo <- b  // never blocks: there is room for every batch
		order <- b // the same
	}
}

// worker turns chunks into batches of encoded rows and rejects.
type worker struct {
	parser *csvscan.Parser
	layout *layout
	keys   keyer
	row    []engine.Datum
	fault  fault
	encode func(dst []byte, row []engine.Datum) []byte
}

func newWorker(d csvscan.Dialect, l *layout, seed uint64, encode func([]byte, []engine.Datum) []byte) *worker {
	return &worker{
		parser: csvscan.NewParser(d), layout: l, keys: keyer{seed: seed, exact: l.exact},
		row: make([]engine.Datum, len(l.columns)), encode: encode,
	}
}

func (w *worker) fill(b *batch) {
	w.parser.Reset(b.chunk)
	room := cap(b.chunk.Data)
	for {
		rec, ok := w.parser.Next()
		if !ok {
			return
		}
		if !w.layout.row(&rec, w.row, &w.fault) {
			b.reject(&rec, &w.fault)
			continue
		}
		// A record is a part of the chunk's data, so their capacities tell its place.
		start := room - cap(rec.Raw)
		info := rowInfo{
			row: uint32(rec.Row - b.chunk.FirstRow), line: uint32(rec.Line - b.chunk.FirstLine),
			start: uint32(start), end: uint32(start + len(rec.Raw)),
		}
		info.h, info.keyed = w.key(w.row)
		b.rows = append(b.rows, info)
		b.enc = w.encode(b.enc, w.row)
		b.ends = append(b.ends, int32(len(b.enc)))
	}
}

// key hashes the key of a row. It gives false when there is none.
func (w *worker) key(row []engine.Datum) (hash, bool) {
	if len(w.layout.key) == 0 {
		return hash{}, false
	}
	w.keys.start()
	for _, i := range w.layout.key {
		if !w.keys.add(&row[i], w.layout.columns[i].typ) {
			return hash{}, false
		}
	}
	return w.keys.sum(), true
}

func (b *batch) reject(rec *csvscan.Record, f *fault) {
	from := len(b.values)
	b.values = append(b.values, f.value...)
	b.rejects = append(b.rejects, reject{
		row: rec.Row, line: rec.Line, column: f.column, reason: f.reason,
		value: b.values[from:], record: rec.Raw, reasons: append([]string(nil), f.reasons...),
	})
}
