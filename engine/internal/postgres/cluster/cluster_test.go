//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipewright/engine"
)

func TestParseLock(t *testing.T) {
	got := ParseLock("4242\n/var/lib/x\n1700000000\n15500\n\n127.0.0.1\n  123 456\nready   \n")
	want := LockFile{PID: 4242, Data: "/var/lib/x", Started: time.Unix(1700000000, 0), Port: 15500, Status: "ready"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := ParseLock("-7\n"); got.PID != 7 || got.Status != "" {
		t.Errorf("single-user mode: %+v", got)
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add("4242\n/data\n1700000000\n15500\n\n127.0.0.1\n 1 2\nready\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		lock := ParseLock(text)
		if lock.PID < 0 {
			t.Errorf("pid %d", lock.PID)
		}
	})
}

func TestLifeOfALock(t *testing.T) {
	data := t.TempDir()
	if got := (LockFile{PID: os.Getpid()}).Life(data); got != Reused {
		t.Errorf("our own process is a %s server", got)
	}
	if got := (LockFile{PID: 1 << 22 << 8}).Life(data); got != Dead {
		t.Errorf("a process that never was is %s", got)
	}
	if got := (LockFile{}).Life(data); got != Dead {
		t.Errorf("no process is %s", got)
	}
	ended := exec.Command("/bin/true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	pid := ended.Process.Pid
	if err := ended.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := (LockFile{PID: pid}).Life(data); got != Dead && got != Reused {
		t.Errorf("an ended process is %s", got)
	}
}

func TestAServersCommandLine(t *testing.T) {
	data := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(data, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want bool
	}{
		{"/usr/lib/postgresql/15/bin/postgres -D " + data + " -p 15500", true},
		{"postmaster -D" + data, true},
		{"postgres -D " + link, true},
		{"postgres -D " + filepath.Dir(data), false},
		{"postgres: checkpointer", false},
		{"vim -D " + data, false},
		{"postgres -D", false},
	} {
		if got := servesData(strings.Fields(c.args), data); got != c.want {
			t.Errorf("%q: %v, want %v", c.args, got, c.want)
		}
	}
}

func TestOnlyAStaleLockIsSetAside(t *testing.T) {
	data := t.TempDir()
	if err := SetAsideLock(data); err != nil {
		t.Error(err)
	}
	path := lockPath(data)
	if err := os.WriteFile(path, []byte(fmt.Sprintf("%d\n", os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SetAsideLock(data); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the lock of another program's number is still there")
	}
	if _, err := os.Stat(path + ".stale"); err != nil {
		t.Error(err)
	}
}

func TestFailuresAreOneSentence(t *testing.T) {
	for out, want := range map[string]struct {
		what   string
		reason error
	}{
		"2026 FATAL:  could not write lock file: No space left on device":                           {"the disk is full", ErrDiskFull},
		"LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use":                   {"the port is taken", ErrPortTaken},
		"FATAL:  lock file \"postmaster.pid\" already exists":                                       {"another server", ErrLocked},
		"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use":                    {"former server", ErrOrphans},
		"initdb: error: could not resize shared memory segment: No space left on device":            {"too little shared memory", nil},
		"FATAL:  data directory \"/x\" has invalid permissions":                                     {"read by others", nil},
		"LOG:  nothing of note\n2026-01-01 UTC [1] FATAL:  something new happened\nLOG:  shut down": {"something new happened", nil},
		"": {"exit", nil},
	} {
		err := failure(out, "/data", errors.New("exit status 1"), "the server ended")
		var e *engine.Error
		if !errors.As(err, &e) || !strings.Contains(e.What, want.what) || strings.Contains(e.What, "\n") {
			t.Errorf("%q gives %v, want %q", out, err, want.what)
		}
		if want.reason != nil && !errors.Is(err, want.reason) {
			t.Errorf("%q is not %v", out, want.reason)
		}
	}
}

func TestReachNamesTheFolderInTheWay(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if err := os.MkdirAll(filepath.Join(closed, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for path := dir; path != "/"; path = filepath.Dir(path) {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o001 == 0 {
			// The system's temporary folder itself is closed to others: open what is ours.
			if err := os.Chmod(path, 0o755); err != nil {
				t.Skipf("%s is closed: %v", path, err)
			}
		}
	}
	other := Account{Name: "somebody", UID: os.Geteuid() + 4242, GID: os.Getegid() + 4242, Drop: true}
	var e *engine.Error
	if err := other.Reach(filepath.Join(closed, "inner")); !errors.As(err, &e) || !sameText(e.Where, closed) {
		t.Errorf("the way is blocked by %v, want %s", err, closed)
	}
	if err := other.Reach(filepath.Join(dir, "not/made/yet")); err != nil {
		t.Errorf("a folder that is not there yet: %v", err)
	}
	owner := Account{Name: "owner", UID: os.Geteuid(), GID: os.Getegid(), Drop: true}
	if err := owner.Reach(filepath.Join(closed, "inner")); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

func sameText(a, b string) bool {
	real, err := filepath.EvalSymlinks(b)
	return a == b || (err == nil && a == real)
}

func TestDataMajor(t *testing.T) {
	data := t.TempDir()
	if _, ok, err := DataMajor(data); ok || err != nil {
		t.Errorf("an empty folder: %v, %v", ok, err)
	}
	for text, want := range map[string]int{"15\n": 15, "9.6\n": 9, "18": 18} {
		if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := DataMajor(data); got != want || !ok || err != nil {
			t.Errorf("%q is %d, %v, %v", text, got, ok, err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("what"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := DataMajor(data); ok || err == nil {
		t.Errorf("nonsense: %v, %v", ok, err)
	}
}
