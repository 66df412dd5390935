//go:build unix

package postgres

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/pgtest"
)

// helperVariable makes the test binary another process that uses the package: its value is a helperTask.
const helperVariable = "PIPEWRIGHT_POSTGRES_TEST_HELPER"

// helperTask is what a helper does: start, tell of it, and then wait for its standard input to end.
type helperTask struct {
	Options  Options0
	Shared   string // folder for the caches and homes that root makes
	ThenStop bool
}

// Options0 are the options that fit into JSON.
type Options0 struct{ Dir, DSN, Cache, Binaries string }

// base is a folder of this test process that every account can reach.
var base string

func TestMain(m *testing.M) {
	if text := os.Getenv(helperVariable); text != "" {
		os.Exit(help(text))
	}
	var err error
	for _, parent := range []string{"/tmp", os.TempDir()} {
		if base, err = os.MkdirTemp(parent, "pipewright-postgres-"); err == nil {
			break
		}
	}
	if err == nil {
		err = os.Chmod(base, 0o755)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	useShared(base)
	pgtest.Main(cleaner{m, base})
}

// cleaner removes the base when the tests are through.
type cleaner struct {
	m    *testing.M
	base string
}

func (c cleaner) Run() int {
	code := c.m.Run()
	if err := os.RemoveAll(c.base); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// useShared keeps what root makes outside of the workspace inside of the tests' folder.
func useShared(dir string) {
	skipSync = true
	binaries.SharedCaches = []string{filepath.Join(dir, "cache")}
	sharedHomes = []string{filepath.Join(dir, "homes")}
}

// help is the other process. It prints one line per status, then "started" or the error.
func help(text string) int {
	var task helperTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	useShared(task.Shared)
	s := New(Options{
		Workspace: engine.Workspace{Dir: task.Options.Dir}, DSN: task.Options.DSN, Cache: task.Options.Cache, Binaries: task.Options.Binaries,
		OnStatus: func(b engine.BackendStatus) { fmt.Printf("status %s %s\n", b.State, b.Sentence) },
	})
	defer s.Close()
	ctx := context.Background()
	if err := s.Start(ctx); err != nil {
		fmt.Printf("failed %v\n", err)
		return 1
	}
	fmt.Printf("started %d\n", s.Status().Port)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1
	}
	if task.ThenStop {
		if err := s.Stop(ctx); err != nil {
			fmt.Printf("failed %v\n", err)
			return 1
		}
		fmt.Println("stopped")
	}
	return 0
}

// helper is another process at work.
type helper struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines *bufio.Scanner
	seen  []string
}

// startHelper runs the test binary as another process; uid 0 means our own account.
func startHelper(t *testing.T, task helperTask, uid int, env ...string) *helper {
	t.Helper()
	task.Shared = base
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testBinary(t))
	cmd.Env = append(os.Environ(), helperVariable+"="+string(text))
	cmd.Dir = "/"
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), helperVariable + "=" + string(text)}
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &helper{cmd: cmd, in: in, lines: bufio.NewScanner(out)}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return h
}

// until reads the helper's lines up to one of that beginning, and gives the rest of it.
func (h *helper) until(t *testing.T, beginning string) string {
	t.Helper()
	for h.lines.Scan() {
		line := h.lines.Text()
		h.seen = append(h.seen, line)
		if rest, ok := strings.CutPrefix(line, beginning); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatalf("the other process never said %q:\n%s", beginning, strings.Join(h.seen, "\n"))
	return ""
}

// testBinary is this test binary where every account can run it.
func testBinary(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return os.Args[0]
	}
	path := filepath.Join(base, "postgres.test")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// workspace makes a workspace that every account can reach, as a learner's own would be.
func workspace(t *testing.T) engine.Workspace {
	t.Helper()
	dir, err := os.MkdirTemp(quick(), "pipewright-ws-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("the workspace: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return engine.Workspace{Dir: dir}
}

// quick is where workspaces of tests go: into memory where there is plenty of room, since these servers
// sync as a learner's do.
func quick() string {
	var fs syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &fs) == nil && fs.Bavail*uint64(fs.Bsize) > 4<<30 && syscall.Access("/dev/shm", 2) == nil {
		return "/dev/shm"
	}
	return base
}

// statuses records what OnStatus hears.
type statuses struct{ heard chan engine.BackendStatus }

func (s *statuses) on(b engine.BackendStatus) {
	select {
	case s.heard <- b:
	default: // nobody reads any more
	}
}

// until waits for a status as wanted, and gives all that were heard on the way.
func (s *statuses) until(t *testing.T, what string, wanted func(engine.BackendStatus) bool) []engine.BackendStatus {
	t.Helper()
	var all []engine.BackendStatus
	late := time.After(60 * time.Second)
	for {
		select {
		case b := <-s.heard:
			all = append(all, b)
			if wanted(b) {
				return all
			}
		case <-late:
			t.Fatalf("%s: no such status within a minute; heard %+v", what, all)
		}
	}
}

// newServer is a Server whose cluster is stopped when the test ends.
func newServer(t *testing.T, o Options) (*Server, *statuses) {
	t.Helper()
	if o.Workspace.Dir == "" {
		o.Workspace = workspace(t)
	}
	heard := &statuses{heard: make(chan engine.BackendStatus, 4096)}
	o.OnStatus = heard.on
	s := New(o)
	t.Cleanup(func() {
		if o.DSN == "" {
			if err := s.Stop(context.Background()); err != nil {
				t.Logf("stop: %v", err)
			}
		}
		s.Close()
	})
	return s, heard
}

// started is newServer, started.
func started(t *testing.T, o Options) *Server {
	t.Helper()
	s, _ := newServer(t, o)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// one gives the single value of a query, as text.
func one(t *testing.T, s *Server, sql string) string {
	t.Helper()
	pool, err := s.Pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var value string
	if err := pool.QueryRow(t.Context(), "select ("+sql+")::text").Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// run runs statements.
func run(t *testing.T, s *Server, sql string) {
	t.Helper()
	pool, err := s.Pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestAWorkspaceOfATestKeepsItsDataInside(t *testing.T) {
	t.Parallel()
	dir := pgtest.Workspace(t)
	s := New(Options{Workspace: engine.Workspace{Dir: dir}})
	t.Cleanup(s.Close)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if data := s.Status().DataDir; !strings.HasPrefix(data, dir) {
		t.Errorf("the data is in %s, outside of %s", data, dir)
	}
}
