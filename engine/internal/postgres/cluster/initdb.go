//go:build unix

package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
)

// New says how to initialise a data folder.
type New struct {
	Set      binaries.Set
	Account  Account
	Data     string // must not exist or be empty; its parent must exist and be reachable for the account
	User     string // the superuser
	Password string
	Settings string // text of the file of settings that postgresql.conf includes
	NoSync   bool   // for clusters that need not survive: skip the fsyncs
}

// SettingsFile is the file in the data folder that postgresql.conf includes.
const SettingsFile = "pipewright.conf"

const includeLines = `
#------------------------------------------------------------------------------
# PIPEWRIGHT
#------------------------------------------------------------------------------
# The workbench's own settings; it writes that file anew at each start. A line of
# yours below this one wins over them, and so does ALTER SYSTEM.

include_if_exists = '` + SettingsFile + `'

`

// Init makes the data folder: UTF-8, passwords by SCRAM-SHA-256 for every connection. It is made beside
// its place and renamed, so that a half-made one is never taken for a whole one. Errors are
// *engine.Error.
func Init(ctx context.Context, n New) error {
	parent := filepath.Dir(n.Data)
	temp, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return folderError(parent, err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := n.Account.Own(temp); err != nil {
		return folderError(temp, err)
	}
	secret := filepath.Join(temp, "password")
	if err := os.WriteFile(secret, []byte(n.Password+"\n"), 0o600); err != nil {
		return folderError(temp, err)
	}
	if err := n.Account.Own(secret); err != nil {
		return folderError(temp, err)
	}
	data := filepath.Join(temp, "data")
	if err := n.initdb(ctx, temp, data, secret); err != nil {
		return err
	}
	if err := n.configure(data); err != nil {
		return folderError(data, err)
	}
	// An empty folder in its place is ours to replace; one with anything in it stops us here.
	if err := os.Remove(n.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &engine.Error{
			Kind: engine.Unavailable, Where: n.Data, Err: err,
			What: "the data folder holds something that is not a PostgreSQL cluster",
			Next: "look at it, and move it away",
		}
	}
	if err := os.Rename(data, n.Data); err != nil {
		return folderError(n.Data, err)
	}
	return syncDir(parent)
}

// locales are the arguments that give UTF-8 its character classes and the order of its code points: the
// system's C.UTF-8, PostgreSQL's own from 17 on where the system has none, and else plain C.
func (n New) locales() [][]string {
	system, plain := []string{"--locale=C.UTF-8"}, []string{"--locale=C"}
	if n.Set.Major >= 17 {
		return [][]string{system, {"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}, plain}
	}
	return [][]string{system, plain}
}

// initdb runs the program with the first of the locales that it takes.
func (n New) initdb(ctx context.Context, temp, data, secret string) error {
	var out []byte
	var err error
	for _, locale := range n.locales() {
		args := []string{
			"-D", data, "-U", n.User, "--pwfile=" + secret, "--auth=scram-sha-256",
			"--encoding=UTF8",
		}
		args = append(args, locale...)
		if n.NoSync {
			args = append(args, "--no-sync")
		}
		out, err = n.Account.Command(ctx, temp, n.Set.Program("initdb"), args...).CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return &engine.Error{Kind: engine.Interrupted, What: "the making of the data folder was stopped", Err: context.Cause(ctx)}
		}
		if !strings.Contains(string(out), "locale") {
			break
		}
	}
	return failure(string(out), n.Data, err, "initdb could not make the data folder")
}

// configure writes our settings and has postgresql.conf include them.
func (n New) configure(data string) error {
	if err := WriteSettings(n.Account, data, n.Settings); err != nil {
		return err
	}
	conf, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := conf.WriteString(includeLines); err != nil {
		_ = conf.Close()
		return err
	}
	if n.NoSync {
		return conf.Close()
	}
	return errors.Join(conf.Sync(), conf.Close())
}

// WriteSettings puts the file of settings into a data folder, whole or not at all.
func WriteSettings(a Account, data, text string) error {
	path := filepath.Join(data, SettingsFile)
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return err
	}
	if err := a.Own(temp); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// DataMajor is the major version that a data folder carries. ok is false when it is no data folder.
func DataMajor(data string) (major int, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), ".")
	major, err = strconv.Atoi(first)
	if err != nil {
		return 0, false, &engine.Error{
			Kind: engine.Unavailable, Where: filepath.Join(data, "PG_VERSION"), Err: err,
			What: "the data folder does not say which PostgreSQL made it",
			Next: "put the file back as it was; nothing was changed",
		}
	}
	return major, true, nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
