package tui_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pipewright/engine/lab/labtest"
)

// A terminal that has stopped, as after ctrl+s, blocks whoever writes to it, and keeps nobody from ending
// the program.
func TestAStoppedTerminalDoesNotKeepTheProgram(t *testing.T) {
	c := open(t, labtest.Workspace(t), 200, 60)
	c.sees("? keys", "Phase 1")
	n, err := unix.IoctlGetInt(int(c.tty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(tty.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	c.keys("?") // is drawn to nobody
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := c.ends(); code != 128+int(syscall.SIGTERM) {
		t.Fatalf("exit %d: it was not blocked, so this proves nothing", code)
	}
}
