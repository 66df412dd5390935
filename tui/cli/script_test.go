package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"pipewright/engine/lab/labtest"
)

// The test binary is the program itself when it is called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pipewright": func() {
			os.Exit(Main(os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, nil))
		},
	})
}

// Each script has a database of its own, unless its first line says "no database" (it needs none) or
// "embedded" (it runs on the workspace's own server, which is stopped behind it).
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scripts", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "\n")
		embedded, none := strings.Contains(head, "embedded"), strings.Contains(head, "no database")
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			dsn := ""
			if !embedded && !none {
				dsn = labtest.Database(t)
			}
			testscript.Run(t, testscript.Params{
				Files:               []string{file},
				Setup:               func(env *testscript.Env) error { return setup(env, dsn, embedded) },
				Cmds:                scriptCommands(),
				Condition:           condition,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
			})
		})
	}
}

func setup(env *testscript.Env, dsn string, embedded bool) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		return err
	}
	ws := filepath.Join(env.WorkDir, "ws")
	env.Setenv("HOME", home)
	env.Setenv("WS", ws)
	env.Setenv("PIPEWRIGHT_WORKSPACE", ws)
	env.Setenv("DATABASE_URL", dsn)
	env.Setenv("TERM", "xterm")
	env.Setenv("LANG", "C.UTF-8")
	if embedded {
		if cache, err := os.UserCacheDir(); err == nil {
			env.Setenv("XDG_CACHE_HOME", cache) // one download for all tests
		}
		env.Defer(func() {
			cmd := exec.Command(os.Args[0], "db", "stop")
			cmd.Args[0] = "pipewright"
			cmd.Env = env.Vars
			if out, err := cmd.CombinedOutput(); err != nil {
				env.T().Log("db stop: ", err, string(out))
			}
		})
	}
	return nil
}

// condition knows [root]: such a user may read and write everything.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits, "sentence": sentence, "json": jsonField, "sql": sqlValue, "mkdata": mkdata,
		"snapshot": snapshot, "unchanged": unchanged, "same": same,
	}
}

// exits CODE COMMAND ARG... runs a command and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\nstdout: %.2000s\nstderr: %.2000s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// sentence REGEXP: standard error ends with the one line that tells the failure, and it matches. Nothing in it
// acts on a terminal, no fault of the program shows through.
func sentence(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile("stderr")
	var told []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "pipewright: ") {
			told = append(told, strings.TrimSuffix(line, "\n"))
		}
	}
	if len(told) != 1 {
		ts.Fatalf("standard error has %d sentences: %q", len(told), text)
	}
	for _, bad := range []string{"panic", "goroutine ", ".go:", "\x1b", "%!", "fault in Pipewright"} {
		if strings.Contains(text, bad) {
			ts.Fatalf("standard error has %q in it: %q", bad, text)
		}
	}
	if len(told[0]) > 500 {
		ts.Fatalf("that is no sentence any more: %q", told[0])
	}
	for _, want := range args {
		if regexp.MustCompile(want).MatchString(told[0]) == neg {
			ts.Fatalf("%q against %q", told[0], want)
		}
	}
}

// json PATH VALUE: standard output is exactly one JSON document, and at the path it has the value; a value
// that begins with ~ is a regular expression. Without arguments only the first is asked.
func jsonField(ts *testscript.TestScript, neg bool, args []string) {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		ts.Fatalf("standard output is no JSON: %v: %.500q", err, ts.ReadFile("stdout"))
	}
	if _, err := dec.Token(); err != io.EOF {
		ts.Fatalf("there is more than one document on standard output")
	}
	for i := 0; i+1 < len(args); i += 2 {
		got, err := at(doc, args[i])
		if err != nil {
			ts.Fatalf("%v in %.2000s", err, ts.ReadFile("stdout"))
		}
		ok := got == args[i+1]
		if re, is := strings.CutPrefix(args[i+1], "~"); is {
			ok = regexp.MustCompile(re).MatchString(got)
		}
		if ok == neg {
			ts.Fatalf("%s is %q, want %q", args[i], got, args[i+1])
		}
	}
}

var step = regexp.MustCompile(`\.([^.\[]+)|\[(\d+)\]`)

// at walks a path such as .rows[0][1]; a value that is no string is given as JSON. A path that ends with
// .length gives the number of elements.
func at(doc any, path string) (string, error) {
	for _, m := range step.FindAllStringSubmatch(path, -1) {
		switch v := doc.(type) {
		case map[string]any:
			next, ok := v[m[1]]
			if !ok {
				return "", fmt.Errorf("there is no %s", path)
			}
			doc = next
		case []any:
			if m[1] == "length" {
				return strconv.Itoa(len(v)), nil
			}
			n, err := strconv.Atoi(m[2])
			if err != nil || n >= len(v) {
				return "", fmt.Errorf("there is no %s", path)
			}
			doc = v[n]
		default:
			return "", fmt.Errorf("there is no %s", path)
		}
	}
	if s, ok := doc.(string); ok {
		return s, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(doc)
	return strings.TrimSpace(b.String()), err
}

// sql QUERY VALUE asks the script's database past the program.
func sqlValue(ts *testscript.TestScript, _ bool, args []string) {
	if got := ask(ts, args[0]); got != args[1] {
		ts.Fatalf("%s is %q, want %q", args[0], got, args[1])
	}
}

func ask(ts *testscript.TestScript, query string) string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer conn.Close(ctx)
	var got *string
	ts.Check(conn.QueryRow(ctx, "select ("+query+")::text").Scan(&got))
	if got == nil {
		return "NULL"
	}
	return *got
}

const picture = `select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) || ' ' || count(*) from %s t`

// snapshot TABLE remembers a table's rows; unchanged TABLE compares them.
func snapshot(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("SNAPSHOT_"+args[0], ask(ts, fmt.Sprintf(picture, args[0])))
}

func unchanged(ts *testscript.TestScript, _ bool, args []string) {
	now := ask(ts, fmt.Sprintf(picture, args[0]))
	if was := ts.Getenv("SNAPSHOT_" + args[0]); was != now {
		ts.Fatalf("%s was %s and is %s", args[0], was, now)
	}
}

// same FILE FILE compares bytes.
func same(ts *testscript.TestScript, _ bool, args []string) {
	if ts.ReadFile(args[0]) != ts.ReadFile(args[1]) {
		ts.Fatalf("%s and %s differ", args[0], args[1])
	}
}
