//go:build unix

package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEnvKeepsEveryOtherByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{
			"A=1", "", "# note", "PGHOST=mine", "export PGPORT=1", "DATABASE_URL=\"postgres://x\"", "  B = 2  ", "C='é'", envBegin, "\r",
		}), 0, 8).Draw(t, "lines")
		theirs := strings.Join(lines, "\n")
		if theirs != "" && rapid.Bool().Draw(t, "ends") {
			theirs += "\n"
		}
		first := mergeEnv(theirs, envBlock(15500, "one"))
		if !strings.HasPrefix(first, theirs) {
			t.Fatalf("%q became %q", theirs, first)
		}
		after := "LATER=1\n"
		second := mergeEnv(first+after, envBlock(15501, "two"))
		if want := strings.Replace(first, envBlock(15500, "one"), envBlock(15501, "two"), 1) + after; second != want {
			t.Fatalf("%q became %q, want %q", first+after, second, want)
		}
		if mergeEnv(second, envBlock(15501, "two")) != second {
			t.Fatal("the same connection changes the file")
		}
	})
}

func TestEnvIsWrittenOnlyWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	if err := os.WriteFile(real, []byte("SECRET=mine\nPGPASSWORD=theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ".env")
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	if err := writeEnv(path, 15500, "p%40ss word"); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if before.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", before.Mode().Perm())
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if err := writeEnv(path, 15500, "p%40ss word"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("the file was written without need")
	}
	if got := envPassword(path); got != "p%40ss word" {
		t.Errorf("the password reads as %q", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "SECRET=mine\nPGPASSWORD=theirs\n") {
		t.Errorf("the file is now %q", text)
	}
	config, err := parseDSN(ownDSN(15500, "p%40ss word/?#@", Database))
	if err != nil || config.Password != "p%40ss word/?#@" {
		t.Errorf("the address does not carry the password: %v", err)
	}
}
