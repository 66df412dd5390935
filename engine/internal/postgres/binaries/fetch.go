package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"pipewright/engine"
)

// Fetcher brings a release into a cache folder. Several processes may use the same cache at once: one
// downloads and the others wait for it.
type Fetcher struct {
	Cache   string // folder of all releases; made when it is missing
	Release Release
	Client  *http.Client // nil means one with sensible time limits
	// OnProgress hears of the stages "download" (bytes), "verify" and "unpack" (bytes), and "wait"
	// while another process is at it. It must not block. It may be nil.
	OnProgress func(engine.Progress)
}

// Installed gives the release if the cache already holds it. It touches nothing.
func (f Fetcher) Installed(ctx context.Context) (Set, bool) {
	set, err := At(ctx, filepath.Join(f.Cache, f.Release.Name(), "bin"))
	if err != nil {
		return Set{}, false
	}
	set.Source = "downloaded"
	return set, true
}

// Fetch gives the release's binaries, and downloads and unpacks them first when the cache does not hold
// them. A download that broke off goes on where it stopped. Errors are *engine.Error of kind Unavailable.
func (f Fetcher) Fetch(ctx context.Context) (Set, error) {
	if set, ok := f.Installed(ctx); ok {
		return set, nil
	}
	if f.Release.Repository == "" {
		return Set{}, &engine.Error{
			Kind: engine.Unavailable, What: "no address is known to download PostgreSQL from",
			Next: "install PostgreSQL, or name a mirror in " + RepositoryVariable,
		}
	}
	if err := os.MkdirAll(f.Cache, 0o755); err != nil {
		return Set{}, f.cacheError(err)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return Set{}, err
	}
	defer unlock()
	if set, ok := f.Installed(ctx); ok {
		return set, nil // the process that we waited for brought it
	}
	archive := filepath.Join(f.Cache, f.Release.Name()+".jar")
	if err := f.download(ctx, archive); err != nil {
		return Set{}, err
	}
	if err := f.unpack(ctx, archive); err != nil {
		return Set{}, err
	}
	if err := os.Remove(archive); err != nil {
		return Set{}, f.cacheError(err)
	}
	set, err := At(ctx, filepath.Join(f.Cache, f.Release.Name(), "bin"))
	set.Source = "downloaded"
	return set, err
}

// lock keeps other processes out of the release's files. It waits for one that is at work.
func (f Fetcher) lock(ctx context.Context) (func(), error) {
	path := filepath.Join(f.Cache, f.Release.Name()+".lock")
	lock := flock.New(path, flock.SetPermissions(0o644))
	ok, err := lock.TryLock()
	if err == nil && !ok {
		f.report(engine.Progress{Stage: "wait"})
		_, err = lock.TryLockContext(ctx, 50*time.Millisecond)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		return nil, f.cacheError(err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// download leaves the verified archive at path. A wrong digest costs the part that was there before
// and one more try from the first byte.
func (f Fetcher) download(ctx context.Context, path string) error {
	part := path + ".part"
	want, err := f.digest(ctx)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if err := f.receive(ctx, part); err != nil {
			return err
		}
		got, err := digestOf(part)
		if err != nil {
			return f.cacheError(err)
		}
		f.report(engine.Progress{Stage: "verify"})
		if got == want {
			break
		}
		if err := os.Remove(part); err != nil {
			return f.cacheError(err)
		}
		if try > 0 {
			return &engine.Error{
				Kind: engine.Unavailable, Where: f.Release.URL(),
				What: "the download of PostgreSQL " + f.Release.Version + " is not the published file: its SHA-256 is " + short(got) + ", expected " + short(want),
				Next: "try again later, or install PostgreSQL",
			}
		}
	}
	if err := os.Rename(part, path); err != nil {
		return f.cacheError(err)
	}
	return nil
}

// receive completes the file at part. What is there already is kept, if the server can go on from it.
func (f Fetcher) receive(ctx context.Context, part string) error {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return f.cacheError(err)
	}
	defer func() { _ = out.Close() }()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return f.cacheError(err)
	}
	resp, err := f.get(ctx, f.Release.URL(), have)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusPartialContent:
	case http.StatusRequestedRangeNotSatisfiable:
		return nil // it is all there; the digest decides
	case http.StatusOK:
		have = 0
		if err := out.Truncate(0); err != nil {
			return f.cacheError(err)
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return f.cacheError(err)
		}
	default:
		return &engine.Error{
			Kind: engine.Unavailable, Where: f.Release.URL(),
			What: "PostgreSQL " + f.Release.Version + " for " + f.Release.Platform + " cannot be downloaded: " + resp.Status,
			Next: "install PostgreSQL, or give the address of a server with --dsn",
		}
	}
	total := int64(0)
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	meter := f.meter("download", have, total)
	n, err := io.Copy(io.MultiWriter(out, meter), resp.Body)
	if err != nil {
		return f.receiveError(ctx, have+n, total, err)
	}
	meter.flush()
	if err := out.Sync(); err != nil {
		return f.cacheError(err)
	}
	return nil
}

