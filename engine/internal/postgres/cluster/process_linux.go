package cluster

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// lifeOf reads /proc: the command line, which anybody may read, and the folder that the process stands
// in (a server stands in its data folder), which only its owner may.
func lifeOf(pid int, data string) Life {
	proc := "/proc/" + strconv.Itoa(pid)
	raw, err := os.ReadFile(proc + "/cmdline")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !exists(pid) {
			return Dead
		}
		return Unclear // hidden from us (hidepid)
	case err != nil:
		return Unclear
	case len(raw) == 0:
		if zombie(proc) {
			return Dead
		}
		return Reused // a kernel thread, or a process that is ending
	}
	var args []string
	for arg := range bytes.SplitSeq(bytes.TrimRight(raw, "\x00"), []byte{0}) {
		args = append(args, string(arg))
	}
	if servesData(args, data) {
		return Running
	}
	if cwd, err := os.Readlink(proc + "/cwd"); err == nil && samePlace(cwd, data) && strings.Contains(args[0], "postgres") {
		return Running
	}
	return Reused
}

// zombie says whether the process has ended and only waits for its parent.
func zombie(proc string) bool {
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return true
	}
	_, rest, ok := strings.Cut(string(stat), ") ") // the name may hold anything but this
	return ok && (strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X"))
}
