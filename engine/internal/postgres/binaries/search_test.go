package binaries

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipewright/engine"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]struct {
		version string
		major   int
	}{
		"postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)": {"15.14", 15},
		"postgres (PostgreSQL) 18.3":                           {"18.3", 18},
		"postgres (PostgreSQL) 9.6.24\n":                       {"9.6.24", 9},
		"postgres (PostgreSQL) 19devel":                        {"19devel", 19},
		"postgres (PostgreSQL) 19beta2":                        {"19beta2", 19},
	} {
		version, major, err := ParseVersion(text)
		if err != nil || version != want.version || major != want.major {
			t.Errorf("%q is %q, %d, %v; want %q, %d", text, version, major, err, want.version, want.major)
		}
	}
	if _, _, err := ParseVersion("command not found"); err == nil {
		t.Error("anything is a version")
	}
}

// server puts a folder with programs that answer as a server of that version does.
func server(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range needed {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearchPrefersPathThenTheNewest(t *testing.T) {
	dir := t.TempDir()
	server(t, filepath.Join(dir, "path"), "14.2")
	server(t, filepath.Join(dir, "debian/9.6/bin"), "9.6.24") // too old
	server(t, filepath.Join(dir, "debian/15/bin"), "15.14")
	server(t, filepath.Join(dir, "debian/17/bin"), "17.2")
	server(t, filepath.Join(dir, "configured"), "16.1")
	server(t, filepath.Join(dir, "clients/18/bin"), "18.3")
	if err := os.Remove(filepath.Join(dir, "clients/18/bin/postgres")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "links"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho " + filepath.Join(dir, "configured") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "links/pg_config"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "path/postgres"), filepath.Join(dir, "links/postgres")); err != nil {
		t.Fatal(err)
	}
	old := places
	t.Cleanup(func() { places = old })
	places = []place{{"Debian", filepath.Join(dir, "debian/*/bin")}, {"clients", filepath.Join(dir, "clients/*/bin")}}
	t.Setenv("PATH", strings.Join([]string{filepath.Join(dir, "links"), filepath.Join(dir, "path"), "/bin", "relative"}, ":"))

	var got []string
	for _, set := range Search(t.Context()) {
		if strings.HasPrefix(set.Dir, dir) {
			got = append(got, set.Source+" "+set.Version)
		}
	}
	want := "PATH 14.2, pg_config 16.1, Debian 17.2, Debian 15.14"
	if strings.Join(got, ", ") != want {
		t.Errorf("found %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestAFolderWithoutAServerIsTold(t *testing.T) {
	_, err := At(t.Context(), t.TempDir())
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Unavailable || !strings.Contains(e.What, "no postgres") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnArchiveCannotLeaveItsFolder(t *testing.T) {
	for _, head := range []tar.Header{
		{Name: "../evil", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "/etc/evil", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "lib/link", Typeflag: tar.TypeSymlink, Linkname: "../../evil"},
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&head); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := untar(t.Context(), &b, dir); err == nil {
			t.Errorf("%s → %q was unpacked", head.Name, head.Linkname)
		}
	}
}

func TestPlatform(t *testing.T) {
	for _, c := range []struct {
		goos, arch string
		alpine     bool
		want       string
	}{
		{"linux", "amd64", false, "linux-amd64"},
		{"linux", "arm64", false, "linux-arm64v8"},
		{"linux", "amd64", true, "linux-amd64-alpine"},
		{"darwin", "arm64", false, "darwin-arm64v8"},
		{"darwin", "amd64", false, "darwin-amd64"},
	} {
		if got := platform(c.goos, c.arch, c.alpine); got != c.want {
			t.Errorf("platform(%s, %s, %v) is %s, want %s", c.goos, c.arch, c.alpine, got, c.want)
		}
	}
}
