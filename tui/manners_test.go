package tui_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"pipewright/engine"
	"pipewright/engine/lab/labtest"
	"pipewright/sessions"
)

// hung is a shell on session 1.4 whose load never gets to the end of its file: a FIFO that a test holds
// open. It gives the terminal and the database that the load copies into.
func hung(t *testing.T) (*terminal, *sql.DB) {
	t.Helper()
	ws := engine.Workspace{Dir: labtest.Workspace(t)}
	if err := sessions.Prepare(ws); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(ws.Data(), "leads_500.csv")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = end.Close() })
	go func() { // as much as the FIFO and the load take; what is left is lost when the test ends
		_, _ = io.WriteString(end, "company_name,contact_person,email,industry,status,created_at\n")
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(end, "Acme %d,Ann,ann%d@x.io,Retail,New,2025-01-01 00:00:00\n", i, i); err != nil || i == 20_000 {
				return
			}
		}
	}()
	c := open(t, ws.Dir, 80, 24)
	c.sees("Phase 1", "? keys")
	c.keys("/", "1.4", enter)
	c.sees("1.4 Data Valid", "? keys")
	c.keys(enter)
	c.sees("A table that takes anything", "pg ● up")
	c.keys("r")
	c.sees("running", "1 job")
	db, err := sql.Open("pgx", dsn(t, ws))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	serving(t, db, true)
	return c, db
}

// dsn reads the workspace's own connection from its .env.
func dsn(t *testing.T, ws engine.Workspace) string {
	t.Helper()
	text, err := os.ReadFile(ws.Env())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range strings.Split(string(text), "\n") {
		k, v, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(l), "export "), "=")
		if name, ok := map[string]string{"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}[k]; ok {
			out = append(out, name+"="+strings.Trim(v, `"'`))
		}
	}
	return strings.Join(out, " ")
}

// serving waits until the server is at work for somebody else than the one who asks, or is not.
func serving(t *testing.T, db *sql.DB, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		var n int
		err := db.QueryRowContext(ctx, `select count(*) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 == want {
			return
		}
	}
}

func TestSignalsEndTheJobAndTheProgram(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"hang-up": syscall.SIGHUP, "terminate": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			c, db := hung(t)
			if err := c.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			c.ends()
			if text := c.text(); strings.Contains(text, "? keys") {
				t.Fatalf("the shell's screen is still there:\n%s", text)
			}
			serving(t, db, false)
		})
	}
}

// A terminal that goes away, as when its window is closed, takes the program and its job with it.
func TestATerminalThatGoesAwayEndsTheJob(t *testing.T) {
	c, db := hung(t)
	if err := c.tty.Close(); err != nil {
		t.Fatal(err)
	}
	c.ends()
	serving(t, db, false)
}

func TestSuspendGivesTheTerminalBack(t *testing.T) {
	for _, how := range []string{"key", "signal"} {
		t.Run(how, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			// A shell with job control: ctrl+z ends its wait for the program.
			script := `sh -c 'echo $$ > "$2"; exec "$0" --workspace "$1"' "$0" "$1" "$2"
				echo first stop; read x; fg; echo second stop; read x; fg; echo "left with $?"`
			c := start(t, 80, 24, nil, "bash", "--norc", "-mc", script, program(t), labtest.Workspace(t), pid)
			for _, stop := range []string{"first stop", "second stop"} {
				c.sees("Phase 1", "? keys")
				c.keys("?") // it reads keys
				c.sees("Keys in the sessions")
				c.keys("?")
				c.sees("? keys")
				if how == "key" {
					c.keys("\x1a")
				} else if err := syscall.Kill(number(t, pid), syscall.SIGTSTP); err != nil {
					t.Fatal(err)
				}
				if text := c.sees(stop); strings.Contains(text, "? keys") {
					t.Fatalf("the shell's screen is still there:\n%s", text)
				}
				c.keys("\n")
			}
			c.sees("Phase 1", "? keys")
			c.keys("q")
			c.sees("left with 0")
		})
	}
}

func number(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Without a shell behind the terminal, nobody could wake a stopped program.
func TestSuspendSaysSoWhereThereIsNoShell(t *testing.T) {
	c := open(t, labtest.Workspace(t), 80, 24)
	c.sees("Phase 1", "? keys")
	if err := c.cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	c.keys("\x1a")
	c.sees("there is no shell behind this terminal")
	c.keys("q")
	if code := c.ends(); code != 0 {
		t.Fatalf("exit %d", code)
	}
}

// A process that was stopped without notice draws its screen anew when it goes on.
func TestASilentStopEndsInAWholeScreen(t *testing.T) {
	c := open(t, labtest.Workspace(t), 80, 24)
	c.sees("Phase 1", "? keys")
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	_, _ = c.screen.WriteString("\x1b[2J\x1b[Hsomebody else wrote here")
	c.mu.Unlock()
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if text := c.sees("Phase 1", "? keys"); strings.Contains(text, "somebody") {
		t.Fatalf("what was written meanwhile is still there:\n%s", text)
	}
}

func TestADumbTerminalGetsPlainLines(t *testing.T) {
	c := start(t, 120, 90, []string{"TERM=dumb"}, program(t), "--workspace", labtest.Workspace(t))
	c.sees("TERM=dumb cannot show the shell", "7 of 7")
	if code := c.ends(); code != 0 {
		t.Fatalf("exit %d:\n%s", code, c.text())
	}
}

// A paste of megabytes is taken as far as a line takes it, and neither stalls nor runs a key.
func TestAPasteOfMegabytes(t *testing.T) {
	c := open(t, labtest.Workspace(t), 80, 24)
	c.sees("Phase 1", "? keys")
	junk := strings.Repeat("q\xff\xc3(1.4\x00\n\u202e", 100_000)
	c.keys("\x1b[200~"+junk+"\x1b[201~", "?") // where nothing is typed, it is dropped
	c.sees("Keys in the sessions")
	c.keys("?")
	c.sees("? keys")
	c.keys("/", "\x1b[200~"+junk+"\x1b[201~")
	c.sees("No session matches")
	c.keys(esc)
	c.sees("Phase 1", "? keys")
	c.keys("q")
	if code := c.ends(); code != 0 {
		t.Fatalf("exit %d", code)
	}
}
