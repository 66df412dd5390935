package binaries

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/xi2/xz"

	"pipewright/engine"
)

// unpack turns the archive (a zip with one .txz in it) into the release's folder. It is unpacked beside
// its place and renamed, so that a half-unpacked one is never seen.
func (f Fetcher) unpack(ctx context.Context, archive string) error {
	temps, err := filepath.Glob(filepath.Join(f.Cache, f.Release.Name()+".new-*"))
	if err == nil {
		for _, dir := range temps { // left by a process that was killed: we hold the lock
			_ = os.RemoveAll(dir)
		}
	}
	temp, err := os.MkdirTemp(f.Cache, f.Release.Name()+".new-")
	if err != nil {
		return f.cacheError(err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := f.unpackInto(ctx, archive, temp); err != nil {
		return err
	}
	err = filepath.WalkDir(temp, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() { // whatever the umask says: the server may run as another account
			err = os.Chmod(path, 0o755)
		}
		return err
	})
	if err != nil {
		return f.cacheError(err)
	}
	place := filepath.Join(f.Cache, f.Release.Name())
	if err := os.RemoveAll(place); err != nil { // binaries that did not answer --version
		return f.cacheError(err)
	}
	if err := os.Rename(temp, place); err != nil {
		return f.cacheError(err)
	}
	return nil
}

func (f Fetcher) unpackInto(ctx context.Context, archive, dir string) error {
	jar, err := zip.OpenReader(archive)
	if err != nil {
		return f.archiveError(err)
	}
	defer func() { _ = jar.Close() }()
	for _, entry := range jar.File {
		if entry.FileInfo().IsDir() || !strings.HasSuffix(entry.Name, ".txz") {
			continue
		}
		packed, err := entry.Open()
		if err != nil {
			return f.archiveError(err)
		}
		defer func() { _ = packed.Close() }()
		meter := f.meter("unpack", 0, int64(entry.UncompressedSize64))
		plain, err := xz.NewReader(io.TeeReader(packed, meter), 0)
		if err != nil {
			return f.archiveError(err)
		}
		if err := untar(ctx, plain, dir); err != nil {
			if ctx.Err() != nil {
				return interrupted(ctx)
			}
			var path *os.PathError
			if errors.As(err, &path) {
				return f.cacheError(err)
			}
			return f.archiveError(err)
		}
		meter.flush()
		return nil
	}
	return f.archiveError(errors.New("there are no binaries in it"))
}

func (f Fetcher) archiveError(err error) error {
	return &engine.Error{
		Kind: engine.Unavailable, Where: f.Release.URL(), Err: err,
		What: "the archive of PostgreSQL cannot be unpacked: " + cause(err),
		Next: "try again, or install PostgreSQL",
	}
}

// untar writes a tar stream below dir, and refuses an entry that would leave it.
func untar(ctx context.Context, r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	in := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Clean(head.Name)
		if !filepath.IsLocal(name) {
			return fmt.Errorf("it holds %q, which lies outside of it", head.Name)
		}
		if err := extract(root, in, head, name); err != nil {
			return err
		}
	}
}

// extract writes one entry of a tar stream.
func extract(root *os.Root, in io.Reader, head *tar.Header, name string) error {
	if parent := filepath.Dir(name); parent != "." {
		if err := root.MkdirAll(parent, 0o755); err != nil {
			return err
		}
	}
	switch head.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		if filepath.IsAbs(head.Linkname) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), head.Linkname)) {
			return fmt.Errorf("its link %q points outside of it", head.Name)
		}
		return root.Symlink(head.Linkname, name)
	case tar.TypeReg:
		mode := os.FileMode(0o644)
		if head.Mode&0o111 != 0 {
			mode = 0o755
		}
		out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			_ = out.Close()
			return err
		}
		if err := out.Chmod(mode); err != nil { // whatever the umask says
			_ = out.Close()
			return err
		}
		return out.Close()
	}
	return nil
}
