//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"pipewright/engine"
)

// Reasons for which a server did not start or went away, for errors.Is.
var (
	ErrPortTaken = errors.New("the port is taken")
	ErrDiskFull  = errors.New("the disk is full")
	ErrLocked    = errors.New("another server holds the data folder")
	ErrOrphans   = errors.New("processes of the former server are still ending")
)

// symptom is a line of the server's or initdb's output and what it means to a person.
type symptom struct {
	text       string // part of the line, as PostgreSQL's source has it
	reason     error
	what, next string
}

// symptoms in the order in which they are looked for: the cause before its consequence.
var symptoms = []symptom{
	{"could not look up effective user ID", nil, "your account has no entry in the system's list of users, and PostgreSQL does not run without one", "run as a user of the system, or give the address of a server with --dsn"},
	{"could not resize shared memory segment", nil, "there is too little shared memory for PostgreSQL", "give the container more (docker run --shm-size=256m)"},
	{"could not map anonymous shared memory", nil, "there is too little memory for PostgreSQL", "close something, or lower shared_buffers in postgresql.conf"},
	{"No space left on device", ErrDiskFull, "the disk is full", "free some space and start again; what was committed is safe"},
	{"Disk quota exceeded", ErrDiskFull, "your disk quota is used up", "free some space and start again; what was committed is safe"},
	{"Read-only file system", nil, "the file system is read-only", "name a workspace elsewhere with --workspace"},
	{"pre-existing shared memory block", ErrOrphans, "processes of the former server are still ending", "wait a moment and start again"},
	{"lock file \"postmaster.pid\" already exists", ErrLocked, "another server holds the data folder", "wait a moment and start again"},
	{"could not bind", ErrPortTaken, "the port is taken", ""},
	{"could not create any TCP/IP sockets", ErrPortTaken, "the port is taken", ""},
	{"database files are incompatible with server", nil, "the data folder was made by another build of PostgreSQL", "start it with the PostgreSQL that made it"},
	{"has wrong ownership", nil, "the data folder belongs to somebody else", "give it back to the account that made it (chown -R)"},
	{"has invalid permissions", nil, "the data folder may be read by others, which PostgreSQL refuses", "chmod -R go= on the data folder"},
	{"could not locate a valid checkpoint record", nil, "the data folder is damaged", "pipewright db reset makes a new one and deletes what is in this one"},
	{"invalid checkpoint record", nil, "the data folder is damaged", "pipewright db reset makes a new one and deletes what is in this one"},
	{"configuration file", nil, "there is a mistake in the server's settings", "see postgresql.conf in the data folder"},
	{"cannot be run as root", nil, "PostgreSQL does not run as root", "run as another user"},
	{"error while loading shared libraries", nil, "the server's binaries do not run on this machine", "install PostgreSQL"},
	{"Permission denied", nil, "a file of the server may not be read", "see the log"},
}

// failure makes one sentence of the output of a server or of initdb that did not work.
func failure(out, where string, err error, what string) error {
	for _, s := range symptoms {
		if !strings.Contains(out, s.text) {
			continue
		}
		cause := err
		if s.reason != nil {
			cause = errors.Join(s.reason, err)
		}
		return &engine.Error{Kind: engine.Unavailable, Where: where, What: s.what, Next: s.next, Err: cause}
	}
	if Full(where) {
		return fullError(where)
	}
	if line := tellingLine(out); line != "" {
		what += ": " + line
	} else if err != nil {
		what += ": " + rootCause(err)
	}
	return &engine.Error{Kind: engine.Unavailable, Where: where, What: what, Err: err}
}

// fullError says that the disk of a place is full.
func fullError(where string) error {
	return &engine.Error{
		Kind: engine.Unavailable, Where: where, What: "the disk is full", Next: "free some space; what was committed is safe", Err: ErrDiskFull,
	}
}

// Full says whether the file system of a path, or of its parent, has no room left for a server: a log on
// it cannot say so any more.
func Full(path string) bool {
	var fs syscall.Statfs_t
	if syscall.Statfs(path, &fs) != nil && syscall.Statfs(filepath.Dir(path), &fs) != nil {
		return false
	}
	return fs.Bavail*uint64(fs.Bsize) < 256<<10
}

// tellingLine is the first line that names an error.
func tellingLine(out string) string {
	for _, mark := range []string{"PANIC:", "FATAL:", "error:", "ERROR:"} {
		for line := range strings.Lines(out) {
			if _, after, ok := strings.Cut(line, mark); ok {
				return strings.TrimSpace(after)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// folderError says why a folder cannot be written.
func folderError(where string, err error) error {
	what := fmt.Sprintf("the folder cannot be written: %s", rootCause(err))
	next := "name a workspace elsewhere with --workspace"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		what, next, err = "the disk is full", "free some space and start again", errors.Join(ErrDiskFull, err)
	case errors.Is(err, syscall.EROFS):
		what = "the file system is read-only"
	case errors.Is(err, fs.ErrPermission):
		what = "you may not write in this folder"
	}
	return &engine.Error{Kind: engine.Unavailable, Where: where, What: what, Next: next, Err: err}
}

// containsPanic says whether a line of the log is a panic or fatal error with that text.
func containsPanic(out, text string) bool {
	for line := range strings.Lines(out) {
		if strings.Contains(line, text) && (strings.Contains(line, "PANIC:") || strings.Contains(line, "FATAL:")) {
			return true
		}
	}
	return false
}
