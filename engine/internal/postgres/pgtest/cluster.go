//go:build unix

package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/cluster"
)

// DSNVariable names the environment variable with the address of a server for tests. Its user must be
// allowed to create databases.
const DSNVariable = "PIPEWRIGHT_TEST_DSN"

// settings of a server that holds nothing worth keeping. Tests about durability start their own.
const settings = `fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
max_connections = 300
shared_buffers = 128MB
lc_messages = 'C'
`

const folderPrefix = "pipewright-test-"

// Cluster is a server for tests, in a temporary folder.
type Cluster struct {
	DSN     string // of a superuser, in the database postgres
	Dir     string
	leash   io.Closer // closing it has the watchdog end the server and remove the folder
	waiting *exec.Cmd
}

// StartCluster starts a server for tests. It ends when Stop is called or this process is gone, even by
// kill -9.
func StartCluster(ctx context.Context) (*Cluster, error) {
	account, err := cluster.ServerAccount()
	if err != nil {
		return nil, err
	}
	set, err := serverBinaries(ctx, account)
	if err != nil {
		return nil, err
	}
	dir, lock, err := folder(account)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }()
	data := filepath.Join(dir, "data")
	password := rand.Text()
	err = cluster.Init(ctx, cluster.New{
		Set: set, Account: account, Data: data, User: "postgres", Password: password, Settings: settings, NoSync: true,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for try := 0; ; try++ {
		port, err := freePort()
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		p, err := cluster.Start(ctx, cluster.Launch{Set: set, Account: account, Data: data, Log: filepath.Join(dir, cluster.LogName), Port: port})
		if errors.Is(err, cluster.ErrPortTaken) && try < 5 {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, cluster.Stop(context.WithoutCancel(ctx), data, time.Second), os.RemoveAll(dir))
		}
		c := &Cluster{Dir: dir, DSN: fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", password, port)}
		if err := c.watch(p.PID); err != nil {
			return nil, errors.Join(err, cluster.Stop(context.WithoutCancel(ctx), data, time.Second), os.RemoveAll(dir))
		}
		return c, nil
	}
}

// watchdog waits for its standard input to close, which it does when the test process ends in any way,
// then ends the server and removes the folder. $1 is the server's pid, $2 the folder.
const watchdog = `cat >/dev/null
kill -QUIT "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf -- "$2"`

// watch starts the watchdog, in a session of its own so that ctrl-c does not reach it, and holding its
// lock on the folder.
func (c *Cluster) watch(pid int) error {
	lock, err := os.OpenFile(filepath.Join(c.Dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	// Open in the watchdog as file 3, so that the lock is held for as long as it lives.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", watchdog, "pipewright-test-watchdog", strconv.Itoa(pid), c.Dir)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.leash, c.waiting = leash, cmd
	return nil
}

// Stop ends the server and removes its folder.
func (c *Cluster) Stop() error {
	return errors.Join(c.leash.Close(), c.waiting.Wait())
}

// serverBinaries are this machine's, or downloaded ones where the account can run them.
func serverBinaries(ctx context.Context, account cluster.Account) (binaries.Set, error) {
	for _, set := range binaries.Search(ctx) {
		if account.Works(ctx, set.Program("postgres"), "/") == nil {
			return set, nil
		}
	}
	caches := []string{}
	if cache, err := binaries.UserCache(); err == nil {
		caches = append(caches, cache)
	}
	if account.Drop {
		caches = append(caches, binaries.SharedCaches...)
	}
	caches = append(caches, filepath.Join(os.TempDir(), "pipewright-cache-"+strconv.Itoa(os.Geteuid())))
	var last error
	for _, cache := range caches {
		if err := account.Reach(cache); err != nil {
			last = err
			continue
		}
		f := binaries.Fetcher{Cache: cache, Release: binaries.Default()}
		if _, ok := f.Installed(ctx); !ok {
			fmt.Fprintln(os.Stderr, "pgtest: no PostgreSQL is installed; downloading one to "+cache)
		}
		set, err := f.Fetch(ctx)
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

// folder makes a temporary folder that the account can reach, held by a lock, and removes what a
// process left whose watchdog was killed as well.
func folder(account cluster.Account) (string, io.Closer, error) {
	var last error
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if err := account.Reach(parent); err != nil {
			last = err
			continue
		}
		sweep(parent)
		dir, err := os.MkdirTemp(parent, folderPrefix)
		if err != nil {
			last = err
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = syscall.Flock(int(lock.Fd()), syscall.LOCK_SH)
		}
		if err == nil {
			err = errors.Join(os.Chmod(dir, 0o711), account.Own(filepath.Join(dir)))
		}
		if err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(dir))
		}
		return dir, lock, nil
	}
	return "", nil, last
}

// sweep removes our folders that nobody holds any more, with the servers in them.
func sweep(parent string) {
	dirs, err := filepath.Glob(filepath.Join(parent, folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, "lock")
		if _, err := os.Stat(path); err != nil {
			continue // not made by us, or being made
		}
		lock := flock.New(path, flock.SetFlag(os.O_RDWR))
		if ok, err := lock.TryLock(); err != nil || !ok {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := errors.Join(
			cluster.Stop(ctx, filepath.Join(dir, "data"), time.Second),
			cluster.Stop(ctx, workspaceData(filepath.Join(dir, workspaceName)), time.Second))
		if err == nil {
			_ = os.RemoveAll(dir)
		}
		cancel()
		_ = lock.Unlock()
	}
}

func freePort() (int, error) {
	for range 100 {
		port, err := somePort()
		if err != nil {
			return 0, err
		}
		if port != 5432 {
			return port, nil
		}
	}
	return 0, &engine.Error{Kind: engine.Unavailable, What: "no port is free on 127.0.0.1"}
}

// databaseName is a name that no other test process uses, with something of the test's name in it.
func databaseName(test string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, test)
	if len(clean) > 30 {
		clean = clean[:30]
	}
	return "t_" + clean + "_" + strings.ToLower(rand.Text()[:12])
}
