//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/cluster"
)

// settings of a workspace's cluster. Durability stays as PostgreSQL has it.
const settings = `# Written by Pipewright at each start: put settings of your own into
# postgresql.conf, below the line that includes this file, or use ALTER SYSTEM.
fsync = on
full_page_writes = on
synchronous_commit = on

# Nobody replicates this cluster. Without that, a COPY into a table that was created
# or truncated in the same transaction needs no write-ahead log
# (PostgreSQL's manual, "Populating a Database").
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB

shared_buffers = 256MB
password_encryption = 'scram-sha-256'
cluster_name = 'pipewright'
lc_messages = 'C'
`

// skipSync leaves out initdb's fsyncs: for tests, whose machine does not lose its power.
var skipSync bool

// firstPort and ports bound the range of a workspace's port, outside of those that systems hand out.
const (
	firstPort   = 15500
	ports       = 4000
	foreignPort = 5432 // PostgreSQL's own: never ours, even when it is free
)

// startLimit is how long a start may take, recovery after a crash included.
const startLimit = 10 * time.Minute

// up leaves the workspace's cluster running and reachable: it adopts, starts or makes it.
func (h *held) up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	major, exists, err := 0, false, error(nil)
	if h.known {
		if major, exists, err = cluster.DataMajor(h.rec.data()); err != nil {
			return dataError(h.rec.data(), err)
		}
	}
	if !exists {
		return h.create(ctx)
	}
	account, err := cluster.OwnerOf(h.rec.data())
	if err != nil {
		return dataError(h.rec.data(), err)
	}
	for {
		running, err := h.running(ctx)
		if err != nil {
			return err
		}
		if running == nil {
			break
		}
		err = h.adopt(ctx, *running)
		if err == nil || ctx.Err() != nil || running.Life(h.rec.data()) != cluster.Dead {
			return err
		}
		// It died while we came to it: start it.
	}
	set, err := h.s.choose(ctx, account, major)
	if err != nil {
		return err
	}
	return h.launch(ctx, set, account)
}

// dataError keeps an *engine.Error and says of any other that the data folder cannot be read.
func dataError(data string, err error) error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{
		Kind: engine.Unavailable, Where: data, Err: err,
		What: "the data folder cannot be read: " + lastCause(err), Next: "start as the user who made it",
	}
}

// create makes a new cluster and starts it.
func (h *held) create(ctx context.Context) error {
	account, err := cluster.ServerAccount()
	if err != nil {
		return err
	}
	set, err := h.s.choose(ctx, account, 0)
	if err != nil {
		return err
	}
	if err := h.settle(account); err != nil {
		return err
	}
	if err := account.Works(ctx, set.Program("postgres"), h.rec.Home); err != nil {
		return err
	}
	h.sweep("new-")
	password, ok, err := readPassword(h.dir)
	if err == nil && !ok {
		password, err = h.newPassword()
	}
	if err != nil {
		return err
	}
	// Written first, so that a start that is killed from here on is found again.
	if err := h.save(); err != nil {
		return err
	}
	h.s.say("initdb", "Making the workspace's PostgreSQL "+set.Version+" cluster (initdb) …")
	err = cluster.Init(ctx, cluster.New{
		Set: set, Account: account, Data: h.rec.data(), User: User, Password: password, Settings: settings, NoSync: skipSync,
	})
	if err != nil {
		return err
	}
	return h.launch(ctx, set, account)
}

