package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"pipewright/engine"
)

var processKeys = []Key{
	{Name: "command", Type: Text, Required: true, About: "the program, found on the PATH or in the workspace"},
	{Name: "args", Type: Texts, About: "its arguments"},
	{Name: "dir", Type: Text, About: "folder in the workspace to run in; the workspace unless given"},
	{Name: "env", Type: TextMap, About: "variables, beside the environment and the workspace's .env"},
	{Name: "stdin", Type: Text, About: "text given on standard input"},
	{Name: "exit", Type: Integer, About: "exit code; 0 unless given"},
	{Name: "stdout_contains", Type: Texts, About: "each of these is in the output"},
	{Name: "stdout_equals", Type: Text, About: "the output, white space at its ends aside"},
	{Name: "stdout_matches", Type: Text, About: "a regular expression (RE2) that the output matches"},
	{Name: "within", Type: Seconds, About: "wall-clock limit; 60s unless given"},
	{Name: "output_limit", Type: Integer, About: "bytes of output allowed; 1048576 unless given"},
}

func validProcess(s spec) error {
	if _, err := regexp.Compile(s.text("stdout_matches")); err != nil {
		return fmt.Errorf("stdout_matches: %w", err)
	}
	if n, ok := s.integer("output_limit"); ok && n <= 0 {
		return errors.New("output_limit must be above 0")
	}
	if !local(s.text("dir")) {
		return errors.New("dir must be a folder inside the workspace")
	}
	return nil
}

// local says whether a path stays inside the workspace. Empty does.
func local(path string) bool { return path == "" || filepath.IsLocal(filepath.FromSlash(path)) }

func runProcess(ctx context.Context, in input) outcome {
	s := in.spec
	line := strings.Join(append([]string{s.text("command")}, s.texts("args")...), " ")
	out := outcome{on: "`" + line + "` in " + filepath.Join(in.env.Workspace().Dir, s.text("dir"))}
	limit := s.duration("within", time.Minute)
	want, _ := s.integer("exit")
	out.expected = processExpectation(s, want)

	run, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, err := execute(run, in)
	switch {
	case ctx.Err() != nil:
		return out // Run reports the interruption
	case err != nil:
		out.observed = "it could not be started: " + startTrouble(err)
		out.cause = "the program is not installed, or is not where the check looks"
		out.next = "run `" + line + "` yourself in the workspace"
		return out
	case res.overflow:
		out.observed = fmt.Sprintf("more than %d bytes of output; it was stopped", res.limit)
		out.cause, out.next = "it prints without end, or prints far more than asked", "print the result only"
		return out
	case run.Err() != nil:
		out.observed = fmt.Sprintf("still running after %s; it was stopped", limit)
		out.cause, out.next = "it waits for something, or loops without end", "find what it waits for: input, a lock, a server"
		return out
	case int64(res.code) != want:
		out.observed = fmt.Sprintf("exit %d", res.code)
		if t := lastLine(res.stderr); t != "" {
			out.observed += ": " + t
		}
		out.next = "run `" + line + "` yourself and read its last lines"
		return out
	}
	return judgeOutput(out, s, res)
}

func judgeOutput(out outcome, s spec, res result) outcome {
	text := strings.ReplaceAll(string(res.stdout), "\r\n", "\n")
	shown := fmt.Sprintf("exit %d, ", res.code)
	if t := strings.TrimSpace(text); t == "" {
		shown += "no output"
	} else {
		shown += fmt.Sprintf("printed %q", plain(t, 120))
	}
	out.observed = shown
	for _, part := range s.texts("stdout_contains") {
		if !strings.Contains(text, part) {
			out.cause = fmt.Sprintf("%q is not in the output", part)
			return out
		}
	}
	if s.has("stdout_equals") && strings.TrimSpace(text) != strings.TrimSpace(s.text("stdout_equals")) {
		return out
	}
	if s.has("stdout_matches") && !regexp.MustCompile(s.text("stdout_matches")).MatchString(text) {
		return out
	}
	out.passed = true
	return out
}

func processExpectation(s spec, exit int64) string {
	parts := []string{fmt.Sprintf("exit %d", exit)}
	for _, t := range s.texts("stdout_contains") {
		parts = append(parts, fmt.Sprintf("output with %q", t))
	}
	if s.has("stdout_equals") {
		parts = append(parts, fmt.Sprintf("output %q", s.text("stdout_equals")))
	}
	if s.has("stdout_matches") {
		parts = append(parts, "output that matches "+s.text("stdout_matches"))
	}
	return strings.Join(parts, ", ")
}

// result is how a process ended.
type result struct {
	stdout, stderr []byte
	code           int
	overflow       bool
	limit          int64
}

// execute runs the command in a process group of its own and ends the whole group with it: at the time
// limit, at the output limit, and when the command itself is done but a child of it is not.
func execute(ctx context.Context, in input) (result, error) {
	s, ws := in.spec, in.env.Workspace()
	res := result{limit: 1 << 20}
	if n, ok := s.integer("output_limit"); ok {
		res.limit = n
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout := &capped{left: res.limit, full: cancel}
	stderr := &capped{left: 1 << 16, full: func() {}}

	dir := filepath.Join(ws.Dir, filepath.FromSlash(s.text("dir")))
	command := s.text("command")
	if strings.ContainsAny(command, `/\`) && local(command) {
		command = filepath.Join(dir, filepath.FromSlash(command))
	}
	cmd := exec.CommandContext(ctx, command, s.texts("args")...)
	cmd.Dir = dir
	cmd.Env = environment(ws, s)
	cmd.Stdin = strings.NewReader(s.text("stdin"))
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	// children that keep the output open are not waited for
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return res, err
	}
	err := cmd.Wait()
	_ = killGroup(cmd) // what the command left behind; none is the usual case
	res.stdout, res.stderr, res.overflow = stdout.bytes(), stderr.bytes(), stdout.overflowed()
	res.code = cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return res, err
	}
	return res, nil
}

// environment is the process's own, the workspace's .env, and the spec's, the later ones first in rank.
func environment(ws engine.Workspace, s spec) []string {
	env := os.Environ()
	if b, err := os.ReadFile(ws.Env()); err == nil {
		for line := range strings.Lines(string(b)) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
			if !ok || name == "" || strings.HasPrefix(name, "#") {
				continue
			}
			env = append(env, name+"="+strings.Trim(strings.TrimSpace(value), `"'`))
		}
	}
	extra, _ := s["env"].(map[string]string)
	names := make([]string, 0, len(extra))
	for n := range extra {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		env = append(env, n+"="+extra[n])
	}
	return env
}

// capped keeps the first bytes of a stream and calls full once when there are more.
type capped struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	left int64
	over bool
	full func()
}

// Write implements io.Writer. It never fails: the rest is dropped, so that the process is not blocked
// before it is ended.
func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := min(int64(len(p)), c.left)
	c.buf.Write(p[:keep])
	c.left -= keep
	if keep < int64(len(p)) && !c.over {
		c.over = true
		c.full()
	}
	return len(p), nil
}

func (c *capped) bytes() []byte { c.mu.Lock(); defer c.mu.Unlock(); return bytes.Clone(c.buf.Bytes()) }

func (c *capped) overflowed() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.over }

func startTrouble(err error) string {
	var pe *os.PathError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "there is no such program"
	case errors.As(err, &pe):
		return pe.Err.Error()
	}
	return err.Error()
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
