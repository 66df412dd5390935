package binaries

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pipewright/engine"
)

// OldestMajor is the oldest server that the workbench starts.
const OldestMajor = 12

// Set is one installation of the server binaries.
type Set struct {
	Dir     string // the bin folder, with postgres and initdb
	Version string // as postgres prints it: "15.14"
	Major   int    // 15
	Source  string // where it was found, in a word or two: "PATH", "Debian", "downloaded"
}

// Program is the path of one program of the set.
func (s Set) Program(name string) string { return filepath.Join(s.Dir, name) }

// needed are the programs without which a folder is no server installation.
var needed = []string{"postgres", "initdb"}

// place is a pattern of folders in which packagers put the server.
type place struct{ source, pattern string }

// places lists them in the order in which they are preferred, after PATH and pg_config.
var places = []place{
	{"Debian", "/usr/lib/postgresql/*/bin"},
	{"Homebrew", "/opt/homebrew/opt/postgresql*/bin"},
	{"Homebrew", "/usr/local/opt/postgresql*/bin"},
	{"Homebrew", "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin"},
	{"Postgres.app", "/Applications/Postgres.app/Contents/Versions/*/bin"},
	{"RPM", "/usr/pgsql-*/bin"},
	{"Alpine", "/usr/libexec/postgresql*"},
	{"", "/usr/local/pgsql/bin"},
}

// Search finds every server installation of this machine that can be started, in order of preference:
// PATH, pg_config, then the usual folders, the newest first. Folders that hold clients only, and
// servers older than OldestMajor, are left out.
func Search(ctx context.Context) []Set {
	var found []Set
	seen := map[string]bool{}
	add := func(source, dir string) {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil || seen[real] {
			return
		}
		seen[real] = true
		// PATH often holds links; their target's folder says more, and has the other programs too.
		set, err := At(ctx, filepath.Dir(real))
		if err != nil {
			set, err = At(ctx, dir)
		}
		if err != nil {
			return
		}
		set.Source = source
		found = append(found, set)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			add("PATH", dir)
		}
	}
	if dir := configured(ctx); dir != "" {
		add("pg_config", dir)
	}
	for _, p := range places {
		dirs, err := filepath.Glob(p.pattern)
		if err != nil {
			continue
		}
		slices.SortStableFunc(dirs, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
		for _, dir := range dirs {
			add(p.source, dir)
		}
	}
	return found
}

// configured asks pg_config for its bin folder; empty when there is no pg_config.
func configured(ctx context.Context) string {
	path, err := exec.LookPath("pg_config")
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--bindir").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

var digits = regexp.MustCompile(`\d+`)

// numberIn is the last number in a path, which is the version in all of the usual places.
func numberIn(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, err := strconv.Atoi(all[len(all)-1])
	if err != nil {
		return 0
	}
	return n
}

// At looks at one bin folder. The error is an *engine.Error that says what it lacks.
func At(ctx context.Context, dir string) (Set, error) {
	for _, name := range needed {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() {
			return Set{}, &engine.Error{
				Kind: engine.Unavailable, Where: dir, Err: err,
				What: "there is no " + name + " in this folder",
				Next: "name the bin folder of a PostgreSQL server",
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").CombinedOutput()
	for try := 0; errors.Is(err, syscall.ETXTBSY) && try < 50; try++ {
		// A process that was forked while we unpacked still has the file open, until it execs.
		time.Sleep(10 * time.Millisecond)
		out, err = exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").CombinedOutput()
	}
	if err != nil {
		return Set{}, &engine.Error{
			Kind: engine.Unavailable, Where: filepath.Join(dir, "postgres"), Err: err,
			What: "the server does not start on this machine: " + firstLine(string(out), err),
		}
	}
	version, major, err := ParseVersion(string(out))
	if err != nil {
		return Set{}, &engine.Error{Kind: engine.Unavailable, Where: dir, What: err.Error(), Err: err}
	}
	if major < OldestMajor {
		return Set{}, &engine.Error{
			Kind: engine.Unavailable, Where: dir,
			What: fmt.Sprintf("PostgreSQL %s is too old; %d is the oldest that is driven", version, OldestMajor),
		}
	}
	return Set{Dir: dir, Version: version, Major: major}, nil
}

var versionForm = regexp.MustCompile(`PostgreSQL\)?\s+((\d+)(?:\.\d+|devel|beta\d+|rc\d+)*)`)

// ParseVersion reads "postgres (PostgreSQL) 15.14 (Debian 15.14-0)" as "15.14" and 15. Before 10 the
// major version was two numbers; such a server gives the first of them, which is too old anyway.
func ParseVersion(text string) (version string, major int, err error) {
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return "", 0, fmt.Errorf("%q is no version of PostgreSQL", strings.TrimSpace(text))
	}
	major, err = strconv.Atoi(m[2])
	if err != nil {
		return "", 0, fmt.Errorf("%q is no version of PostgreSQL", m[2])
	}
	return m[1], major, nil
}

// firstLine is the first line of a program's output, or its error when it printed none.
func firstLine(out string, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if line == "" && err != nil {
		return err.Error()
	}
	return line
}
