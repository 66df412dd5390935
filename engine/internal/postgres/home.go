//go:build unix

package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/cluster"
)

// record is cluster.json: where the workspace's cluster is and what is kept over its restarts.
type record struct {
	Home    string `json:"home"`              // folder of the data folder and the log
	Port    int    `json:"port"`              // of the last start
	Stopped bool   `json:"stopped,omitempty"` // somebody asked for it: nobody brings it back unasked
}

func (r record) data() string { return filepath.Join(r.Home, "data") }
func (r record) log() string  { return filepath.Join(r.Home, cluster.LogName) }

// sharedHomes are the parents of a home that root makes for another account, in order of preference.
var sharedHomes = []string{"/var/lib/pipewright", "/srv/pipewright", "/var/tmp/pipewright"}

// held is the workspace's cluster with its lock held: nobody else starts, stops or resets it.
type held struct {
	s      *Server
	dir    string // WORKSPACE/.pipewright/postgres
	lock   *flock.Flock
	rec    record
	known  bool // the record was read, or an earlier home was found
	notice string
}

// recordPath and the other places in the workspace's folder for PostgreSQL.
func recordPath(dir string) string   { return filepath.Join(dir, "cluster.json") }
func passwordPath(dir string) string { return filepath.Join(dir, "password") }

// open makes the workspace's folder for PostgreSQL and takes its lock.
func (s *Server) open(ctx context.Context) (*held, error) {
	dir, err := filepath.Abs(s.o.Workspace.Postgres())
	if err != nil {
		return nil, err
	}
	if s.o.Workspace.Dir == "" {
		return nil, &engine.Error{Kind: engine.Usage, What: "no workspace is named", Next: "name one with --workspace"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, workspaceError(s.o.Workspace.Dir, err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err == nil && !ok {
		s.say("wait", "Another Pipewright is at work on this PostgreSQL; waiting for it …")
		_, err = lock.TryLockContext(ctx, 25*time.Millisecond)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, notWaited(ctx)
		}
		return nil, workspaceError(dir, err)
	}
	h := &held{s: s, dir: dir, lock: lock}
	if h.rec, h.known, err = findRecord(dir); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *held) close() { _ = h.lock.Unlock() }

// findRecord reads cluster.json, or, when it was lost, looks for a data folder in the places where this
// workspace's would be. It writes nothing.
func findRecord(dir string) (record, bool, error) {
	text, err := os.ReadFile(recordPath(dir))
	if err == nil {
		var r record
		if json.Unmarshal(text, &r) == nil && filepath.IsAbs(r.Home) {
			if r.Port < 0 || r.Port > 65535 {
				r.Port = 0
			}
			return r, true, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return record{}, false, workspaceError(recordPath(dir), err)
	}
	homes := []string{dir}
	if os.Geteuid() == 0 {
		for _, parent := range sharedHomes {
			homes = append(homes, filepath.Join(parent, workspaceHash(dir)))
		}
	}
	for _, home := range homes {
		if _, ok, err := cluster.DataMajor(filepath.Join(home, "data")); ok && err == nil {
			return record{Home: home}, true, nil
		}
	}
	return record{}, false, nil
}

// save writes cluster.json.
func (h *held) save() error {
	text, err := json.MarshalIndent(h.rec, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(recordPath(h.dir), append(text, '\n'), 0o644); err != nil {
		return workspaceError(recordPath(h.dir), err)
	}
	return nil
}

// workspaceHash names a workspace's home outside of it.
func workspaceHash(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:8])
}

// settle chooses and makes the home of a new cluster: the workspace's own folder, or, when the account
// cannot reach that, a folder outside.
func (h *held) settle(account cluster.Account) error {
	if h.known {
		if err := os.MkdirAll(h.rec.Home, 0o711); err != nil {
			return workspaceError(h.rec.Home, err)
		}
		return nil
	}
	last := account.Reach(h.dir)
	if last == nil {
		h.rec.Home = h.dir
		return nil
	}
	for _, parent := range sharedHomes {
		home := filepath.Join(parent, workspaceHash(h.dir))
		if err := makeHome(parent, home); err != nil {
			last = err
			continue
		}
		if err := account.Reach(home); err != nil {
			last = err
			continue
		}
		h.rec.Home = home
		h.notice = "Its data is in " + home + ", since the account " + account.Name + " cannot reach the workspace."
		return nil
	}
	e := asError(last)
	return &engine.Error{
		Kind: engine.Unavailable, Where: e.Where, Err: last,
		What: "PostgreSQL runs as the account " + account.Name + " here, and no folder was found that it can reach: " + e.What,
		Next: "run as an ordinary user, or name a workspace elsewhere with --workspace",
	}
}

// makeHome makes a folder that others may pass through and only root may change. One that somebody
// else has made is not taken.
func makeHome(parent, home string) error {
	for _, dir := range []string{parent, home} {
		if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
			return workspaceError(dir, err)
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return workspaceError(dir, err)
		}
		sys, ok := info.Sys().(*syscall.Stat_t)
		if !info.IsDir() || (ok && int(sys.Uid) != os.Geteuid()) {
			return &engine.Error{Kind: engine.Unavailable, Where: dir, What: "this folder belongs to somebody else"}
		}
		if err := os.Chmod(dir, info.Mode().Perm()|0o711); err != nil { // whatever the umask says
			return workspaceError(dir, err)
		}
	}
	return nil
}

// password reads the cluster's password. ok is false when there is none.
func readPassword(dir string) (password string, ok bool, err error) {
	text, err := os.ReadFile(passwordPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, workspaceError(passwordPath(dir), err)
	}
	password = strings.TrimRight(string(text), "\r\n")
	return password, password != "", nil
}

// newPassword makes one of 130 bits and keeps it.
func (h *held) newPassword() (string, error) {
	password := rand.Text()
	return password, h.keepPassword(password)
}

func (h *held) keepPassword(password string) error {
	if err := writeFile(passwordPath(h.dir), []byte(password+"\n"), 0o600); err != nil {
		return workspaceError(passwordPath(h.dir), err)
	}
	return nil
}

// writeFile writes a file beside its place, with the mode, and renames it.
func writeFile(path string, text []byte, mode fs.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
	if info, statErr := os.Stat(path); err == nil && statErr == nil && os.Geteuid() == 0 {
		if sys, ok := info.Sys().(*syscall.Stat_t); ok { // root leaves a file to the one who has it
			err = os.Chown(temp.Name(), int(sys.Uid), int(sys.Gid))
		}
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// workspaceError says why something in the workspace cannot be read or written.
func workspaceError(where string, err error) *engine.Error {
	e := &engine.Error{
		Kind: engine.Unavailable, Where: where, Err: err,
		What: "the workspace cannot be used: " + lastCause(err), Next: "name another one with --workspace",
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.What, e.Next = "the disk is full", "free some space and try again"
	case errors.Is(err, syscall.EROFS):
		e.What = "the workspace cannot be written: its file system is read-only"
	case errors.Is(err, fs.ErrPermission):
		e.What = "you may not write in the workspace"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.What = "there is a file where the workspace's folder should be"
	}
	return e
}
