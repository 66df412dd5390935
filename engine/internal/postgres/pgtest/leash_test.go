//go:build unix

package pgtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

const leashVariable = "PIPEWRIGHT_PGTEST_LEASH"

// leashed is another test process: it starts a server, says where, and waits to be killed.
func leashed() int {
	c, err := StartCluster(context.Background())
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	fmt.Println(c.DSN)
	fmt.Println(c.Dir)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func TestTheServerEndsWithAKilledTestProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), leashVariable+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	dsn := lines.Text()
	lines.Scan()
	dir := lines.Text()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("%v (the other process said %q %q)", err, dsn, dir)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := conn.WaitForNotification(t.Context()); err == nil {
		t.Error("the server goes on")
	}
	// The watchdog holds this lock until it is through.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestWhatNobodyHoldsIsSwept(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	left := filepath.Join(parent, folderPrefix+"left")
	strange := filepath.Join(parent, folderPrefix+"strange")
	held := filepath.Join(parent, folderPrefix+"held")
	for _, dir := range []string{left, strange, held} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir == strange {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "lock"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := os.Open(filepath.Join(held, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	sweep(parent)
	for dir, want := range map[string]bool{left: false, strange: true, held: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(dir), err == nil, want)
		}
	}
}

func TestDatabaseNamesAreSafe(t *testing.T) {
	for _, test := range []string{"TestX/a\"b", strings.Repeat("é", 100), ""} {
		name := databaseName(test)
		if len(name) > 63 || strings.ContainsAny(name, `"'\é`) || name == databaseName(test) {
			t.Errorf("%q gives %q", test, name)
		}
	}
}
