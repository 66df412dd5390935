package tui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A rule says which packages of the module a package may import. Patterns end in /... as go's do.
type rule struct {
	pkg string
	may []string
}

// The house: first match wins. {} stands for the one path element that the pattern's own {} matched.
var house = []rule{
	{".", []string{"tui", "tui/cli"}},
	{"engine", nil},
	{"engine/lab/...", []string{"engine/..."}},
	{"engine/internal/{}/...", []string{"engine", "engine/internal/{}/..."}},
	{"engine/{}/...", []string{"engine", "engine/{}/..."}},
	{"sessions/...", []string{"engine", "engine/check", "fixtures", "sessions/..."}},
	{"fixtures/...", []string{"fixtures/..."}},
	{"tui/cli/...", []string{"engine", "engine/lab", "sessions", "fixtures", "tui/cli/..."}},
	{"tui/theme", primitives}, {"tui/keys", primitives}, {"tui/layout", primitives}, {"tui/widget", primitives},
	{"tui/measure", nil},
	{"tui", []string{"engine", "engine/lab", "sessions", "fixtures", "views/...", "tui/..."}},
	{"views", append([]string{"engine", "sessions", "views/..."}, primitives...)},
	{"views/{}/...", append([]string{"engine", "sessions", "views/{}/..."}, primitives...)},
}

var primitives = []string{"tui/theme", "tui/keys", "tui/layout", "tui/widget"}

// Rooms that draw nothing: no charm library may be reached from them, however far down.
var undrawn = []string{"engine/...", "sessions/...", "fixtures/...", "tui/cli/..."}

const module = "pipewright"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	GoFiles    []string
	CgoFiles   []string
}

func list(t *testing.T, overlay string) []pkg {
	t.Helper()
	args := []string{"list", "-json=ImportPath,Imports,Deps,GoFiles,CgoFiles"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = ".."
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func inside(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// match reports whether path fits pattern, and what stood at {}.
func match(pattern, path string) (string, bool) {
	open := strings.HasSuffix(pattern, "/...")
	want := strings.Split(strings.TrimSuffix(pattern, "/..."), "/")
	have := strings.Split(path, "/")
	if len(have) < len(want) || !open && len(have) != len(want) {
		return "", false
	}
	hole := ""
	for i, w := range want {
		if w == "{}" {
			hole = have[i]
		} else if w != have[i] {
			return "", false
		}
	}
	return hole, true
}

func fits(patterns []string, hole, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		_, ok := match(strings.ReplaceAll(p, "{}", hole), path)
		return ok
	})
}

func charm(path string) bool {
	return strings.HasPrefix(path, "charm.land/") || strings.HasPrefix(path, "github.com/charmbracelet/") ||
		strings.HasPrefix(path, "github.com/NimbleMarkets/")
}

// violations lists each import that the house forbids.
func violations(all []pkg) []string {
	var out []string
	for _, p := range all {
		if len(p.GoFiles)+len(p.CgoFiles) == 0 {
			continue // tests only
		}
		here, _ := inside(p.ImportPath)
		if fits(undrawn, "", here) {
			for _, d := range p.Deps {
				if charm(d) {
					out = append(out, fmt.Sprintf("%s draws: it reaches %s", here, d))
				}
			}
		}
		out = append(out, forbidden(p, here)...)
	}
	return out
}

func forbidden(p pkg, here string) []string {
	for _, r := range house {
		hole, ok := match(r.pkg, here)
		if !ok {
			continue
		}
		var out []string
		for _, imp := range p.Imports {
			if to, ours := inside(imp); ours && !fits(r.may, hole, to) {
				out = append(out, fmt.Sprintf("%s may not import %s", here, to))
			}
		}
		return out
	}
	return []string{here + " has no place in the house: add a rule or move it"}
}

func TestPackagesImportDownwardsOnly(t *testing.T) {
	for _, v := range violations(list(t, "")) {
		t.Error(v)
	}
}

// A rule that cannot fail proves nothing: each planted file must be found.
func TestPlantedViolationsAreFound(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, source, want string }{
		{"views/load/planted.go", "package load\nimport _ \"pipewright/engine/lab\"\n", "views/load may not import engine/lab"},
		{"views/load/planted.go", "package load\nimport _ \"pipewright/views/lesson\"\n", "views/load may not import views/lesson"},
		{"engine/load/planted.go", "package load\nimport _ \"pipewright/sessions\"\n", "engine/load may not import sessions"},
		{"engine/internal/duck/planted.go", "package duck\nimport _ \"pipewright/engine/internal/postgres\"\n", "engine/internal/duck may not import engine/internal/postgres"},
		{"engine/planted.go", "package engine\nimport _ \"pipewright/fixtures\"\n", "engine may not import fixtures"},
		{"sessions/planted.go", "package sessions\nimport _ \"charm.land/bubbletea/v2\"\n", "sessions draws: it reaches charm.land/bubbletea/v2"},
		{"tui/cli/planted.go", "package cli\nimport _ \"charm.land/bubbletea/v2\"\n", "tui/cli draws: it reaches charm.land/bubbletea/v2"},
		{"utilities/planted.go", "package utilities\n", "utilities has no place in the house: add a rule or move it"},
	} {
		t.Run(c.want, func(t *testing.T) {
			dir := t.TempDir()
			real := filepath.Join(dir, "planted.go")
			overlay := filepath.Join(dir, "overlay.json")
			doc, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, c.file): real}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(real, []byte(c.source), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(overlay, doc, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := violations(list(t, overlay)); !slices.Contains(got, c.want) {
				t.Fatalf("not found; found %q", got)
			}
		})
	}
}

// The top level is part of the design: a new name there is a decision, not an accident.
func TestTheTopLevelIsFixed(t *testing.T) {
	allowed := []string{"tui", "engine", "views", "sessions", "fixtures", "main.go", "go.mod", "go.sum", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "bin"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s has no place at the top level", e.Name())
		}
	}
}
