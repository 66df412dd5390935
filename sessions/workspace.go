package sessions

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pipewright/engine"
)

// FindWorkspace says which folder is the workspace, touching nothing: the flag, else PIPEWRIGHT_WORKSPACE,
// else the nearest parent of cwd that holds .pipewright, else ~/pipewright. home is empty when it is
// not known.
func FindWorkspace(flag string, getenv func(string) string, cwd, home string) (engine.Workspace, error) {
	for _, dir := range []string{flag, getenv("PIPEWRIGHT_WORKSPACE")} {
		if dir == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(dir, "~/"); ok && home != "" {
			dir = filepath.Join(home, rest) // a shell leaves it as it is after = and in quotes
		}
		if !filepath.IsAbs(dir) {
			if cwd == "" {
				return engine.Workspace{}, &engine.Error{Kind: engine.Failed, What: "the current folder is gone, so " + dir + " means nothing", Next: "give --workspace a full path"}
			}
			dir = filepath.Join(cwd, dir)
		}
		return engine.Workspace{Dir: filepath.Clean(dir)}, nil
	}
	if filepath.IsAbs(cwd) {
		for dir := filepath.Clean(cwd); ; dir = filepath.Dir(dir) {
			if info, err := os.Stat(filepath.Join(dir, ".pipewright")); err == nil && info.IsDir() {
				return engine.Workspace{Dir: dir}, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if home == "" || !filepath.IsAbs(home) {
		return engine.Workspace{}, &engine.Error{Kind: engine.Failed, What: "HOME is not set, so there is no place for the workspace",
			Next: "name one with --workspace DIR or PIPEWRIGHT_WORKSPACE"}
	}
	return engine.Workspace{Dir: filepath.Join(home, "pipewright")}, nil
}

// Prepare makes the workspace's folders, where they are missing, and makes sure that it can be written
// to. It changes nothing that is there.
func Prepare(ws engine.Workspace) error {
	for _, dir := range []string{ws.Dir, ws.State(), ws.Data(), ws.Reports()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return workspaceError(ws, err)
		}
	}
	probe, err := os.CreateTemp(ws.State(), ".write-*")
	if err != nil {
		return workspaceError(ws, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func workspaceError(ws engine.Workspace, err error) error {
	e := &engine.Error{Kind: engine.Failed, What: "the workspace " + ws.Dir + " cannot be made", Err: err,
		Next: "name another folder with --workspace DIR or PIPEWRIGHT_WORKSPACE"}
	switch {
	case errors.Is(err, syscall.EROFS):
		e.What = "the workspace " + ws.Dir + " is on a read-only file system"
	case errors.Is(err, fs.ErrPermission):
		e.What = "the workspace " + ws.Dir + " cannot be written to by this user"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.What = "the workspace " + ws.Dir + " cannot be made: a file is in the way"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.What, e.Next = "the disk that holds "+ws.Dir+" is full", "free some space, then start again"
	}
	return e
}

// inside says whether a path of the content stays inside the workspace.
func inside(path string) bool { return path != "" && filepath.IsLocal(filepath.FromSlash(path)) }

// within is a path of the content in the workspace.
func within(ws engine.Workspace, path string) string {
	return filepath.Join(ws.Dir, filepath.FromSlash(path))
}
