package sessions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"pipewright/engine"
)

// maxEntry is the longest line that is written and read; a real one has a few hundred bytes.
const maxEntry = 1 << 20

// Journal is the append-only record of what a learner did in one workspace. Several windows may append
// at the same time: a lock file lets one write at a time, across processes.
type Journal struct {
	path string
	lock string
	mu   sync.Mutex // one goroutine of this process at the lock
}

// Trouble is a line of the journal that could not be read. It is left out, and stays in the file.
type Trouble struct {
	Line int // the first is 1
	What string
}

// String is one sentence for people.
func (t Trouble) String() string {
	return fmt.Sprintf("journal line %d was left out: %s", t.Line, t.What)
}

// OpenJournal opens the workspace's journal. The folder must be there (see Prepare); the file need not.
func OpenJournal(ws engine.Workspace) (*Journal, error) {
	if info, err := os.Stat(ws.State()); err != nil || !info.IsDir() {
		return nil, &engine.Error{Kind: engine.Failed, What: "the workspace has no folder for its state", Where: ws.State(), Next: "start pipewright once in this workspace", Err: err}
	}
	return &Journal{path: ws.Journal(), lock: ws.Journal() + ".lock"}, nil
}

// Append adds entries, in order and together, and returns when they are on disk. An entry without a
// time gets the present one. After an error none of them is in the journal.
func (j *Journal) Append(entries ...Entry) error {
	var lines bytes.Buffer
	for _, e := range entries {
		e.V = Version
		if e.At.IsZero() {
			e.At = time.Now()
		}
		e.At = e.At.UTC().Round(0)
		if err := e.valid(); err != nil {
			return &engine.Error{Kind: engine.Failed, What: "the entry cannot be recorded: " + err.Error(), Err: err}
		}
		line, err := json.Marshal(e)
		if err != nil {
			return &engine.Error{Kind: engine.Failed, What: "the entry cannot be recorded", Err: err}
		}
		if len(line) > maxEntry {
			return &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("the entry has %d bytes, more than the journal takes", len(line))}
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if lines.Len() == 0 {
		return nil
	}
	return j.locked(func() error { return j.write(lines.Bytes()) })
}

// locked runs f while this is the only writer.
func (j *Journal) locked(f func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := flock.New(j.lock, flock.SetPermissions(0o644))
	if err := l.Lock(); err != nil {
		return j.failure(err)
	}
	return errors.Join(f(), l.Unlock())
}

// write appends whole lines. A torn line left by a kill is closed first, so that nothing is ever glued
// to it; after a failed write the file is as long as it was.
func (j *Journal) write(lines []byte) (err error) {
	_, statErr := os.Stat(j.path)
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return j.failure(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return j.failure(err)
	}
	if size := info.Size(); size > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return j.failure(err)
		}
		if last[0] != '\n' {
			lines = append([]byte("\n"), lines...)
		}
	}
	if _, err := f.Write(lines); err != nil {
		return errors.Join(j.failure(err), f.Truncate(info.Size()))
	}
	if err := f.Sync(); err != nil {
		return j.failure(err)
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		return j.syncFolder()
	}
	return nil
}

// syncFolder makes a new file's name as durable as its content.
func (j *Journal) syncFolder() error {
	d, err := os.Open(filepath.Dir(j.path))
	if err != nil {
		return j.failure(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return j.failure(err)
	}
	return nil
}

// Read gives all entries, the oldest first, and the lines that could not be read. No journal yet is
// an empty one.
func (j *Journal) Read() ([]Entry, []Trouble, error) {
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, j.failure(err)
	}
	defer func() { _ = f.Close() }()
	j.mu.Lock()
	defer j.mu.Unlock()
	// While nobody writes, no line is half there. Where the lock cannot be had (a read-only disk) nobody writes either.
	l := flock.New(j.lock, flock.SetPermissions(0o644))
	if err := l.RLock(); err == nil {
		defer func() { _ = l.Unlock() }()
	}
	entries, troubles, err := readEntries(f)
	if err != nil {
		return nil, nil, j.failure(err)
	}
	return entries, troubles, nil
}

// readEntries reads lines until the end. A last line without its line end counts when it is whole.
func readEntries(r io.Reader) ([]Entry, []Trouble, error) {
	var entries []Entry
	var troubles []Trouble
	br := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, tooLong, err := readLine(br)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		ended := err == nil
		line = bytes.TrimSpace(line)
		switch {
		case tooLong:
			troubles = append(troubles, Trouble{n, fmt.Sprintf("it is longer than %d bytes", maxEntry)})
		case len(line) > 0:
			e, bad := decodeEntry(line)
			if bad == nil {
				entries = append(entries, e)
				break
			}
			what := bad.Error()
			if !ended {
				what = "it was cut off while it was written"
			}
			troubles = append(troubles, Trouble{n, what})
		}
		if !ended {
			return entries, troubles, nil
		}
	}
}

// readLine reads a line and keeps at most maxEntry bytes of it.
func readLine(br *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := br.ReadSlice('\n')
		if len(line)+len(part) > maxEntry+2 {
			line, tooLong = nil, true
		} else if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

func (j *Journal) failure(err error) error {
	e := &engine.Error{Kind: engine.Failed, What: "the journal cannot be read or written", Where: j.path, Next: "look at the folder's permissions", Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.What, e.Next = "the disk is full, so nothing was recorded", "free some space, then do it again"
	case errors.Is(err, syscall.EROFS):
		e.What, e.Next = "the journal is on a read-only file system", "use another workspace with --workspace DIR"
	case errors.Is(err, fs.ErrPermission):
		e.What = "this user may not write the journal"
	}
	return e
}
