//go:build unix

package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/cluster"
)

// downloadedVersion is the version that comes when none is installed, as the server prints it.
func downloadedVersion() string { return strings.TrimSuffix(binaries.Default().Version, ".0") }

func TestWithoutPostgreSQLItIsDownloaded(t *testing.T) {
	t.Parallel()
	// Real binaries from the real repository.
	cache := filepath.Join(openFolder(t, "downloads-"), "cache")
	s, heard := newServer(t, Options{Binaries: Download, Cache: cache})
	s.shared = nil
	if b := s.Inspect(t.Context()); b.State != engine.StateMissing || !strings.Contains(b.Sentence, "downloads "+downloadedVersion()) {
		t.Errorf("before, Inspect says %s %q", b.State, b.Sentence)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := heard.until(t, "up", isUp)
	var bytes int64
	stages := map[string]bool{}
	for _, b := range all {
		if b.Progress != nil {
			stages[b.Progress.Stage] = true
			if b.Progress.Stage == "download" {
				bytes = b.Progress.Done
			}
		}
	}
	if bytes < 10<<20 || !stages["unpack"] || !stages["verify"] || !stages["initdb"] {
		t.Errorf("the progress told of %d bytes, stages %v", bytes, stages)
	}
	if b := s.Status(); b.Version != downloadedVersion() || !strings.HasPrefix(b.Path, cache) {
		t.Errorf("it is %s in %s", b.Version, b.Path)
	}
	for sql, want := range map[string]string{
		"select current_setting('server_encoding')": "UTF8",
		"select upper('é')":                         "É",
		"select length('Zoë')":                      "3",
	} {
		if got := one(t, s, sql); got != want {
			t.Errorf("%s gives %q, want %q", sql, got, want)
		}
	}
	wantPrivate(t, s)

	t.Run("as an ordinary user, from that user's cache", func(t *testing.T) {
		user := ordinary(t)
		other := user.start(t, helperTask{Options: Options0{Dir: user.workspace, Binaries: Download, Cache: cache}, ThenStop: true})
		other.until(t, "started")
		user.wantOwn(t)
		other.stop(t)
	})
}

// openFolder makes a folder in which every account may write.
func openFolder(t *testing.T, prefix string) string {
	t.Helper()
	dir, err := os.MkdirTemp(base, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// account is an ordinary user with a home of its own.
type account struct {
	uid             int
	home, workspace string
}

// ordinary gives an ordinary user: another one than us when we are root, us otherwise.
func ordinary(t *testing.T) account {
	t.Helper()
	home, err := os.MkdirTemp(base, "home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(home, 0o755) }) // a test may have closed it
	a := account{home: home, workspace: filepath.Join(home, "pipewright")}
	if os.Geteuid() == 0 {
		a.uid = 65534 // nobody: an account that every system has
		if err := os.Chown(home, a.uid, a.uid); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a account) start(t *testing.T, task helperTask, env ...string) *helper {
	t.Helper()
	return startHelper(t, task, a.uid, append([]string{"HOME=" + a.home, "XDG_CACHE_HOME="}, env...)...)
}

// wantOwn sees that the data is in the workspace and the server runs as the user.
func (a account) wantOwn(t *testing.T) {
	t.Helper()
	data := filepath.Join(a.workspace, ".pipewright/postgres/data")
	lock, ok, err := cluster.ReadLock(data)
	if err != nil || !ok {
		t.Fatalf("no server in %s: %v", data, err)
	}
	owner, err := cluster.OwnerOf(data)
	if err != nil || (a.uid != 0 && owner.UID != a.uid) {
		t.Errorf("the data belongs to %+v (%v)", owner, err)
	}
	if life := lock.Life(data); life != cluster.Running {
		t.Errorf("the server of the lock is %s", life)
	}
}

// stop has the helper stop its server and end.
func (h *helper) stop(t *testing.T) {
	t.Helper()
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	h.until(t, "stopped")
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("the other process: %v", err)
	}
}

func TestAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	user := ordinary(t)
	other := user.start(t, helperTask{Options: Options0{Dir: user.workspace, Cache: openFolder(t, "cache-")}, ThenStop: true})
	other.until(t, "started")
	user.wantOwn(t)
	other.stop(t)
}

func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	t.Parallel()
	t.Run("workspace", func(t *testing.T) {
		user := ordinary(t)
		if err := os.Chmod(user.home, 0o555); err != nil {
			t.Fatal(err)
		}
		got := user.start(t, helperTask{Options: Options0{Dir: user.workspace}}).until(t, "failed")
		if !strings.Contains(got, "may not write in the workspace") || !strings.Contains(got, "--workspace") {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("cache", func(t *testing.T) {
		user := ordinary(t)
		if err := os.Mkdir(user.workspace, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(user.workspace, max(user.uid, os.Getuid()), -1); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(user.home, 0o555); err != nil {
			t.Fatal(err)
		}
		got := user.start(t, helperTask{Options: Options0{Dir: user.workspace, Binaries: Download}}).until(t, "failed")
		if !strings.Contains(got, "cache folder for PostgreSQL cannot be written") || !strings.Contains(got, "XDG_CACHE_HOME") {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("no HOME", func(t *testing.T) {
		user := ordinary(t)
		got := user.start(t, helperTask{Options: Options0{Dir: user.workspace, Binaries: Download}}, "HOME=").until(t, "failed")
		if !strings.Contains(got, "HOME is not set") {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("a file in the way", func(t *testing.T) {
		w := workspace(t)
		if err := os.WriteFile(w.State(), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		s, _ := newAttached(t, w)
		wantError(t, s.Start(t.Context()), engine.Unavailable, "a file where")
	})
}

// asRoot skips a test of what only root does.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root becomes another account")
	}
}

func TestRootsServerRunsAsAnAccountThatReachesIt(t *testing.T) {
	t.Parallel()
	asRoot(t)
	t.Run("inside of the workspace when the account reaches that", func(t *testing.T) {
		s := started(t, Options{})
		if want := filepath.Join(s.o.Workspace.Postgres(), "data"); s.Status().DataDir != want {
			t.Errorf("the data is in %s, want %s", s.Status().DataDir, want)
		}
		wantDropped(t, s)
	})
	t.Run("outside when it does not", func(t *testing.T) {
		w := workspace(t)
		if err := os.Chmod(w.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s := started(t, Options{Workspace: w})
		b := s.Status()
		if !strings.HasPrefix(b.DataDir, sharedHomes[0]) || !strings.Contains(b.Sentence, "cannot reach the workspace") {
			t.Errorf("the data is in %s, and the status says %q", b.DataDir, b.Sentence)
		}
		wantDropped(t, s)
		run(t, s, "create table leads (id integer)")
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The pointer is lost: the data is found all the same.
		if err := os.Remove(recordPath(w.Postgres())); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, "select count(*) from leads"); got != "0" {
			t.Errorf("%s rows", got)
		}
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.Status().DataDir; got != b.DataDir {
			t.Errorf("after the reset the data is in %s, want %s", got, b.DataDir)
		}
	})
}

// wantDropped sees that the server does not run as root.
func wantDropped(t *testing.T, s *Server) {
	t.Helper()
	lock := lockOf(t, s.o.Workspace)
	info, err := os.Stat("/proc/" + strconv.Itoa(lock.PID))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok && sys.Uid == 0 {
		t.Error("the server runs as root")
	}
}

func TestWithoutAnAccountPostgresItIsNobody(t *testing.T) {
	asRoot(t) // not parallel: it changes what the others use
	old := cluster.Unprivileged
	cluster.Unprivileged = []string{"no-such-account", "nobody"}
	t.Cleanup(func() { cluster.Unprivileged = old })
	s := started(t, Options{})
	owner, err := cluster.OwnerOf(s.Status().DataDir)
	if err != nil || owner.Name != "nobody" {
		t.Errorf("the data belongs to %+v (%v), want nobody", owner, err)
	}
}

func TestAFullDiskIsTold(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if err := os.MkdirAll(w.Postgres(), 0o755); err != nil {
		t.Fatal(err)
	}
	small(t, w.Postgres(), "12m")
	s, heard := newAttached(t, w)
	wantError(t, s.Start(t.Context()), engine.Unavailable, "the disk is full", "free some space")
	heard.until(t, "failed", func(b engine.BackendStatus) bool {
		return b.State == engine.StateFailed && strings.Contains(b.Sentence, "disk is full")
	})
	left, err := filepath.Glob(filepath.Join(w.Postgres(), "new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("half a data folder was left: %v", left)
	}
}

func TestADiskThatFillsUpStopsTheServerAndIsTold(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if err := os.MkdirAll(w.Postgres(), 0o755); err != nil {
		t.Fatal(err)
	}
	small(t, w.Postgres(), "90m")
	s, heard := newServer(t, Options{Workspace: w})
	watching(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up", isUp)
	watched(t, s)
	pool, err := s.Pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(w.Postgres(), "filler")
	fill(t, filler)
	// More write-ahead log than there is room for, and nothing else: PostgreSQL gives up.
	for err == nil {
		_, err = pool.Exec(t.Context(), "select pg_logical_emit_message(false, 'fill', repeat('x', 1000000))")
	}
	if !Gone(err) {
		t.Fatalf("the server survives a full disk with %v", err)
	}
	all := heard.until(t, "failed", func(b engine.BackendStatus) bool {
		return b.State == engine.StateFailed && strings.Contains(b.Sentence, "disk is full")
	})
	if last := all[len(all)-1]; !strings.Contains(last.Fix, "free some space") {
		t.Errorf("the way out is %q", last.Fix)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	heard.until(t, "up again", isUp)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4096} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// small puts a file system of that size over dir.
func small(t *testing.T, dir, size string) {
	t.Helper()
	if err := mountTmpfs(dir, size); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

func TestBinariesOfAFolder(t *testing.T) {
	t.Parallel()
	s, _ := newAttached(t, workspace(t))
	s.o.Binaries = t.TempDir()
	wantError(t, s.Start(t.Context()), engine.Unavailable, "no postgres")
	if _, err := os.Stat(filepath.Join(s.o.Workspace.Postgres(), "data")); !os.IsNotExist(err) {
		t.Errorf("a data folder was made: %v", err)
	}
	if _, err := s.ConnString(); err == nil {
		t.Error("there is an address without a server")
	}
}
