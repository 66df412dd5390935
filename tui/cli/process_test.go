package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"pipewright/engine/lab/labtest"
)

// signalled starts a command, waits until its statement runs on the server, and sends signals. It gives
// the exit code, what standard output and error hold, and how long it took from the first signal on.
func signalled(t *testing.T, sigs []os.Signal, args ...string) (code int, out, errs string, took time.Duration) {
	t.Helper()
	dsn := labtest.Database(t)
	db := asker(t, func() string { return dsn })
	w := newWorkbench(t, "DATABASE_URL="+dsn)
	cmd := w.command(args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const busy = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
	for deadline := time.Now().Add(20 * time.Second); db(busy)[0] == "0"; db("select pg_sleep(0.01)::text") {
		if time.Now().After(deadline) {
			t.Fatal("the statement never ran", o.String(), e.String())
		}
	}
	begun := time.Now()
	for _, sig := range sigs {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	code = waitFor(t, cmd, 10*time.Second)
	took = time.Since(begun)
	gone(t, db)
	return code, o.String(), e.String(), took
}

func TestASignalEndsTheStatementOnTheServer(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			code, out, errs, took := signalled(t, []os.Signal{sig}, "query", "select pg_sleep(60)")
			if code != 130 || took > 2500*time.Millisecond || !strings.Contains(errs, "cancelling;") || !strings.Contains(errs, "\npipewright: ") || out != "" {
				t.Fatalf("exit code %d after %v\n%s%s", code, took, out, errs)
			}
		})
	}
}

func TestAnInterruptedCommandLeavesOneDocument(t *testing.T) {
	code, out, _, _ := signalled(t, []os.Signal{os.Interrupt}, "query", "select 1; select pg_sleep(60)", "--json")
	if code != 130 || !strings.Contains(out, `"error":{"kind":"interrupted"`) || !strings.HasPrefix(out, `{"results":[{`) {
		t.Fatalf("exit code %d\n%s", code, out)
	}
}

// A reader that never comes to an end holds nothing up.
func TestASignalEndsAWaitForStandardInput(t *testing.T) {
	w := newWorkbench(t, "DATABASE_URL="+labtest.Database(t))
	for _, args := range [][]string{{"load", "-", "--table", "t"}, {"query", "-"}} {
		cmd := w.command(args...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		errs, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// More than a pipe holds: when it is written, it is being read.
		if _, err := io.WriteString(in, "a,b\n"+strings.Repeat("1,2\n", 1<<18)); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(errs)
		if code := waitFor(t, cmd, 10*time.Second); code != 130 || time.Since(begun) > 4*time.Second {
			t.Fatalf("%v: exit code %d after %v\n%s", args, code, time.Since(begun), text)
		}
	}
}

func TestAReaderThatGoesAwayEndsTheQueryQuietly(t *testing.T) {
	dsn := labtest.Database(t)
	w := newWorkbench(t, "DATABASE_URL="+dsn)
	for _, format := range []string{"csv", "json", "table"} {
		cmd := w.command("query", "select g, repeat('x', 100) from generate_series(1, 3000000) g", "--format", format, "--limit", "0")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		out.Close()
		if code := waitFor(t, cmd, 20*time.Second); code != 0 || strings.Contains(errs.String(), "pipewright: ") {
			t.Fatalf("%s: exit code %d\n%s", format, code, errs.String())
		}
		gone(t, asker(t, func() string { return dsn }))
	}
}

func TestAFullDiskBehindStandardOutputIsTold(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer full.Close()
	w := newWorkbench(t, "DATABASE_URL="+labtest.Database(t))
	for _, args := range [][]string{{"version"}, {"query", "select 1"}, {"query", "select 1", "--json"}, {"completion", "bash"}} {
		cmd := w.command(args...)
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &errs
		if code := exitCode(t, cmd.Run()); code != 1 || !strings.HasPrefix(errs.String(), "pipewright: standard output could not be written: no space left on device") || strings.Count(errs.String(), "\n") != 1 {
			t.Fatalf("%v: exit code %d\n%s", args, code, errs.String())
		}
	}
}

// Closed descriptors, as a daemon has them, are no reason to crash.
func TestMissingStreamsAreNoReasonToCrash(t *testing.T) {
	w := newWorkbench(t)
	self := w.command("version")
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" version <&- 2>&-`, self.Path)
	link := filepath.Join(t.TempDir(), "pipewright")
	if err := os.Symlink(self.Path, link); err != nil {
		t.Fatal(err)
	}
	cmd.Args[3] = link
	cmd.Env = w.env
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "pipewright ") {
		t.Fatal(err, string(out))
	}
}

