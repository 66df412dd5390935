package load

import (
	"context"
	"io"
	"os"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

// input opens the request's source, once or twice.
type input struct {
	path    string
	stdin   io.Reader
	dialect *csvscan.Dialect
	header  csvscan.HeaderRule
	tmp     *scratch
	copy    *os.File // what was spooled, or nil
	size    int64
}

func (in *input) options(tee io.Writer) csvscan.Options {
	return csvscan.Options{Name: in.path, Dialect: in.dialect, Header: in.header, Size: in.size, Tee: tee}
}

// open waits for a source no longer than ctx lasts: opening a FIFO waits for its writer, and sniffing for
// its first bytes. tee is given the decoded text; nil for none.
func (in *input) open(ctx context.Context, tee io.Writer) (*csvscan.Source, error) {
	return await(ctx, func() (*csvscan.Source, error) {
		if in.copy != nil {
			return csvscan.Open(io.NewSectionReader(in.copy, 0, in.size), in.options(tee))
		}
		return csvscan.OpenFile(in.path, in.stdin, in.options(tee))
	}, func(s *csvscan.Source) { _ = s.Close() })
}

// await runs f and gives up on it when ctx is done; what f gives later is dropped.
func await[T any](ctx context.Context, f func() (T, error), drop func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	ch := make(chan result, 1)
	go func() {
		v, err := f()
		ch <- result{v, err}
	}()
	select {
	case r := <-ch:
		return r.v, r.err
	case <-ctx.Done():
		go func() {
			if r := <-ch; r.err == nil {
				drop(r.v)
			}
		}()
		var zero T
		return zero, ctx.Err()
	}
}

// spool copies a source that can be read only once, so that it can be read twice.
func (in *input) spool(ctx context.Context) error {
	if in.path != "-" {
		info, err := os.Stat(in.path)
		if err != nil || info.Mode().IsRegular() || info.IsDir() {
			return nil // open says what is wrong
		}
	}
	f, err := in.tmp.create()
	if err != nil {
		return err
	}
	n, err := await(ctx, func() (int64, error) {
		from := in.stdin
		if in.path != "-" {
			fifo, err := os.Open(in.path)
			if err != nil {
				return 0, err
			}
			defer func() { _ = fifo.Close() }() // only read
			from = fifo
		}
		return io.Copy(f, stopper{ctx, from})
	}, func(int64) {})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &engine.Error{
			Kind: engine.Failed, What: "it cannot be kept for a second reading: " + cause(err), Where: in.path,
			Next: "make room in " + in.tmp.place() + ", or save it as a file and load that", Err: err,
		}
	}
	in.copy, in.size = f, n
	return nil
}

// stopper ends a copy when ctx is done.
type stopper struct {
	ctx context.Context
	r   io.Reader
}

func (s stopper) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}
