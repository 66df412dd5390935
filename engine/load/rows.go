package load

import (
	"context"
	"strconv"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// rows runs the file through parsing and validation, in parallel, and deduplication and writing, in order.
func (l *loader) rows(ctx context.Context) error {
	workers := make([]*worker, l.o.Workers)
	for i := range workers {
		workers[i] = newWorker(l.src.Dialect(), l.layout, l.seed, l.sink.Encode)
	}
	return stream(ctx, l.src, l.o.Workers, func(i int, b *batch) { workers[i].fill(b) }, func(b *batch) error {
		return l.take(ctx, b)
	})
}

// take is the sequential stage: it drops the duplicates of a batch and writes the rest.
func (l *loader) take(ctx context.Context, b *batch) error {
	next := 0 // of the rejects
	var read, write, kept int32
	for i := range b.rows {
		info := &b.rows[i]
		end := b.ends[i]
		row := b.chunk.FirstRow + int64(info.row)
		state, first := fresh, int64(0)
		switch {
		case l.known:
			state = duplicate
		case info.keyed:
			state, first = l.dd.add(info.h, row)
		}
		if state == fresh {
			if write != read {
				copy(b.enc[write:], b.enc[read:end])
			}
			write += end - read
			read = end
			b.ends[kept] = write
			kept++
			continue
		}
		read = end
		for ; next < len(b.rejects) && b.rejects[next].row < row; next++ {
			if err := l.reject(&b.rejects[next]); err != nil {
				return err
			}
		}
		if err := l.repeated(b, info, state, first); err != nil {
			return err
		}
	}
	for ; next < len(b.rejects); next++ {
		if err := l.reject(&b.rejects[next]); err != nil {
			return err
		}
	}
	if l.dd != nil && l.dd.err != nil {
		return l.dd.err
	}
	l.count.read.Add(b.chunk.Rows)
	if kept == 0 {
		return nil
	}
	if err := l.sink.Write(ctx, b.enc[:write], b.ends[:kept]); err != nil {
		return err
	}
	l.count.accepted.Add(int64(kept))
	return nil
}

// reject quarantines a bad row.
func (l *loader) reject(r *reject) error {
	l.count.rejected.Add(1)
	for _, reason := range r.reasons {
		l.reasons[reason]++
	}
	return l.put(r, false, hash{})
}

// repeated handles a good row whose key was seen before, or perhaps was.
func (l *loader) repeated(b *batch, info *rowInfo, state seen, first int64) error {
	r := reject{
		row: b.chunk.FirstRow + int64(info.row), line: b.chunk.FirstLine + int64(info.line),
		record: b.chunk.Data[info.start:info.end],
	}
	if state == duplicate {
		l.duplicate(&r, first)
	}
	return l.put(&r, state == suspect, info.h)
}

// put writes a reject to the quarantine, or puts it aside as long as what comes before it is not certain.
func (l *loader) put(r *reject, isSuspect bool, h hash) error {
	if isSuspect || l.aside.open() {
		return l.aside.put(r, isSuspect, h)
	}
	return l.q.add(r)
}

// duplicate fills in what there is to say of a row whose key is that of an earlier one, and counts it.
func (l *loader) duplicate(r *reject, first int64) {
	l.count.duplicates.Add(1)
	switch {
	case l.known:
		r.reason = "already in the table, which has this very file"
		l.reasons["already loaded"]++
		return
	case first == 0:
		r.reason = "already in the table"
	default:
		r.reason = "duplicate of row " + strconv.FormatInt(first, 10)
	}
	name := ""
	for n, i := range l.layout.key {
		if n > 0 {
			name += ", "
		}
		name += l.layout.columns[i].name
	}
	r.column = name
	l.reasons["duplicate "+name]++
	if rec, ok := l.late.again(r); ok && len(l.layout.key) == 1 {
		r.value = rec.Fields[l.layout.columns[l.layout.key[0]].place]
	}
}

// again parses a record once more.
func (w *worker) again(r *reject) (csvscan.Record, bool) {
	w.parser.Reset(&csvscan.Chunk{Data: r.record, FirstRow: r.row, FirstLine: r.line})
	return w.parser.Next()
}

// settle decides about the suspects: true duplicates go to the quarantine, the others into the table after
// all.
func (l *loader) settle(ctx context.Context) error {
	if !l.aside.open() {
		return nil
	}
	if err := l.dd.settle(ctx.Err); err != nil {
		return err
	}
	var enc []byte
	var ends []int32
	flush := func() error {
		if len(ends) == 0 {
			return ctx.Err()
		}
		if err := l.sink.Write(ctx, enc, ends); err != nil {
			return err
		}
		l.count.accepted.Add(int64(len(ends)))
		enc, ends = enc[:0], ends[:0]
		return ctx.Err()
	}
	err := l.aside.each(func(r *reject, isSuspect bool, h hash) error {
		if !isSuspect {
			return l.q.add(r)
		}
		first, err := l.dd.first(h)
		if err != nil {
			return err
		}
		if first != r.row {
			l.duplicate(r, first)
			if r.row%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			return l.q.add(r)
		}
		rec, _ := l.late.again(r)
		if !l.layout.row(&rec, l.late.row, &l.late.fault) {
			return &engine.Error{Kind: engine.Failed, What: "a row was read in two ways", Where: l.req.Path + ", line " + count(r.line)}
		}
		enc = l.sink.Encode(enc, l.late.row)
		ends = append(ends, int32(len(enc)))
		if len(enc) < 1<<20 {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (l *loader) commit(ctx context.Context) error {
	if err := l.q.finish(); err != nil {
		return err
	}
	var done engine.LoadDone
	if !l.known {
		var err error
		if done, err = l.sink.Commit(ctx); err != nil {
			return err
		}
		l.committed = true
	}
	for _, text := range done.Notes {
		l.progress.emit(engine.Note{Text: text})
	}
	if l.req.Mode == engine.Upsert {
		l.progress.emit(engine.Note{Text: rowsWord(done.Inserted) + " added, " + rowsWord(done.Updated) + " changed"})
	}
	path, err := l.q.publish()
	if err != nil {
		return &engine.Error{
			Kind: engine.Failed, What: "the rows are in the table, but the quarantine file could not be put in its place: " + cause(err),
			Where: l.q.path, Next: "see who may write there, and load again: what is in the table is not added twice", Err: err,
		}
	}
	l.finish(path)
	return nil
}
