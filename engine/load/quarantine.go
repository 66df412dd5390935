package load

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pipewright/engine"
)

// The header of a quarantine file, and how many rejects an event carries.
const (
	quarantineHeader = "row,line,column,value,reason,record\n"
	sampleSize       = 100
	sampleText       = 1000 // bytes of a value or record in an event
)

// quarantine writes the rows that were not loaded, in the order of the file. It writes beside its place;
// publish renames. The columns are those of the command line's contract.
type quarantine struct {
	path   string
	device bool // not a regular file: written to directly
	f      *os.File
	w      *bufio.Writer
	line   []byte
	rows   int64
	sample []engine.Reject
}

// quarantinePath is where a load's quarantine goes unless the request says otherwise.
func quarantinePath(ws engine.Workspace, source string) string {
	base := "stdin"
	if source != "-" {
		base = filepath.Base(source)
		for _, ext := range []string{".gz", ".zst", ".csv", ".tsv", ".txt"} {
			base = strings.TrimSuffix(base, ext)
		}
	}
	return filepath.Join(ws.Reports(), base+".rejected.csv")
}

// newQuarantine looks whether path may be written at all. It never replaces a file that is not a quarantine.
func newQuarantine(path, source string) (*quarantine, error) {
	q := &quarantine{path: path}
	refuse := func(what string) error {
		return &engine.Error{Kind: engine.Usage, What: what, Where: path, Next: "name another file with --quarantine"}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return q, nil
	case err != nil:
		return nil, refuse("the quarantine file cannot be looked at: " + cause(err))
	case info.IsDir():
		return nil, refuse("the quarantine file is a folder")
	case info.Mode()&os.ModeCharDevice != 0:
		q.device = true
		return q, nil
	case !info.Mode().IsRegular():
		return nil, refuse("the quarantine file is neither a file nor a place for one")
	}
	if src, err := os.Stat(source); err == nil && os.SameFile(src, info) {
		return nil, refuse("the quarantine file is the file to be loaded")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, refuse("the quarantine file cannot be looked at: " + cause(err))
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, len(quarantineHeader))
	n, err := io.ReadFull(f, head)
	if n > 0 && (err != nil || string(head) != quarantineHeader) {
		return nil, refuse("the file is there already and is not a quarantine file, so it is not replaced")
	}
	return q, nil
}

func (q *quarantine) open() error {
	if q.device {
		f, err := os.OpenFile(q.path, os.O_WRONLY, 0)
		if err != nil {
			return q.broken(err)
		}
		q.f = f
	} else {
		if err := os.MkdirAll(filepath.Dir(q.path), 0o755); err != nil {
			return q.broken(err)
		}
		f, err := openBeside(q.path)
		if err != nil {
			return q.broken(err)
		}
		q.f = f
	}
	q.w = bufio.NewWriterSize(q.f, 64<<10)
	_, err := q.w.WriteString(quarantineHeader)
	return q.broken(err)
}

// reject is one row on its way into the quarantine.
type reject struct {
	row, line      int64
	column, reason string
	value, record  []byte
	reasons        []string // as they are counted; empty for a duplicate
}

func (q *quarantine) add(r *reject) error {
	if q.f == nil {
		if err := q.open(); err != nil {
			return err
		}
	}
	q.rows++
	if len(q.sample) < sampleSize {
		q.sample = append(q.sample, engine.Reject{
			Row: r.row, Line: r.line, Column: r.column, Value: clean(r.value, sampleText),
			Reason: r.reason, Record: clean(r.record, sampleText),
		})
	}
	b := strconv.AppendInt(q.line[:0], r.row, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, r.line, 10)
	b = append(b, ',')
	b = appendCell(b, r.column)
	b = append(b, ',')
	b = appendCell(b, textOf(r.value))
	b = append(b, ',')
	b = appendCell(b, r.reason)
	b = append(b, ',')
	b = appendCell(b, textOf(r.record))
	b = append(b, '\n')
	q.line = b
	_, err := q.w.Write(b)
	return q.broken(err)
}

// appendCell writes one CSV cell, quoted where RFC 4180 asks for it.
func appendCell(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",\n\r") && (s == "" || s[0] != ' ' && s[len(s)-1] != ' ') {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(dst, s[:i+1]...)
		dst = append(dst, '"')
		s = s[i+1:]
	}
	dst = append(dst, s...)
	return append(dst, '"')
}

// finish writes everything down, so that publish has nothing left that can fail for want of space.
func (q *quarantine) finish() error {
	if q.f == nil {
		return nil
	}
	if err := q.w.Flush(); err != nil {
		return q.broken(err)
	}
	if q.device {
		return nil
	}
	return q.broken(errors.Join(q.f.Chmod(0o644), q.f.Sync()))
}

// publish puts the file in its place, or removes an old one when there is nothing to tell. It gives the path,
// or "" when nothing was quarantined.
func (q *quarantine) publish() (string, error) {
	if q.f == nil {
		if q.device {
			return "", nil
		}
		if err := os.Remove(q.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		return "", nil
	}
	f := q.f
	q.f = nil
	if q.device {
		return q.path, f.Close()
	}
	if err := takePlace(f, q.path); err != nil {
		return "", err
	}
	return q.path, nil
}

// discard leaves things as they were.
func (q *quarantine) discard() {
	if q.f == nil {
		return
	}
	if q.device {
		_ = q.f.Close() // what it got cannot be taken back
	} else {
		dropBeside(q.f)
	}
	q.f = nil
}

func (q *quarantine) broken(err error) error {
	if err == nil {
		return nil
	}
	return &engine.Error{
		Kind: engine.Failed, What: "the quarantine file cannot be written: " + cause(err), Where: q.path,
		Next: "make room or name another file with --quarantine; the table is as it was", Err: err,
	}
}

// cause is the innermost text of a file error: "no space left on device".
func cause(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err.Error()
	}
	return err.Error()
}