// sweep removes unfinished folders of that prefix, which hold no data, from the home.
func (h *held) sweep(prefix string) {
	left, err := filepath.Glob(filepath.Join(h.rec.Home, prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// running looks for the server of our data folder. A lock file that nobody holds any more is told of,
// and set aside where PostgreSQL itself would stumble over it.
func (h *held) running(ctx context.Context) (*cluster.LockFile, error) {
	data := h.rec.data()
	for {
		lock, ok, err := cluster.ReadLock(data)
		if err != nil {
			return nil, dataError(data, err)
		}
		if !ok {
			return nil, nil
		}
		switch lock.Life(data) {
		case cluster.Running:
			if lock.Status == "ready" || lock.Status == "standby" {
				return &lock, nil
			}
			h.s.say("start", "PostgreSQL is "+lock.Status+"; waiting for it …")
			if err := pause(ctx, 25*time.Millisecond); err != nil {
				return nil, notWaited(ctx)
			}
		case cluster.Unclear:
			if lock.Status == "ready" {
				return &lock, nil // the connection decides
			}
			return nil, &engine.Error{
				Kind: engine.Unavailable, Where: data,
				What: fmt.Sprintf("process %d may be the server of this data folder, and may not be looked at", lock.PID),
				Next: "end it, or start as the user who started it",
			}
		default:
			h.s.say("start", "PostgreSQL was not shut down in order (stale lock); it recovers as it starts …")
			h.notice = "It was not shut down in order before, and has recovered."
			if err := cluster.SetAsideLock(data); err != nil {
				return nil, dataError(data, err)
			}
			return nil, nil
		}
	}
}

// pause waits, or fails when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// launch starts the server of the existing data folder.
func (h *held) launch(ctx context.Context, set binaries.Set, account cluster.Account) error {
	data := h.rec.data()
	if err := cluster.WriteSettings(account, data, settings); err != nil {
		return workspaceError(data, err)
	}
	before := h.rec.Port
	port := h.port(before)
	orphans := time.Now().Add(30 * time.Second)
	for try := 0; ; try++ {
		h.s.say("start", fmt.Sprintf("Starting PostgreSQL %s on 127.0.0.1:%d …", set.Version, port))
		_, err := cluster.Start(ctx, cluster.Launch{Set: set, Account: account, Data: data, Log: h.rec.log(), Port: port})
		switch {
		case err == nil:
			if before != 0 && before != port {
				h.notice = strings.TrimSpace(h.notice + fmt.Sprintf(" Port %d is taken by another program; .env has the new one.", before))
			}
			h.rec.Port = port
			return h.welcome(ctx, "started")
		case errors.Is(err, cluster.ErrPortTaken) && try < 20:
			port = h.port(port + 1)
		case errors.Is(err, cluster.ErrOrphans) && time.Now().Before(orphans):
			h.s.say("start", "Processes of the former PostgreSQL are still ending; waiting for them …")
			if pause(ctx, 200*time.Millisecond) != nil {
				return notWaited(ctx)
			}
		default:
			return err
		}
	}
}

// port is the first free port from the wanted one on; 0 wants the workspace's own.
func (h *held) port(wanted int) int {
	if wanted == 0 {
		n, err := strconv.ParseUint(workspaceHash(h.dir)[:8], 16, 64)
		if err != nil {
			n = 0
		}
		wanted = firstPort + int(n%ports)
	}
	for i := range ports {
		port := wanted + i
		if port > 65535 {
			port = firstPort + i
		}
		if port != foreignPort && cluster.PortFree(port) {
			return port
		}
	}
	return wanted
}

// adopt takes over the server that runs on our data folder.
func (h *held) adopt(ctx context.Context, lock cluster.LockFile) error {
	h.rec.Port = lock.Port
	return h.welcome(ctx, "found running")
}

// welcome logs in, sees that the server is ours, makes crm_dev, and leaves the connection in .env.
func (h *held) welcome(ctx context.Context, how string) error {
	h.s.say("database", "PostgreSQL is up; opening "+Database+" …")
	conn, password, err := h.login(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var data, version, bin string
	err = conn.QueryRow(ctx, `select current_setting('data_directory'), current_setting('server_version'),
		(select setting from pg_config where name = 'BINDIR')`).Scan(&data, &version, &bin)
	if err != nil {
		return refused(h.address(), err)
	}
	if !sameFolder(data, h.rec.data()) {
		return &engine.Error{
			Kind: engine.Unavailable, Where: h.address(),
			What: "another PostgreSQL answers there, with its data in " + data, Next: "stop it, or try again",
		}
	}
	if err := makeDatabase(ctx, conn); err != nil {
		return err
	}
	h.rec.Stopped = false
	if err := h.save(); err != nil {
		return err
	}
	config, err := ownConfig(h.rec.Port, password, Database)
	if err != nil {
		return err
	}
	if err := writeEnv(h.s.o.Workspace.Env(), h.rec.Port, password); err != nil {
		return workspaceError(h.s.o.Workspace.Env(), err)
	}
	if err := h.s.connectTo(config); err != nil {
		return err
	}
	h.s.update(func(b *engine.BackendStatus) {
		b.State, b.Version, b.Port, b.DataDir = engine.StateUp, shortVersion(version), h.rec.Port, h.rec.data()
		b.Path, b.Progress, b.Fix = bin, nil, ""
		b.Sentence = strings.TrimSpace(fmt.Sprintf("PostgreSQL %s on 127.0.0.1:%d, %s. %s", b.Version, h.rec.Port, how, h.notice))
	})
	return nil
}

func (h *held) address() string { return "127.0.0.1:" + strconv.Itoa(h.rec.Port) }

func sameFolder(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// ownConfig is the way to connect to a workspace's cluster.
func ownConfig(port int, password, database string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(ownDSN(port, password, database))
	if err != nil {
		return nil, &engine.Error{
			Kind: engine.Unavailable, Err: plainCause(err),
			What: "the environment's PG… variables keep PostgreSQL's client from starting: " + lastCause(err), Next: "unset them",
		}
	}
	config.ConnectTimeout = dialLimit
	return config, nil
}

// login connects as the superuser. When the kept password is refused and .env has one that is not,
// somebody changed it there, and that one is kept.
func (h *held) login(ctx context.Context) (*pgx.Conn, string, error) {
	kept, ok, err := readPassword(h.dir)
	if err != nil {
		return nil, "", err
	}
	candidates := []string{}
	if ok {
		candidates = append(candidates, kept)
	}
	if p := envPassword(h.s.o.Workspace.Env()); p != "" && p != kept {
		candidates = append(candidates, p)
	}
	for _, password := range candidates {
		conn, err := h.dialPatiently(ctx, password)
		if err == nil {
			if password != kept {
				if err := h.keepPassword(password); err != nil {
					return nil, "", errors.Join(err, conn.Close(ctx))
				}
			}
			return conn, password, nil
		}
		if !wrongPassword(err) {
			if ctx.Err() != nil {
				return nil, "", notWaited(ctx)
			}
			return nil, "", refused(h.address(), err)
		}
	}
	e := &engine.Error{
		Kind: engine.Unavailable, Where: h.address(), SQLState: codeWrongPassword,
		What: "the workspace's PostgreSQL refuses the password in " + passwordPath(h.dir),
		Next: "put the right one there or into .env as PGPASSWORD; pipewright db reset makes a new cluster and deletes its data",
	}
	if len(candidates) == 0 {
		e.What = "the password of the workspace's PostgreSQL is lost: " + passwordPath(h.dir) + " is gone"
	}
	return nil, "", e
}

// dialPatiently waits for a server that recovers, shuts down or has no connection left just now.
func (h *held) dialPatiently(ctx context.Context, password string) (*pgx.Conn, error) {
	for {
		conn, err := dialOwn(ctx, h.rec.Port, password)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != codeNotYet {
			return conn, err
		}
		h.s.say("start", "PostgreSQL is not ready: "+pg.Message+"; waiting for it …")
		if pause(ctx, 100*time.Millisecond) != nil {
			return nil, err
		}
	}
}

func wrongPassword(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == codeWrongPassword || pg.Code == codeNotAuthorised)
}

// dialOwn connects to whichever database is there: a learner may have dropped crm_dev or postgres.
func dialOwn(ctx context.Context, port int, password string) (*pgx.Conn, error) {
	var last error
	for _, name := range []string{"postgres", Database, "template1"} {
		config, err := ownConfig(port, password, name)
		if err != nil {
			return nil, err
		}
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn, nil
		}
		last = err
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != codeNoDatabase {
			break
		}
	}
	return nil, last
}

// makeDatabase makes crm_dev when it is missing.
func makeDatabase(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", Database).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, "create database "+Database+" template template0 encoding 'UTF8'")
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == codeDuplicateEntry {
			err = nil
		}
	}
	if err != nil {
		return &engine.Error{
			Kind: engine.Unavailable, Err: plainCause(err),
			What: "the database " + Database + " could not be made: " + lastCause(err), Next: "see the server's log",
		}
	}
	return nil
}
