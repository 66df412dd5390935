package sessions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pipewright/engine"
	"pipewright/fixtures"
)

// FileState is what became of one file that a session brings.
type FileState struct {
	Path    string // from the workspace's folder
	Made    bool   // it was missing and has been made
	Changed bool   // it was there with other content, and was left as it is
}

// String is one sentence for people; empty when there is nothing to say.
func (f FileState) String() string {
	switch {
	case f.Made:
		return "made " + f.Path
	case f.Changed:
		return f.Path + " is not as it was made: yours is used; delete it and run again for a fresh one"
	}
	return ""
}

// MakeFiles makes the session's missing fixtures. A file that is there is never written to: the learner
// may have edited it, and the state says so.
func MakeFiles(ctx context.Context, ws engine.Workspace, s *Session) ([]FileState, error) {
	var out []FileState
	for _, f := range s.Files {
		st, err := makeFile(ctx, ws, f)
		if err != nil {
			return out, err
		}
		out = append(out, st)
	}
	return out, nil
}

// makeFile makes the fixture beside its place, compares it with what is there, and moves it into an empty
// place only. The truth about a recipe's faults is not left in the learner's folder.
func makeFile(ctx context.Context, ws engine.Workspace, f File) (FileState, error) {
	st := FileState{Path: f.Path}
	path := within(ws, f.Path)
	spec := fixtures.Spec{Kind: f.Kind, Rows: f.Rows, Seed: f.Seed, Recipe: f.Recipe, Leads: f.Leads, Offset: f.Offset}
	if _, err := os.Lstat(path); err == nil {
		res, err := fixtures.Write(ctx, io.Discard, spec, fixtures.Options{})
		if err != nil {
			return st, fixtureError(f, err)
		}
		sum, err := fileDigest(path)
		if err != nil {
			return st, fixtureError(f, err)
		}
		st.Changed = sum != res.SHA256
		return st, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return st, fixtureError(f, err)
	}
	st.Made = true
	err := writeAtomically(path, false, func(w io.Writer) error {
		_, err := fixtures.Write(ctx, w, spec, fixtures.Options{})
		return err
	})
	if errors.Is(err, fs.ErrExist) { // another window made it meanwhile
		return FileState{Path: f.Path}, nil
	}
	if err != nil {
		return st, fixtureError(f, err)
	}
	return st, nil
}

func fixtureError(f File, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &engine.Error{Kind: engine.Interrupted, What: "making " + f.Path + " was stopped", Err: err}
	}
	e := &engine.Error{Kind: engine.Failed, What: "the file " + f.Path + " cannot be made", Next: "look at the folder's permissions and the free space", Err: err}
	var se *fixtures.SpecError
	if errors.As(err, &se) {
		e.What, e.Next = "the session asks for a file that cannot be: "+se.What, "please report it with the session's id"
	}
	return e
}

// writeAtomically writes beside the path and then takes its place, durable before it is seen. Without over
// an existing file stays and the error is fs.ErrExist.
func writeAtomically(path string, over bool, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeIfThere(f.Name())) }()
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if over {
		return os.Rename(f.Name(), path)
	}
	err = os.Link(f.Name(), path) // fails when the path exists, which a rename would not
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// a file system without links
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(f.Name(), path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read from
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", nil // a FIFO or a folder has no digest, and is not the fixture
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Start opens a session in the workspace: its folders, its fixtures and its starter files, none of them
// over a file that is there, and an entry in the journal.
func Start(ctx context.Context, ws engine.Workspace, j *Journal, s *Session) ([]FileState, error) {
	if err := Prepare(ws); err != nil {
		return nil, err
	}
	states, err := MakeFiles(ctx, ws, s)
	if err != nil {
		return states, err
	}
	starters, err := s.copyFolder(ws, "starter")
	if err != nil {
		return states, err
	}
	return append(states, starters...), j.Append(Opened(s.ID))
}

// copyFolder copies a folder of the session's content into the workspace.
func (s *Session) copyFolder(ws engine.Workspace, folder string) ([]FileState, error) {
	var out []FileState
	if s.folder == nil {
		return nil, nil
	}
	if _, err := fs.Stat(s.folder, folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err := fs.WalkDir(s.folder, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(s.folder, name)
		if err != nil {
			return err
		}
		st := FileState{Path: strings.TrimPrefix(name, folder+"/")}
		path := within(ws, st.Path)
		if have, err := os.ReadFile(path); err == nil {
			st.Changed = !bytes.Equal(have, data)
			out = append(out, st)
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		st.Made = true
		out = append(out, st)
		return writeAtomically(path, false, func(w io.Writer) error { _, err := w.Write(data); return err })
	})
	if err != nil {
		return out, &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("the files of session %s cannot be copied", s.ID), Where: ws.Dir, Next: "look at the folder's permissions", Err: err}
	}
	return out, nil
}
