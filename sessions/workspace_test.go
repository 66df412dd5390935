package sessions

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipewright/engine"
)

func TestFindWorkspace(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "mine", "src", "deep")
	for _, dir := range []string{deep, filepath.Join(root, "mine", ".pipewright"), filepath.Join(root, "other")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "mine", "src", ".pipewright"), nil, 0o644); err != nil { // a file is no workspace
		t.Fatal(err)
	}
	other := filepath.Join(root, "other")
	for _, c := range []struct{ name, flag, env, cwd, home, want string }{
		{"flag", "/ws", "/env", deep, root, "/ws"},
		{"flag, relative", "here", "", deep, root, filepath.Join(deep, "here")},
		{"flag, home", "~/here", "", deep, root, filepath.Join(root, "here")},
		{"environment", "", "/env/../env2", deep, root, "/env2"},
		{"parent", "", "", deep, root, filepath.Join(root, "mine")},
		{"home", "", "", other, root, filepath.Join(root, "pipewright")},
		{"current folder gone", "", "", "", root, filepath.Join(root, "pipewright")},
	} {
		ws, err := FindWorkspace(c.flag, func(k string) string {
			if k == "PIPEWRIGHT_WORKSPACE" {
				return c.env
			}
			return ""
		}, c.cwd, c.home)
		if err != nil || ws.Dir != c.want {
			t.Errorf("%s: %q %v", c.name, ws.Dir, err)
		}
	}
	none := func(string) string { return "" }
	for _, c := range []struct{ flag, cwd, home string }{{"", other, ""}, {"", other, "relative"}, {"here", "", root}} {
		_, err := FindWorkspace(c.flag, none, c.cwd, c.home)
		var e *engine.Error
		if !errors.As(err, &e) || e.Next == "" || strings.Count(e.Error(), "\n") > 0 {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if names, _ := os.ReadDir(other); len(names) != 0 {
		t.Error("finding a workspace made something")
	}
}

func TestPrepare(t *testing.T) {
	root := t.TempDir()
	ws := engine.Workspace{Dir: filepath.Join(root, "ws")}
	for range 2 {
		if err := Prepare(ws); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{ws.State(), ws.Data(), ws.Reports()} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if left, _ := os.ReadDir(ws.State()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cases := map[string]engine.Workspace{"a file is in the way": {Dir: filepath.Join(file, "ws")}, "cannot be made: a file": {Dir: file}}
	if info, err := os.Stat("/proc/version"); err == nil && info.Mode().IsRegular() {
		cases["cannot be made"] = engine.Workspace{Dir: "/proc/pipewright"}
	}
	if os.Getuid() != 0 {
		locked := filepath.Join(root, "locked")
		if err := os.Mkdir(locked, 0o555); err != nil {
			t.Fatal(err)
		}
		cases["cannot be written to by this user"] = engine.Workspace{Dir: filepath.Join(locked, "ws")}
	}
	for says, ws := range cases {
		err := Prepare(ws)
		var e *engine.Error
		if !errors.As(err, &e) || !strings.Contains(e.What, says) || e.Next == "" {
			t.Errorf("%s: %v", says, err)
		}
	}
}
