//go:build unix

package postgres

import (
	"context"
	"fmt"
	"os"
	"strings"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/cluster"
)

// choose finds the binaries to start the server with: of the given major version when the data folder
// has one, runnable by the account. It downloads them when none are here.
func (s *Server) choose(ctx context.Context, account cluster.Account, major int) (binaries.Set, error) {
	if dir := s.o.Binaries; dir != "" && dir != Download {
		set, err := binaries.At(ctx, dir)
		if err != nil {
			return binaries.Set{}, err
		}
		if major != 0 && set.Major != major {
			return binaries.Set{}, mismatch(major, []binaries.Set{set})
		}
		return set, nil
	}
	var here []binaries.Set
	if s.o.Binaries == "" {
		s.say("search", "PostgreSQL: looking for its server on this machine …")
		here = binaries.Search(ctx)
		for _, set := range here {
			if (major == 0 || set.Major == major) && account.Works(ctx, set.Program("postgres"), "/") == nil {
				return set, nil
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return binaries.Set{}, notWaited(ctx)
	}
	release := binaries.Default()
	if major != 0 && release.Major() != major {
		here = append(here, binaries.Set{Version: release.Version, Major: release.Major(), Source: "to download"})
		return binaries.Set{}, mismatch(major, here)
	}
	return s.fetch(ctx, account, release)
}

// mismatch says that a data folder cannot be started by the binaries that there are.
func mismatch(major int, here []binaries.Set) error {
	names := make([]string, 0, len(here))
	for _, set := range here {
		name := set.Version
		if set.Source != "" {
			name += " (" + set.Source + ")"
		}
		names = append(names, name)
	}
	return &engine.Error{
		Kind: engine.Unavailable,
		What: fmt.Sprintf("the data folder was made by PostgreSQL %d, and here there is %s; a server reads the data of its own major version only, and nothing was changed",
			major, strings.Join(names, ", ")),
		Next: fmt.Sprintf("install PostgreSQL %d, or dump the data with it and start anew: pipewright db reset deletes it", major),
	}
}

// fetch downloads the release into the first cache that can be written and that the account reaches.
func (s *Server) fetch(ctx context.Context, account cluster.Account, release binaries.Release) (binaries.Set, error) {
	caches, last := s.caches(account)
	for _, cache := range caches { // before anything is downloaded: another cache may have it
		f := binaries.Fetcher{Cache: cache, Release: release}
		if set, ok := f.Installed(ctx); ok && account.Reach(cache) == nil && account.Works(ctx, set.Program("postgres"), "/") == nil {
			return set, nil
		}
	}
	for _, cache := range caches {
		if err := account.Reach(cache); err != nil {
			last = err
			continue
		}
		if account.Drop {
			if err := publicFolder(cache); err != nil {
				last = err
				continue
			}
		}
		f := binaries.Fetcher{Cache: cache, Release: release, OnProgress: func(p engine.Progress) {
			s.progress(p, fetchSentence(release, p))
		}}
		s.say("download", "PostgreSQL is not installed here; downloading "+release.Version+" once …")
		set, err := f.Fetch(ctx)
		if ctx.Err() != nil {
			return binaries.Set{}, notWaited(ctx)
		}
		if err != nil && asError(err).Where != cache {
			return binaries.Set{}, err // not a matter of the folder: another one would not help
		}
		if err == nil {
			err = account.Works(ctx, set.Program("postgres"), "/")
		}
		if err == nil {
			return set, nil
		}
		last = err
	}
	return binaries.Set{}, last
}

// caches are the folders for downloads, in order of preference. The error stands for what is missing
// when there are none.
func (s *Server) caches(account cluster.Account) ([]string, error) {
	var caches []string
	var err error
	if s.o.Cache != "" {
		caches = append(caches, s.o.Cache)
	} else {
		var cache string
		if cache, err = binaries.UserCache(); err == nil {
			caches = append(caches, cache)
		} else {
			err = &engine.Error{
				Kind: engine.Unavailable, Err: err,
				What: "PostgreSQL is not installed here, and there is no folder to download it into: HOME is not set",
				Next: "set HOME or XDG_CACHE_HOME, install PostgreSQL, or give the address of a server with --dsn",
			}
		}
	}
	if account.Drop {
		caches = append(caches, s.shared...)
	}
	return caches, err
}

// publicFolder makes a folder, and its parent, that the server's account can enter whatever the umask.
func publicFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return workspaceError(dir, err)
	}
	return os.Chmod(dir, 0o755)
}

// fetchSentence says where a download is.
func fetchSentence(r binaries.Release, p engine.Progress) string {
	switch p.Stage {
	case "download":
		if p.Total > 0 {
			return fmt.Sprintf("Downloading PostgreSQL %s: %.1f of %.1f MB …", r.Version, float64(p.Done)/1e6, float64(p.Total)/1e6)
		}
		return fmt.Sprintf("Downloading PostgreSQL %s: %.1f MB …", r.Version, float64(p.Done)/1e6)
	case "verify":
		return "Checking the download of PostgreSQL " + r.Version + " …"
	case "unpack":
		return "Unpacking PostgreSQL " + r.Version + " …"
	case "wait":
		return "Another Pipewright downloads PostgreSQL " + r.Version + "; waiting for it …"
	}
	return "Preparing PostgreSQL " + r.Version + " …"
}
