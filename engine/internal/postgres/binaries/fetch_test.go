package binaries

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pipewright/engine"
)

// packed is a server of two shell scripts, a file and a link, packed as the real one is: made with
// tar -cJf from bin/postgres, bin/initdb, lib/libpq.so.5.18 and lib/libpq.so.5.
//
//go:embed testdata/server.txz
var packed []byte

// published is an archive as the repository has it, padded so that there is something to break off.
var published = sync.OnceValues(func() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range map[string][]byte{"META-INF/MANIFEST.MF": padding(), "postgres-linux-x86_64.txz": packed} {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
})

func padding() []byte { return bytes.Repeat([]byte("Manifest-Version: 1.0\n"), 10000) }

// repository serves the archive, with faults.
type repository struct {
	archive  []byte
	requests atomic.Int32
	ranges   atomic.Int32
	handle   func(w http.ResponseWriter, r *http.Request, archive []byte) // nil serves it as it is
	gate     chan struct{}                                                // when set, answers wait for it
	asked    chan struct{}                                                // when set, each request is told here
}

func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.requests.Add(1)
	if r.asked != nil {
		r.asked <- struct{}{}
	}
	if req.Header.Get("Range") != "" {
		r.ranges.Add(1)
	}
	if r.gate != nil {
		<-r.gate
	}
	if r.handle != nil {
		r.handle(w, req, r.archive)
		return
	}
	http.ServeContent(w, req, "postgres.jar", time.Time{}, bytes.NewReader(r.archive))
}

// serve gives a fetcher into an empty cache from a local repository.
func serve(t *testing.T, repo *repository) Fetcher {
	t.Helper()
	archive, err := published()
	if err != nil {
		t.Fatal(err)
	}
	repo.archive = archive
	server := httptest.NewServer(repo)
	t.Cleanup(server.Close)
	release := Default()
	release.Repository = server.URL
	digest := sha256.Sum256(archive)
	release.SHA256 = hex.EncodeToString(digest[:])
	return Fetcher{Cache: filepath.Join(t.TempDir(), "cache"), Release: release}
}

func TestTheLibraryStillSaysWhereItDownloads(t *testing.T) {
	t.Setenv(RepositoryVariable, "")
	r := Default()
	if !strings.HasPrefix(r.Repository, "https://") || strings.HasSuffix(r.Repository, "/") {
		t.Errorf("the repository is %q", r.Repository)
	}
	if r.SHA256 == "" {
		t.Errorf("no digest is known of %s", r.Name())
	}
	t.Setenv(RepositoryVariable, "http://mirror.example/maven/")
	if got := Default().Repository; got != "http://mirror.example/maven" {
		t.Errorf("the mirror is %q", got)
	}
}

func TestFetchUnpacksAndIsDoneOnce(t *testing.T) {
	t.Parallel()
	repo := &repository{}
	f := serve(t, repo)
	stages := map[string]engine.Progress{}
	f.OnProgress = func(p engine.Progress) { stages[p.Stage] = p }
	set, err := f.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if set.Major != f.Release.Major() || !strings.HasPrefix(f.Release.Version, set.Version) {
		t.Errorf("the binaries are of %s, want %s", set.Version, f.Release.Version)
	}
	for _, stage := range []string{"download", "unpack"} {
		if p := stages[stage]; p.Done == 0 || p.Done != p.Total || p.Unit != "bytes" {
			t.Errorf("the last progress of %s is %+v", stage, p)
		}
	}
	again, err := f.Fetch(t.Context())
	if err != nil || again != set {
		t.Errorf("the second fetch gives %+v, %v", again, err)
	}
	if n := repo.requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	if target, err := os.Readlink(filepath.Join(set.Dir, "../lib/libpq.so.5")); err != nil || target != "libpq.so.5.18" {
		t.Errorf("the link points to %q (%v)", target, err)
	}
	left, err := os.ReadDir(f.Cache)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if entry.Name() != f.Release.Name() && entry.Name() != f.Release.Name()+".lock" {
			t.Errorf("%s was left in the cache", entry.Name())
		}
	}
}

func TestABrokenDownloadGoesOn(t *testing.T) {
	t.Parallel()
	const cut = 100_000
	repo := &repository{}
	repo.handle = func(w http.ResponseWriter, r *http.Request, archive []byte) {
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", strconv.Itoa(len(archive)))
			_, _ = w.Write(archive[:cut]) // and then the connection breaks
			return
		}
		http.ServeContent(w, r, "postgres.jar", time.Time{}, bytes.NewReader(archive))
	}
	f := serve(t, repo)
	_, err := f.Fetch(t.Context())
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Unavailable || !strings.Contains(e.What, "broke off after 100000 of") {
		t.Fatalf("a broken download gives %v", err)
	}
	first := int64(-1)
	f.OnProgress = func(p engine.Progress) {
		if p.Stage == "download" && first < 0 {
			first = p.Done
		}
	}
	if _, err := f.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first != cut || repo.ranges.Load() != 1 {
		t.Errorf("the second try begins at byte %d with %d range requests, want %d and 1", first, repo.ranges.Load(), cut)
	}
}

