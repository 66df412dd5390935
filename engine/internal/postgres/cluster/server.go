//go:build unix

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
)

// Launch says how to start a server.
type Launch struct {
	Set     binaries.Set
	Account Account
	Data    string
	Log     string // its output is appended to this file
	Port    int
	Options []string // further settings as NAME=VALUE, which nothing in the data folder overrides
}

// Process is a server that this process started.
type Process struct {
	PID  int
	done chan struct{}
}

// Done is closed when the server has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Start starts the server as a process of its own, in its own session and without any of our files
// open, and waits until it takes connections. The server outlives us. When ctx ends first, the server
// goes on starting. Errors are *engine.Error; ErrPortTaken, ErrLocked, ErrOrphans and ErrDiskFull tell
// the reason.
func Start(ctx context.Context, l Launch) (*Process, error) {
	log, err := openLog(l.Log)
	if err != nil {
		return nil, folderError(l.Log, err)
	}
	defer func() { _ = log.Close() }()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, folderError(l.Log, err)
	}
	args := []string{
		"-D", l.Data, "-p", strconv.Itoa(l.Port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
	}
	for _, o := range l.Options {
		args = append(args, "-c", o)
	}
	// Not bound to ctx: a cancelled start must not kill a server that is recovering.
	cmd := l.Account.Command(context.WithoutCancel(ctx), l.Data, l.Set.Program("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, failure("", l.Set.Program("postgres"), err, "the server could not be started as "+l.Account.Name)
	}
	p := &Process{PID: cmd.Process.Pid, done: make(chan struct{})}
	var waitErr error
	go func() {
		waitErr = cmd.Wait()
		close(p.done)
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if lock, ok, err := ReadLock(l.Data); err == nil && ok && lock.PID == p.PID && lock.Status == "ready" {
			return p, nil
		}
		select {
		case <-p.done:
			return nil, failure(Tail(l.Log, from), l.Log, waitErr, "the server ended while it started")
		case <-ctx.Done():
			return nil, &engine.Error{
				Kind: engine.Interrupted, What: "the start of PostgreSQL was not waited for", Next: "it goes on; start again to attach to it",
				Err: context.Cause(ctx),
			}
		case <-tick.C:
		}
	}
}

// logLimit is the size from which a log begins anew.
const logLimit = 8 << 20

// openLog opens the log to append to. One that has grown large is kept once, as FILE.1.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// Tail is what was written to a log from offset on, at most its last 64 KB.
func Tail(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil {
		offset = max(offset, info.Size()-64<<10)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err != nil {
		return ""
	}
	return string(text)
}

// LastWords reads the end of a server's log and gives the reason of its death, if the log names one.
func LastWords(log string) error {
	out := Tail(log, 0)
	if at := strings.LastIndex(out, "LOG:  starting PostgreSQL"); at >= 0 {
		out = out[at:] // what came before is of an earlier life
	}
	for _, s := range symptoms {
		if s.reason == ErrDiskFull && containsPanic(out, s.text) {
			return &engine.Error{Kind: engine.Unavailable, Where: log, What: s.what, Next: s.next, Err: s.reason}
		}
	}
	if log != "" && Full(log) {
		return fullError(log)
	}
	return nil
}

// Stop ends the server of data in the fast way: transactions roll back, the data folder is left clean.
// One that does not end is asked for an immediate end after patience. It does nothing when no server of
// that data folder runs, and never signals any other process.
func Stop(ctx context.Context, data string, patience time.Duration) error {
	return end(ctx, data, patience, syscall.SIGINT)
}

func end(ctx context.Context, data string, patience time.Duration, signal syscall.Signal) error {
	lock, ok, err := ReadLock(data)
	if err != nil {
		return folderError(data, err)
	}
	if !ok || lock.Life(data) != Running {
		return nil
	}
	if err := syscall.Kill(lock.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return &engine.Error{Kind: engine.Failed, Where: data, What: "the server could not be asked to end: " + err.Error(), Err: err}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for lock.Life(data) == Running {
		select {
		case <-ctx.Done():
			return &engine.Error{Kind: engine.Interrupted, What: "the end of the server was not waited for", Err: context.Cause(ctx)}
		case <-late.C:
			if signal == syscall.SIGQUIT {
				return &engine.Error{Kind: engine.Failed, Where: data, What: fmt.Sprintf("the server (process %d) does not end", lock.PID)}
			}
			return end(ctx, data, patience, syscall.SIGQUIT)
		case <-tick.C:
		}
	}
	return nil
}

// SetAsideLock renames a lock file whose process is not this data folder's server, since PostgreSQL
// itself takes a foreign process of that number for one. It does nothing when a server may be running.
// PostgreSQL's check of the shared memory block still guards against two servers.
func SetAsideLock(data string) error {
	lock, ok, err := ReadLock(data)
	if err != nil || !ok {
		return err
	}
	if life := lock.Life(data); life != Dead && life != Reused {
		return nil
	}
	return os.Rename(lockPath(data), lockPath(data)+".stale")
}

// PortFree says whether a server could listen on the port of 127.0.0.1 now.
func PortFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// LogName is the usual name of a server's log.
const LogName = "server.log"

// LogBeside is the log's place beside a data folder.
func LogBeside(data string) string { return filepath.Join(filepath.Dir(data), LogName) }
