package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LockFile is what postmaster.pid says, in the form of PostgreSQL's src/include/utils/pidfile.h.
type LockFile struct {
	PID     int
	Data    string
	Started time.Time
	Port    int
	Status  string // "starting", "ready", "stopping", "standby"; empty while it is being written
}

// ReadLock reads the lock file of a data folder. ok is false when there is none; a half-written one
// gives what it holds.
func ReadLock(data string) (lock LockFile, ok bool, err error) {
	text, err := os.ReadFile(lockPath(data))
	if errors.Is(err, fs.ErrNotExist) {
		return LockFile{}, false, nil
	}
	if err != nil {
		return LockFile{}, false, err
	}
	return ParseLock(string(text)), true, nil
}

func lockPath(data string) string { return filepath.Join(data, "postmaster.pid") }

// ParseLock reads the text of a lock file. A server in single-user mode writes its pid with a minus.
func ParseLock(text string) LockFile {
	lines := strings.Split(text, "\n")
	line := func(i int) string {
		if i < len(lines) {
			return strings.TrimSpace(lines[i])
		}
		return ""
	}
	number := func(i int) int {
		n, err := strconv.Atoi(line(i))
		if err != nil {
			return 0
		}
		return n
	}
	lock := LockFile{PID: number(0), Data: line(1), Port: number(3), Status: line(7)}
	if lock.PID < 0 {
		lock.PID = -lock.PID
	}
	if sec := number(2); sec > 0 {
		lock.Started = time.Unix(int64(sec), 0)
	}
	return lock
}

// Life is what has become of the process that a lock file names.
type Life string

// The lives of a lock file's process.
const (
	Running Life = "running" // a server, and of this data folder
	Dead    Life = "dead"    // no such process: the server was killed
	Reused  Life = "reused"  // the number belongs to another program by now
	Unclear Life = "unclear" // a process that we may not look at
)

// Life looks at the process that the lock names and says whether it is the server of data.
func (l LockFile) Life(data string) Life {
	if l.PID <= 1 || !exists(l.PID) {
		return Dead
	}
	return lifeOf(l.PID, data)
}

// servesData says whether a command line is that of a server over data: "postgres … -D DATA …".
func servesData(args []string, data string) bool {
	if len(args) == 0 {
		return false
	}
	if base := filepath.Base(args[0]); base != "postgres" && base != "postmaster" {
		return false
	}
	for i, arg := range args {
		switch {
		case arg == "-D" && i+1 < len(args):
			if samePlace(args[i+1], data) {
				return true
			}
		case strings.HasPrefix(arg, "-D") && samePlace(arg[2:], data):
			return true
		}
	}
	return false
}

func samePlace(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
