//go:build unix

package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/binaries"
	"pipewright/engine/internal/postgres/cluster"
)

// shown are the settings that Inspect tells, in this order.
var shown = []string{
	"server_version", "data_directory", "port", "listen_addresses", "max_connections", "shared_buffers", "work_mem",
	"maintenance_work_mem", "effective_cache_size", "fsync", "full_page_writes", "synchronous_commit", "wal_level",
	"max_wal_size", "checkpoint_timeout", "password_encryption", "server_encoding", "lc_collate", "TimeZone", "jit",
}

// Inspect looks at the server as it is now, for doctor and db status. It starts, makes and changes
// nothing, and its status is not passed to OnStatus.
func (s *Server) Inspect(ctx context.Context) engine.BackendStatus {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	b := engine.BackendStatus{Name: engine.Postgres}
	if s.o.DSN != "" {
		s.inspectGiven(ctx, &b)
		return b
	}
	dir, err := filepath.Abs(s.o.Workspace.Postgres())
	if err == nil {
		var rec record
		var known bool
		if rec, known, err = findRecord(dir); err == nil {
			h := &held{s: s, dir: dir, rec: rec, known: known}
			err = h.inspect(ctx, &b)
		}
	}
	if err != nil {
		refuse(&b, err)
	}
	return b
}

// refuse puts an error into b.
func refuse(b *engine.BackendStatus, err error) {
	e := asError(err)
	b.State, b.Sentence, b.Fix = engine.StateFailed, told(e), e.Next
}

func (s *Server) inspectGiven(ctx context.Context, b *engine.BackendStatus) {
	config, err := parseDSN(s.o.DSN)
	if err != nil {
		refuse(b, err)
		return
	}
	b.Port = int(config.Port)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		refuse(b, refused(where(config), err))
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	describe(ctx, conn, b)
	b.Sentence = "PostgreSQL " + b.Version + " at " + where(config) + ", as given; it is not ours to start or stop."
}

// describe fills in what a server says of itself.
func describe(ctx context.Context, conn *pgx.Conn, b *engine.BackendStatus) {
	b.State = engine.StateUp
	b.Version = shortVersion(conn.PgConn().ParameterStatus("server_version"))
	rows, err := conn.Query(ctx, `select name, current_setting(name), source from pg_settings
		where name = any($1) order by array_position($1, name)`, shown)
	if err != nil {
		return
	}
	settings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (engine.Setting, error) {
		var set engine.Setting
		err := row.Scan(&set.Name, &set.Value, &set.Source)
		return set, err
	})
	if err != nil {
		return
	}
	for _, set := range settings {
		if set.Name == "data_directory" { // seen by superusers only
			b.DataDir = set.Value
		}
	}
	b.Settings = settings
}

// inspect looks at the workspace's cluster.
func (h *held) inspect(ctx context.Context, b *engine.BackendStatus) error {
	if !h.known {
		h.s.inspectBinaries(ctx, b, 0)
		b.Sentence = "PostgreSQL has not been made in this workspace yet. " + b.Sentence
		return nil
	}
	data := h.rec.data()
	b.DataDir, b.Port = data, h.rec.Port
	major, exists, err := cluster.DataMajor(data)
	if err != nil {
		return dataError(data, err)
	}
	if !exists {
		h.s.inspectBinaries(ctx, b, 0)
		b.Sentence = "The workspace's data folder is not there; the next start makes an empty one. " + b.Sentence
		return nil
	}
	if _, err := cluster.OwnerOf(data); err != nil {
		return dataError(data, err)
	}
	lock, locked, err := cluster.ReadLock(data)
	if err != nil {
		return dataError(data, err)
	}
	life := cluster.Dead
	if locked {
		life = lock.Life(data)
	}
	if life != cluster.Running && life != cluster.Unclear {
		h.s.inspectBinaries(ctx, b, major)
		if b.State == engine.StateFailed || b.State == engine.StateMissing {
			return nil
		}
		b.State = engine.StateDown
		b.Sentence = fmt.Sprintf("PostgreSQL %d is down. %s", major, b.Sentence)
		if locked {
			b.Sentence = fmt.Sprintf("PostgreSQL %d is down, and was not shut down in order (stale lock of process %d); it recovers at the next start. %s",
				major, lock.PID, b.Sentence)
		}
		return nil
	}
	return h.inspectRunning(ctx, b, lock)
}