// get asks for url from byte offset on.
func (f Fetcher) get(ctx context.Context, url string, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &engine.Error{Kind: engine.Unavailable, Where: url, What: "this is no address to download from", Err: err}
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := f.client().Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		return nil, &engine.Error{
			Kind: engine.Unavailable, Where: req.URL.Host, Err: err,
			What: "PostgreSQL is not installed here and cannot be downloaded: " + cause(err),
			Next: "check the network and try again, install PostgreSQL, or give the address of a server with --dsn",
		}
	}
	return resp, nil
}

// client has no limit on the whole download, only on getting an answer.
func (f Fetcher) client() *http.Client {
	if f.Client != nil {
		return f.Client
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultClient
	}
	own := transport.Clone()
	own.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{Transport: own}
}

// digest is the SHA-256 that the archive must have: the known one, else the one published beside it.
func (f Fetcher) digest(ctx context.Context) (string, error) {
	if f.Release.SHA256 != "" {
		return f.Release.SHA256, nil
	}
	url := f.Release.URL() + ".sha256"
	resp, err := f.get(ctx, url, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	sum, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if raw, bad := hex.DecodeString(sum); resp.StatusCode != http.StatusOK || err != nil || bad != nil || len(raw) != sha256.Size {
		return "", &engine.Error{
			Kind: engine.Unavailable, Where: url, Err: err,
			What: "PostgreSQL " + f.Release.Version + " for " + f.Release.Platform + " has no published checksum: " + resp.Status,
			Next: "install PostgreSQL, or give the address of a server with --dsn",
		}
	}
	return sum, nil
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func short(sum string) string {
	if len(sum) > 12 {
		return sum[:12] + "…"
	}
	return sum
}

// receiveError tells a broken connection from a full disk.
func (f Fetcher) receiveError(ctx context.Context, done, total int64, err error) error {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return f.cacheError(err)
	}
	what := fmt.Sprintf("the download of PostgreSQL broke off after %d bytes", done)
	if total > 0 {
		what = fmt.Sprintf("the download of PostgreSQL broke off after %d of %d bytes", done, total)
	}
	return &engine.Error{Kind: engine.Unavailable, Where: f.Release.URL(), What: what, Next: "try again: it goes on from there", Err: err}
}

// cacheError says why the cache folder cannot be written.
func (f Fetcher) cacheError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &engine.Error{
			Kind: engine.Unavailable, Where: f.Cache, Err: err,
			What: "the disk is full, PostgreSQL needs 100 MB there", Next: "free some space and try again",
		}
	}
	return &engine.Error{
		Kind: engine.Unavailable, Where: f.Cache, Err: err,
		What: "the cache folder for PostgreSQL cannot be written: " + cause(err),
		Next: "name another folder in XDG_CACHE_HOME, or install PostgreSQL",
	}
}

func interrupted(ctx context.Context) error {
	return &engine.Error{Kind: engine.Interrupted, What: "the download of PostgreSQL was stopped", Next: "try again: it goes on from there", Err: context.Cause(ctx)}
}

// cause is the innermost error's text: the outer ones repeat what the sentence says.
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func (f Fetcher) report(p engine.Progress) {
	if f.OnProgress != nil {
		f.OnProgress(p)
	}
}
