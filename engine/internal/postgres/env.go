//go:build unix

package postgres

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The lines between which .env is ours. Whatever else is in the file stays as it is.
const (
	envBegin = "# pipewright: the workspace's PostgreSQL; written anew up to the next mark"
	envEnd   = "# pipewright: end"
)

// ownDSN is the address of a database of the workspace's cluster.
func ownDSN(port int, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, password),
		Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// writeEnv leaves the connection in the workspace's .env, readable for its owner alone. The file is
// written only when it changes, whole or not at all; a link is followed.
func writeEnv(path string, port int, password string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := mergeEnv(string(old), envBlock(port, password))
	if info, err := os.Stat(path); err == nil && text == string(old) && info.Mode().Perm() == 0o600 {
		return nil
	}
	return writeFile(path, []byte(text), 0o600)
}

// envBlock is our part of .env, with a line break at its end.
func envBlock(port int, password string) string {
	return strings.Join([]string{
		envBegin,
		"PGHOST=127.0.0.1",
		"PGPORT=" + strconv.Itoa(port),
		"PGUSER=" + User,
		"PGPASSWORD=" + password,
		"PGDATABASE=" + Database,
		"DATABASE_URL=" + ownDSN(port, password, Database),
		envEnd,
	}, "\n") + "\n"
}

// mergeEnv puts the block in place of the former one, or at the end, where its lines win over earlier
// ones of the same name in every reader of such files. All other bytes stay.
func mergeEnv(old, block string) string {
	for begin := lineIndex(old, envBegin, 0); begin >= 0; {
		// A mark without its end is somebody's edit: the block is the last one that is whole.
		next := lineIndex(old, envBegin, begin+1)
		end := lineIndex(old, envEnd, begin)
		if end >= 0 && (next < 0 || next > end) {
			_, rest, _ := strings.Cut(old[end:], "\n")
			return old[:begin] + block + rest
		}
		begin = next
	}
	if old != "" && !strings.HasSuffix(old, "\n") {
		old += "\n"
	}
	if old != "" {
		old += "\n"
	}
	return old + block
}

// lineIndex is the offset of the first line that begins at start or later and reads text, or -1.
func lineIndex(s, text string, start int) int {
	at := 0
	for line := range strings.Lines(s) {
		if at >= start && strings.TrimRight(line, " \t\r\n") == text {
			return at
		}
		at += len(line)
	}
	return -1
}

// envPassword is the PGPASSWORD of a .env file, the last one in it; empty when there is none.
func envPassword(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	found := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PGPASSWORD="); ok {
			found = strings.Trim(value, `"'`)
		}
	}
	return found
}
