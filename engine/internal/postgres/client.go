//go:build unix

package postgres

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
)

// ConnString is the address with the password, for drivers and db dsn: of crm_dev in the workspace's
// cluster, as it was last started, or the given one. It does no more than read small files. The error
// is an *engine.Error of kind Unavailable when no cluster has been made yet.
func (s *Server) ConnString() (string, error) {
	if s.o.DSN != "" {
		if _, err := parseDSN(s.o.DSN); err != nil {
			return "", err
		}
		return withDatabase(s.o.DSN), nil
	}
	dir, err := filepath.Abs(s.o.Workspace.Postgres())
	if err != nil {
		return "", asError(err)
	}
	rec, known, err := findRecord(dir)
	if err != nil {
		return "", err
	}
	password, ok, err := readPassword(dir)
	if err != nil {
		return "", err
	}
	if !known || !ok || rec.Port == 0 {
		return "", &engine.Error{
			Kind: engine.Unavailable, What: "PostgreSQL has not been started in this workspace yet", Next: "pipewright db start",
		}
	}
	return ownDSN(rec.Port, password, Database), nil
}

// withDatabase completes a given address that names no database.
func withDatabase(dsn string) string {
	if namesDatabase(dsn) {
		return dsn
	}
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		u.Path = "/" + Database
		return u.String()
	}
	return dsn + " dbname=" + Database
}

// Psql says how to run psql against the server: the program, what to add to the environment (the
// password, so that no process list shows it), and the arguments. The error is an *engine.Error that
// says how to get psql.
func (s *Server) Psql(ctx context.Context) (path string, env []string, args []string, err error) {
	dsn, err := s.ConnString()
	if err != nil {
		return "", nil, nil, err
	}
	if path, err = s.findPsql(ctx); err != nil {
		return "", nil, nil, err
	}
	config, err := parseDSN(dsn)
	if err != nil {
		return "", nil, nil, err
	}
	if config.Password != "" {
		env = append(env, "PGPASSWORD="+config.Password)
	}
	if s.o.DSN == "" {
		return path, env, []string{
			"-h", "127.0.0.1", "-p", strconv.Itoa(int(config.Port)), "-U", config.User, "-d", config.Database,
		}, nil
	}
	return path, env, []string{"-d", withoutPassword(dsn)}, nil
}

// withoutPassword takes the passwords out of an address.
func withoutPassword(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		if u.User != nil {
			u.User = url.User(u.User.Username())
		}
		query := u.Query()
		query.Del("password")
		u.RawQuery = query.Encode()
		return u.String()
	}
	return inKeyword.ReplaceAllString(dsn, "${1}")
}

// findPsql looks in PATH, then beside the servers of this machine.
func (s *Server) findPsql(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("psql"); err == nil {
		return path, nil
	}
	dirs := []string{}
	if s.o.Binaries != "" && s.o.Binaries != Download {
		dirs = append(dirs, s.o.Binaries)
	}
	for _, set := range binaries.Search(ctx) {
		dirs = append(dirs, set.Dir)
	}
	for _, dir := range append(dirs, "/opt/homebrew/opt/libpq/bin", "/usr/local/opt/libpq/bin") {
		path := filepath.Join(dir, "psql")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	next := "install it (Debian, Ubuntu: apt install postgresql-client; Fedora: dnf install postgresql)"
	if runtime.GOOS == "darwin" {
		next = "install it (brew install libpq)"
	}
	return "", &engine.Error{
		Kind: engine.Unavailable, What: "psql is not installed here", Next: next + ", or use pipewright query",
	}
}
