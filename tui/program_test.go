package tui_test

import (
	"errors"
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

func TestMain(m *testing.M) { labtest.Main(m) }

// patience is how long a screen may take to show what is waited for.
const patience = 60 * time.Second

var built struct {
	once sync.Once
	path string
	err  error
}

// program builds the binary once for all tests of this package.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "pipewright-program-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "pipewright")
		cmd := exec.Command("go", "build", "-o", built.path, ".")
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = errors.New(string(out))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// terminal is the real program in a terminal that answers no query. Its screen is a model: tests match
// what a person sees, not bytes.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	tty    *os.File
	mu     sync.Mutex // of the screen
	screen *vt.Emulator
	drawn  chan struct{} // told after each write to the screen
	over   chan struct{} // closed when the program has ended
	state  error
}

// open starts the program in a terminal of w×h cells.
func open(t *testing.T, workspace string, w, h int, env ...string) *terminal {
	t.Helper()
	return start(t, w, h, env, program(t), "--workspace", workspace)
}

// start starts a command in a terminal of w×h cells.
func start(t *testing.T, w, h int, env []string, command ...string) *terminal {
	t.Helper()
	c := &terminal{t: t, screen: vt.NewEmulator(w, h), drawn: make(chan struct{}, 1), over: make(chan struct{})}
	c.cmd = exec.Command(command[0], command[1:]...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "DATABASE_URL=") && !strings.HasPrefix(kv, "NO_COLOR=") && !strings.HasPrefix(kv, "TMUX=") {
			c.cmd.Env = append(c.cmd.Env, kv)
		}
	}
	c.cmd.Env = append(append(c.cmd.Env, "TERM=xterm-256color", "COLORTERM=truecolor"), env...)
	tty, err := pty.StartWithSize(c.cmd, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
	if err != nil {
		t.Fatal(err)
	}
	c.tty = tty
	go func() { _, _ = io.Copy(io.Discard, c.screen) }() // the screen's answers go nowhere
	go c.read()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.over
		_ = tty.Close()
	})
	return c
}

func (c *terminal) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.tty.Read(buf)
		if n > 0 {
			c.mu.Lock()
			_, _ = c.screen.Write(buf[:n])
			c.mu.Unlock()
			select {
			case c.drawn <- struct{}{}:
			default:
			}
		}
		if err != nil {
			break
		}
	}
	c.state = c.cmd.Wait()
	close(c.over)
}

// text is the screen as it is now.
func (c *terminal) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.String()
}

// keys types.
func (c *terminal) keys(keys ...string) {
	c.t.Helper()
	for _, k := range keys {
		if _, err := io.WriteString(c.tty, k); err != nil {
			c.t.Fatal(err)
		}
	}
}

// resize changes the terminal's size.
func (c *terminal) resize(w, h int) {
	c.t.Helper()
	c.mu.Lock()
	c.screen.Resize(w, h)
	c.mu.Unlock()
	if err := pty.Setsize(c.tty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		c.t.Fatal(err)
	}
}

// sees waits until the screen shows every text.
func (c *terminal) sees(texts ...string) string {
	c.t.Helper()
	limit := time.After(patience)
	for {
		screen := c.text()
		missing := ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
				break
			}
		}
		if missing == "" {
			return screen
		}
		select {
		case <-c.drawn:
		case <-c.over:
			c.t.Fatalf("the program ended (%v) before the screen showed %q:\n%s", c.state, missing, c.text())
		case <-limit:
			c.t.Fatalf("the screen does not show %q:\n%s", missing, screen)
		}
	}
}

// ends waits for the program's end and gives its exit code.
func (c *terminal) ends() int {
	c.t.Helper()
	select {
	case <-c.over:
	case <-time.After(patience):
		c.t.Fatalf("the program does not end:\n%s", c.text())
	}
	return c.cmd.ProcessState.ExitCode()
}

const (
	enter = "\r"
	down  = "\x1b[B"
	esc   = "\x1b"
)

// prove takes session 1.4 from the curriculum to its last tick.
func prove(c *terminal, tabs bool) {
	c.t.Helper()
	c.sees("1.4")
	c.keys("/", "1.4", enter)
	c.sees("1.4 Data Valid", "? keys")
	c.keys(enter)
	c.sees("A table that takes anything")
	c.keys("r")
	c.sees("done in", "accepted 400", "rejected 85", "duplicates 15")
	c.keys("v")
	if tabs {
		c.keys("3")
	}
	c.sees("7 of 7")
}

func TestSession14FromAKeyToAProvenTick(t *testing.T) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "200x60": {200, 60}} {
		t.Run(name, func(t *testing.T) {
			ws := labtest.Workspace(t)
			c := open(t, ws, size[0], size[1])
			prove(c, size[0] < 120)
			c.keys("q")
			if code := c.ends(); code != 0 {
				t.Fatalf("exit %d", code)
			}
			again := open(t, ws, size[0], size[1])
			again.sees("7 of 7")
			again.keys("q")
			if code := again.ends(); code != 0 {
				t.Fatalf("exit %d", code)
			}
			text, err := os.ReadFile(filepath.Join(ws, "PROGRESS.md"))
			if err != nil || !strings.Contains(string(text), "[x] Session 1.4") {
				t.Fatalf("%v\n%s", err, text)
			}
		})
	}
}

func TestTheShellLeavesTheTerminalAsItWas(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"hang-up": syscall.SIGHUP, "terminate": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			c := open(t, labtest.Workspace(t), 80, 24)
			c.sees("? keys")
			if err := c.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			c.ends()
			if text := c.text(); strings.Contains(text, "? keys") {
				t.Fatalf("the shell's screen is still there:\n%s", text)
			}
		})
	}
}

func TestResizingEndsInAWholeFrame(t *testing.T) {
	c := open(t, labtest.Workspace(t), 200, 60)
	c.sees("? keys")
	for i := range 50 {
		c.resize(60+i*3, 15+i)
	}
	c.resize(40, 10)
	c.sees("40×10")
	c.resize(80, 24)
	c.sees("? keys", "Pipewright")
	c.keys("q")
	c.ends()
}

func TestBadPastesAreSurvived(t *testing.T) {
	c := open(t, labtest.Workspace(t), 80, 24)
	c.sees("Phase 1", "? keys")
	c.keys("/", "\x1b[200~\xff\xfe\xc3(1.\x1b[201~", "4")
	c.sees("No session matches")
	c.keys(esc)
	c.sees("Phase 1")
	c.keys("?")
	c.sees("Keys in the sessions")
	c.keys("?")
	c.sees("? keys")
	c.keys("q")
	if code := c.ends(); code != 0 {
		t.Fatalf("exit %d", code)
	}
}

func TestColourCanBeRefusedWithAnyValue(t *testing.T) {
	c := open(t, labtest.Workspace(t), 80, 24, "NO_COLOR=please")
	c.sees("? keys")
	c.mu.Lock()
	defer c.mu.Unlock()
	for y := range 24 {
		for x := range 80 {
			if cell := c.screen.CellAt(x, y); cell != nil && (cell.Style.Fg != nil || cell.Style.Bg != nil) {
				t.Fatalf("cell %d,%d has a colour", x, y)
			}
		}
	}
}
