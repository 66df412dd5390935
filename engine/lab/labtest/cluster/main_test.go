package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"pipewright/engine/internal/postgres/pgtest"
)

// TestMain makes the test binary the command itself when it is asked to.
func TestMain(m *testing.M) {
	if os.Getenv("CLUSTER_TEST_MAIN") != "" {
		if err := os.Unsetenv("CLUSTER_TEST_MAIN"); err != nil {
			os.Exit(1)
		}
		main()
	}
	os.Exit(m.Run())
}

// command runs the command of this package.
func command(t *testing.T, env string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CLUSTER_TEST_MAIN=1", pgtest.DSNVariable+"="+env)
	cmd.Stderr = os.Stderr
	return cmd
}

func exitOf(err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func TestTheCommandFindsAServerAndItsExitCodeIsKept(t *testing.T) {
	t.Parallel()
	out, err := command(t, "", "--", "sh", "-c", `echo "$`+pgtest.DSNVariable+`"; exit 7`).Output()
	if exitOf(err) != 7 {
		t.Errorf("exit %v, want 7", err)
	}
	if !strings.HasPrefix(string(out), "postgres://postgres:") {
		t.Errorf("the address is %q", out)
	}
	out, err = command(t, "postgres://given", "sh", "-c", `echo "$`+pgtest.DSNVariable+`"`).Output()
	if err != nil || strings.TrimSpace(string(out)) != "postgres://given" {
		t.Errorf("with a server given: %q, %v", out, err)
	}
	if err := command(t, "").Run(); exitOf(err) != 2 {
		t.Errorf("without a command: %v, want exit 2", err)
	}
	if err := command(t, "postgres://given", "/no/such/program").Run(); exitOf(err) != 127 {
		t.Errorf("no such program: %v, want exit 127", err)
	}
}

func TestASignalIsPassedOnAndTheServerStops(t *testing.T) {
	t.Parallel()
	cmd := command(t, "", "sh", "-c",
		`sleep 60 >/dev/null 2>&1 & p=$!; trap 'kill $p; echo ended; exit 9' TERM; echo ready; wait`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("it says %q", lines.Text())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		t.Logf("it says %q", lines.Text())
	}
	if code := exitOf(cmd.Wait()); code != 9 {
		t.Errorf("exit %d, want 9", code)
	}
}