// A result of millions of rows is never held: memory does not grow with it.
func TestALargeResultStreams(t *testing.T) {
	w := newWorkbench(t, "DATABASE_URL="+labtest.Database(t))
	peak := func(rows int, format string) int64 {
		cmd := w.command("query", fmt.Sprintf("select g, repeat('x', 100) from generate_series(1, %d) g", rows), "--format", format, "--limit", "0")
		cmd.Stdout = nil // thrown away
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	}
	for _, format := range []string{"csv", "json", "table"} {
		small, large := peak(20_000, format), peak(600_000, format)
		if large > small*3/2 {
			t.Errorf("%s: %d at 20,000 rows, %d at 600,000", format, small, large)
		}
	}
}

// screen is a terminal in which a command runs.
type screen struct {
	mu  sync.Mutex
	em  *vt.Emulator
	raw bytes.Buffer
	tty *os.File
}

// onScreen runs a command in a terminal of 80×24, types an answer when the prompt has shown, and gives the exit
// code and the screen. seen is called with the screen each time that something was drawn.
func runOnScreen(t *testing.T, cmd *exec.Cmd, prompt, answer string, seen func(string)) (int, *screen) {
	t.Helper()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	s := &screen{em: vt.NewEmulator(80, 24), tty: tty}
	go func() { _, _ = io.Copy(io.Discard, s.em) }() // replies to queries; none are asked here
	buf := make([]byte, 4096)
	for {
		n, err := tty.Read(buf)
		s.mu.Lock()
		s.raw.Write(buf[:n])
		_, _ = s.em.Write(buf[:n])
		text := s.em.String()
		s.mu.Unlock()
		if seen != nil {
			seen(text)
		}
		if prompt != "" && strings.Contains(text, prompt) {
			prompt = ""
			if _, err := io.WriteString(tty, answer); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break // EIO: the process is gone
		}
	}
	return waitFor(t, cmd, 10*time.Second), s
}

func TestProgressIsRedrawnOnATerminalAndGoesAway(t *testing.T) {
	w := newWorkbench(t, "DATABASE_URL="+labtest.Database(t))
	path := filepath.Join(w.dir, "leads.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	if err := leadRows(b, 400_000); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	bars := 0
	code, s := runOnScreen(t, w.command("load", path, "--table", "leads"), "", "", func(text string) {
		if strings.Contains(text, "█") && strings.Contains(text, " rows ") && strings.Contains(text, "/s") && strings.Contains(text, " %") {
			bars++
		}
	})
	text := s.em.String()
	if code != 0 || bars < 2 || strings.Contains(text, "█") || !strings.Contains(text, "read 400,000   accepted 400,000") {
		t.Fatalf("exit code %d, %d bars\n%s", code, bars, text)
	}
	if strings.Count(strings.TrimSpace(text), "\n") > 3 {
		t.Fatalf("something was left on the screen:\n%s", text)
	}
}

func TestAResetAsksAndTakesNoForANo(t *testing.T) {
	for _, answer := range []string{"no\n", "\n", "y\n", "\x04"} {
		w := newWorkbench(t)
		code, s := runOnScreen(t, w.command("db", "reset"), "Type yes to go on:", answer, nil)
		if text := s.em.String(); code != 1 || !strings.Contains(text, "deletes every table and database") || !strings.Contains(text, "nothing was deleted") {
			t.Fatalf("%q: exit code %d\n%s", answer, code, text)
		}
	}
}

func TestColourIsForTerminalsThatWantIt(t *testing.T) {
	dsn := labtest.Database(t)
	for _, c := range []struct {
		env  string
		args []string
		want bool
	}{
		{"X=", []string{"check", "1.4"}, true},
		{"NO_COLOR=yes", []string{"check", "1.4"}, false},
		{"TERM=dumb", []string{"check", "1.4"}, false},
		{"X=", []string{"check", "1.4", "--plain"}, false},
	} {
		w := newWorkbench(t, "DATABASE_URL="+dsn, c.env)
		code, s := runOnScreen(t, w.command(c.args...), "", "", nil)
		if got := strings.Contains(s.raw.String(), "\x1b[31m✗\x1b[0m"); code != 1 || got != c.want {
			t.Errorf("%s %v: exit code %d, colour %v\n%q", c.env, c.args, code, got, s.raw.String())
		}
	}
}
