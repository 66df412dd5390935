//go:build unix

package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"pipewright/engine"
)

// Account is the system account that the server runs as. PostgreSQL refuses to run as root.
type Account struct {
	Name     string
	UID, GID int
	Drop     bool // we are root and must become this account for the server's programs
}

// Unprivileged are the accounts that root tries, in this order.
var Unprivileged = []string{"postgres", "nobody"}

// ServerAccount is the account for a new server: our own, or, as root, the first of Unprivileged that
// exists.
func ServerAccount() (Account, error) {
	if os.Geteuid() != 0 {
		return self(), nil
	}
	for _, name := range Unprivileged {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 != nil || err2 != nil || uid == 0 {
			continue
		}
		return Account{Name: name, UID: uid, GID: gid, Drop: true}, nil
	}
	return Account{}, &engine.Error{
		Kind: engine.Unavailable, What: "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as",
		Next: "add one (useradd --system postgres), run as another user, or give the address of a server with --dsn",
	}
}

// OwnerOf is the account that owns an existing data folder, which its server must run as.
func OwnerOf(data string) (Account, error) {
	info, err := os.Stat(data)
	if err != nil {
		return Account{}, err
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return self(), nil
	}
	uid, gid := int(sys.Uid), int(sys.Gid)
	name := "uid " + strconv.Itoa(uid)
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		name = u.Username
	}
	me := os.Geteuid()
	switch {
	case uid == 0:
		return Account{}, &engine.Error{
			Kind: engine.Unavailable, Where: data, What: "the data folder belongs to root, and PostgreSQL does not run as root",
			Next: "give it to the account that made it (chown -R)",
		}
	case me == 0:
		return Account{Name: name, UID: uid, GID: gid, Drop: true}, nil
	case me != uid:
		return Account{}, &engine.Error{
			Kind: engine.Unavailable, Where: data, What: "the data folder belongs to " + name + ", and you are " + self().Name,
			Next: "start as that user, or name another workspace with --workspace",
		}
	}
	return self(), nil
}

func self() Account {
	a := Account{Name: "uid " + strconv.Itoa(os.Geteuid()), UID: os.Geteuid(), GID: os.Getegid()}
	if u, err := user.Current(); err == nil {
		a.Name = u.Username
	}
	return a
}

// Own gives path to the account.
func (a Account) Own(path string) error {
	if !a.Drop {
		return nil
	}
	return os.Lchown(path, a.UID, a.GID)
}

// Reach says whether the account can get to dir: whether it may search every folder on the way, dir
// included. The error names the first that it may not. Folders that do not exist yet are passed over.
func (a Account) Reach(dir string) error {
	if !a.Drop {
		return nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	} else if real, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil {
		dir = filepath.Join(real, filepath.Base(dir))
	}
	path := "/"
	for _, part := range append([]string{""}, strings.Split(strings.Trim(dir, "/"), "/")...) {
		path = filepath.Join(path, part)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !a.searches(info) {
			return &engine.Error{Kind: engine.Unavailable, Where: path, What: "the account " + a.Name + " may not enter this folder"}
		}
	}
	return nil
}

// searches applies the owner, group or other bits of a folder, whichever is the account's.
func (a Account) searches(info fs.FileInfo) bool {
	if !info.IsDir() {
		return false
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case int(sys.Uid) == a.UID:
		return mode&0o100 != 0
	case int(sys.Gid) == a.GID:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// Works runs the server binary at path as the account, standing in dir: what the permission bits cannot
// tell (ACLs, mount options, an account that may not be taken on) shows here.
func (a Account) Works(ctx context.Context, path, dir string) error {
	out, err := a.Command(ctx, dir, path, "--version").CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		text = rootCause(err)
	}
	return &engine.Error{
		Kind: engine.Unavailable, Where: dir, Err: err,
		What: "the server cannot be started as " + a.Name + " in this folder: " + text,
	}
}

// Command is a program of the server, run as the account, standing in dir, without the environment
// that would steer it elsewhere.
func (a Account) Command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = serverEnv(dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.Drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)}
	}
	// initdb starts servers of its own: the whole session ends with it.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// serverEnv is the environment of the server's programs: messages in English, since they are read by
// us, and none of libpq's variables.
func serverEnv(dir string) []string {
	env := []string{"LC_ALL=C", "LANG=C", "HOME=" + dir}
	for _, name := range []string{"PATH", "TZ", "TZDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCPATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func rootCause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