func TestADamagedPartIsFetchedAnew(t *testing.T) {
	t.Parallel()
	repo := &repository{}
	f := serve(t, repo)
	if err := os.MkdirAll(f.Cache, 0o755); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(f.Cache, f.Release.Name()+".jar.part")
	if err := os.WriteFile(part, bytes.Repeat([]byte("x"), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := repo.requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2: the rest, then all of it", n)
	}
}

func TestWhatIsNotTheArchiveIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handle func(w http.ResponseWriter, r *http.Request, archive []byte)
		want   string
	}{
		"another file": {func(w http.ResponseWriter, _ *http.Request, archive []byte) {
			_, _ = w.Write(append([]byte("x"), archive[1:]...))
		}, "is not the published file"},
		"no such file": {func(w http.ResponseWriter, r *http.Request, _ []byte) { http.NotFound(w, r) }, "404"},
		"a sign-in page": {func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			_, _ = w.Write([]byte("<html>please sign in</html>"))
		}, "is not the published file"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, &repository{handle: c.handle})
			_, err := f.Fetch(t.Context())
			var e *engine.Error
			if !errors.As(err, &e) || e.Kind != engine.Unavailable || !strings.Contains(e.Error(), c.want) || e.Next == "" {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
			if _, ok := f.Installed(t.Context()); ok {
				t.Error("something was installed")
			}
		})
	}
}

func TestAPublishedChecksumIsUsedWhereNoneIsKnown(t *testing.T) {
	t.Parallel()
	repo := &repository{}
	sum := ""
	repo.handle = func(w http.ResponseWriter, r *http.Request, archive []byte) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			_, _ = io.WriteString(w, sum)
			return
		}
		http.ServeContent(w, r, "postgres.jar", time.Time{}, bytes.NewReader(archive))
	}
	f := serve(t, repo)
	f.Release.SHA256 = ""
	if _, err := f.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "no published checksum") {
		t.Errorf("without any checksum: %v", err)
	}
	digest := sha256.Sum256(repo.archive)
	sum = hex.EncodeToString(digest[:]) + "  postgres.jar\n"
	if _, err := f.Fetch(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTwoFetchersDownloadOnce(t *testing.T) {
	t.Parallel()
	repo := &repository{gate: make(chan struct{}), asked: make(chan struct{}, 8)}
	f := serve(t, repo)
	waiting := make(chan struct{})
	first, second := f, f
	var once sync.Once
	second.OnProgress = func(p engine.Progress) {
		if p.Stage == "wait" {
			once.Do(func() { close(waiting) })
		}
	}
	var wg sync.WaitGroup
	fetch := func(f Fetcher) {
		if _, err := f.Fetch(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Go(func() { fetch(first) })
	<-repo.asked // so the first holds the lock
	wg.Go(func() { fetch(second) })
	<-waiting
	close(repo.gate)
	wg.Wait()
	if n := repo.requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestAStoppedDownloadSaysSo(t *testing.T) {
	t.Parallel()
	repo := &repository{gate: make(chan struct{})}
	f := serve(t, repo)
	ctx, cancel := context.WithCancel(t.Context())
	f.OnProgress = func(engine.Progress) {}
	done := make(chan error, 1)
	go func() {
		_, err := f.Fetch(ctx)
		done <- err
	}()
	cancel()
	err := <-done
	close(repo.gate)
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Interrupted {
		t.Errorf("the error is %v", err)
	}
}

func TestAnUnreachableRepositoryIsTold(t *testing.T) {
	t.Parallel()
	f := Fetcher{Cache: t.TempDir(), Release: Default()}
	f.Release.Repository = "http://127.0.0.1:1"
	_, err := f.Fetch(t.Context())
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Unavailable || !strings.Contains(e.What, "refused") || e.Next == "" {
		t.Errorf("the error is %v", err)
	}
}

func TestACacheThatIsAFileIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Fetcher{Cache: filepath.Join(path, "cache"), Release: Default()}.Fetch(t.Context())
	var e *engine.Error
	if !errors.As(err, &e) || !strings.Contains(e.What, "cannot be written") {
		t.Errorf("the error is %v", err)
	}
}