// inspectRunning logs in to the server that holds the data folder.
func (h *held) inspectRunning(ctx context.Context, b *engine.BackendStatus, lock cluster.LockFile) error {
	h.rec.Port, b.Port = lock.Port, lock.Port
	if lock.Status != "ready" {
		b.State = engine.StateStarting
		b.Sentence = fmt.Sprintf("PostgreSQL is %s (process %d).", lock.Status, lock.PID)
		return nil
	}
	password, ok, err := readPassword(h.dir)
	if err != nil {
		return err
	}
	if !ok {
		password = envPassword(h.s.o.Workspace.Env())
	}
	conn, err := dialOwn(ctx, lock.Port, password)
	if err != nil {
		e := refused(h.address(), err)
		if wrongPassword(err) {
			e.What = "the workspace's PostgreSQL refuses the password in " + passwordPath(h.dir)
			e.Next = "put the right one there or into .env as PGPASSWORD, and pipewright db start"
		}
		return e
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	describe(ctx, conn, b)
	if err := conn.QueryRow(ctx, "select setting from pg_config where name = 'BINDIR'").Scan(&b.Path); err != nil {
		return refused(h.address(), err)
	}
	b.Settings = append([]engine.Setting{{Name: "pid", Value: fmt.Sprint(lock.PID), Source: "postmaster.pid"}}, b.Settings...)
	b.Sentence = fmt.Sprintf("PostgreSQL %s on 127.0.0.1:%d, process %d, up since %s.",
		b.Version, lock.Port, lock.PID, lock.Started.Format("2006-01-02 15:04:05"))
	return nil
}

// inspectBinaries tells with which binaries the next start would go, without running or fetching any.
func (s *Server) inspectBinaries(ctx context.Context, b *engine.BackendStatus, major int) {
	b.State, b.Fix = engine.StateDown, "pipewright db start"
	account, err := cluster.ServerAccount()
	if err == nil && major != 0 && b.DataDir != "" {
		account, err = cluster.OwnerOf(b.DataDir)
	}
	if err != nil {
		refuse(b, err)
		return
	}
	set, release, err := s.wouldUse(ctx, account, major)
	switch {
	case err != nil:
		refuse(b, err)
	case set.Dir != "":
		b.Version, b.Path = set.Version, set.Dir
		b.Sentence = strings.TrimSpace("It would be started by the server in " + set.Dir + ".")
	default:
		b.State, b.Version = engine.StateMissing, strings.TrimSuffix(release.Version, ".0")
		b.Sentence = "PostgreSQL is not installed here; the first start downloads " + b.Version + " (15 MB) into the cache."
	}
}

// wouldUse is choose without its effects: a set that is here, or the release that would be downloaded.
func (s *Server) wouldUse(ctx context.Context, account cluster.Account, major int) (binaries.Set, binaries.Release, error) {
	release := binaries.Default()
	if s.o.Binaries != "" && s.o.Binaries != Download {
		set, err := s.choose(ctx, account, major)
		return set, release, err
	}
	var here []binaries.Set
	if s.o.Binaries == "" {
		here = binaries.Search(ctx)
	}
	for _, set := range here {
		if (major == 0 || set.Major == major) && account.Works(ctx, set.Program("postgres"), "/") == nil {
			return set, release, nil
		}
	}
	if major != 0 && major != release.Major() {
		here = append(here, binaries.Set{Version: release.Version, Major: release.Major(), Source: "to download"})
		return binaries.Set{}, release, mismatch(major, here)
	}
	caches, err := s.caches(account)
	for _, cache := range caches {
		f := binaries.Fetcher{Cache: cache, Release: release}
		if set, ok := f.Installed(ctx); ok && account.Reach(cache) == nil {
			return set, release, nil
		}
	}
	if len(caches) == 0 {
		return binaries.Set{}, release, err
	}
	return binaries.Set{}, release, nil
}
