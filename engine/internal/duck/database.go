package duck

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"pipewright/engine"
)

// linger is how long the file stays open behind its last user, so that a sequence of small requests does
// not open it each time. lockPatience is how long an opening waits for another process that lingers.
const (
	linger       = 500 * time.Millisecond
	lockPatience = 2500 * time.Millisecond
	lockAgain    = 50 * time.Millisecond
)

// Options say where the database is.
type Options struct {
	Path     string                     // of the file; its folder is made when it is needed
	Memory   string                     // DuckDB's memory_limit; empty means 1GB
	Threads  int                        // 0 means one a core
	OnStatus func(engine.BackendStatus) // told each change; may be nil
}

// Database is a workspace's DuckDB. Its methods may be called from any goroutine.
type Database struct {
	options Options
	turn    chan struct{} // taken while the file is being opened, closed or removed

	mu     sync.Mutex
	db     bindings.Database // open when Ptr is not nil
	users  int
	timer  *time.Timer
	status engine.BackendStatus
	closed bool
}

// New names a database. It touches nothing.
func New(o Options) *Database {
	if path, err := filepath.Abs(o.Path); err == nil {
		o.Path = path
	}
	if o.Memory == "" {
		o.Memory = "1GB"
	}
	if o.Threads == 0 {
		o.Threads = runtime.NumCPU()
	}
	return &Database{options: o, turn: make(chan struct{}, 1), status: engine.BackendStatus{
		Name: engine.DuckDB, State: engine.StateUnknown, Version: version(), Path: "in this process", DataDir: o.Path,
		Sentence: "The file is opened when it is needed."}}
}

func version() string { return strings.TrimPrefix(bindings.LibraryVersion(), "v") }

// Status is what is known without looking.
func (d *Database) Status() engine.BackendStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// Start opens the file once, to see that it can be.
func (d *Database) Start(ctx context.Context) error {
	d.mu.Lock()
	d.closed = false
	d.mu.Unlock()
	release, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	release()
	return nil
}

// Stop lets the file go at once. It refuses while somebody works in it.
func (d *Database) Stop(ctx context.Context) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return interrupted(ctx.Err())
	}
	defer func() { <-d.turn }()
	if err := d.letGo(); err != nil {
		return err
	}
	d.tell(engine.StateDown, "The file is closed; the next query opens it.", "")
	return nil
}

// Close lets the file go for good: nothing opens it again but Start. Somebody who is still at work keeps
// the file until they have finished.
func (d *Database) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	_ = d.letGo() // those who are at work let it go themselves
}

// Reset removes the file and makes an empty one. It refuses while this process or another works in it.
func (d *Database) Reset(ctx context.Context) error {
	if err := d.resetFile(ctx); err != nil {
		return err
	}
	return d.Start(ctx)
}

func (d *Database) resetFile(ctx context.Context) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return interrupted(ctx.Err())
	}
	defer func() { <-d.turn }()
	if err := d.letGo(); err != nil {
		return err
	}
	db, err := d.openFile(ctx)
	if err == nil {
		bindings.Close(&db)
	} else if e := new(engine.Error); errors.As(err, &e) && e.Kind != engine.Failed {
		return err // a file that is damaged or foreign may be reset; one that is in use may not
	}
	for _, path := range []string{d.options.Path, d.options.Path + ".wal", d.tempDir()} {
		if err := os.RemoveAll(path); err != nil {
			return &engine.Error{Kind: engine.Failed, What: "the DuckDB file could not be removed", Where: path, Next: "check who owns it", Err: err}
		}
	}
	return nil
}

// letGo closes the file when nobody uses it. The turn is held.
func (d *Database) letGo() error {
	d.mu.Lock()
	if d.timer != nil {
		d.timer.Stop()
	}
	users, db := d.users, d.db
	if users == 0 {
		d.db = bindings.Database{}
	}
	d.mu.Unlock()
	if users > 0 {
		return &engine.Error{Kind: engine.Unavailable, What: "DuckDB is at work for " + strconv.Itoa(users) + " of this window's jobs",
			Next: "cancel them, or wait until they have ended"}
	}
	bindings.Close(&db) // writes what the log still holds into the file, which may take a while
	return nil
}

// acquire opens the file, or joins those who use it. What it gives back must be called once.
func (d *Database) acquire(ctx context.Context) (release func(), err error) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, interrupted(ctx.Err())
	}
	defer func() { <-d.turn }()
	d.mu.Lock()
	open, closed := d.db.Ptr != nil, d.closed
	if d.timer != nil {
		d.timer.Stop()
	}
	d.mu.Unlock()
	if closed {
		return nil, &engine.Error{Kind: engine.Unavailable, What: "DuckDB was closed", Next: "open the workspace again"}
	}
	if !open {
		db, err := d.openFile(ctx)
		if err != nil {
			d.tellFailure(err)
			return nil, err
		}
		d.mu.Lock()
		d.db = db
		d.mu.Unlock()
		d.tell(engine.StateUp, "In use by this window.", "")
	}
	d.mu.Lock()
	d.users++
	d.mu.Unlock()
	return sync.OnceFunc(d.release), nil
}

func (d *Database) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users--
	if d.users > 0 {
		return
	}
	d.timer = time.AfterFunc(linger, d.closeIdle)
	if d.closed {
		d.timer.Reset(0)
	}
}

// closeIdle closes the file behind its last user.
func (d *Database) closeIdle() {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.mu.Lock()
	idle := d.users == 0 && d.db.Ptr != nil
	d.mu.Unlock()
	if idle && d.letGo() == nil {
		d.tell(engine.StateUp, "Ready; the file is closed until it is needed.", "")
	}
}

func (d *Database) tell(state engine.BackendState, sentence, fix string) {
	d.mu.Lock()
	d.status.State, d.status.Sentence, d.status.Fix = state, sentence, fix
	status := d.status
	d.mu.Unlock()
	if d.options.OnStatus != nil {
		d.options.OnStatus(status)
	}
}

func (d *Database) tellFailure(err error) {
	e := new(engine.Error)
	if !errors.As(err, &e) {
		e.What = err.Error()
	}
	if e.Kind == engine.Interrupted {
		d.tell(engine.StateDown, "Opening the file was cancelled.", "")
		return
	}
	d.tell(engine.StateFailed, capital(e.What)+".", e.Next)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (d *Database) tempDir() string { return filepath.Join(filepath.Dir(d.options.Path), "duckdb-tmp") }

// settings are what the database is opened with. Each opening in this process has to give the same ones.
func (d *Database) settings() map[string]string {
	return map[string]string{
		"duckdb_api":                   "go", // as the driver does
		"memory_limit":                 d.options.Memory,
		"threads":                      strconv.Itoa(d.options.Threads),
		"temp_directory":               d.tempDir(),
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
	}
}

// openFile opens the file, and waits a little for another process to let it go.
func (d *Database) openFile(ctx context.Context) (bindings.Database, error) {
	var none bindings.Database
	if err := os.MkdirAll(filepath.Dir(d.options.Path), 0o777); err != nil {
		return none, &engine.Error{Kind: engine.Failed, What: "the folder of the DuckDB file could not be made",
			Where: filepath.Dir(d.options.Path), Next: "check who may write there", Err: err}
	}
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return none, &engine.Error{Kind: engine.Unavailable, What: "DuckDB could not be set up", Next: "try again"}
	}
	defer bindings.DestroyConfig(&config)
	for name, value := range d.settings() {
		if bindings.SetConfig(config, name, value) == bindings.StateError {
			return none, &engine.Error{Kind: engine.Failed, What: "DuckDB does not take the setting " + name + " = " + value, Next: "check it"}
		}
	}
	deadline, waiting := time.Now().Add(lockPatience), false
	for {
		var db bindings.Database
		var message string
		if bindings.GetOrCreateFromCache(duckdb.GetInstanceCache(), d.options.Path, &db, config, &message) == bindings.StateSuccess {
			return db, nil
		}
		bindings.Close(&db)
		err := openError(d.options.Path, message)
		if err.Kind != engine.Unavailable || time.Now().After(deadline) {
			return none, err
		}
		if !waiting {
			waiting = true
			d.tell(engine.StateStarting, capital(err.What)+"; waiting a moment for it.", "")
		}
		select {
		case <-ctx.Done():
			return none, interrupted(ctx.Err())
		case <-time.After(lockAgain):
		}
	}
}

// DB opens the database for database/sql. The caller closes what it gets, which lets the file go; its
// connections are the driver's, as its appenders want them.
func (d *Database) DB(ctx context.Context) (*sql.DB, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	for name, value := range d.settings() {
		if name != "duckdb_api" {
			q.Set(name, value)
		}
	}
	c, err := duckdb.NewConnector(d.options.Path+"?"+q.Encode(), nil)
	if err != nil {
		release()
		return nil, &engine.Error{Kind: engine.Failed, What: "DuckDB could not be opened: " + firstLine(err.Error()), Where: d.options.Path,
			Next: "a path with % or ? in it may be the cause; move the workspace", Err: err}
	}
	return sql.OpenDB(&connector{Connector: c, release: release}), nil
}

// connector is the driver's connector, which lets the file go when it is closed.
type connector struct {
	*duckdb.Connector
	release func()
}

// Close implements io.Closer, which sql.DB.Close looks for.
func (c *connector) Close() error {
	err := c.Connector.Close()
	c.release()
	return err
}

// Inspect looks: it opens the file, if there is one, and reads the settings in effect.
func (d *Database) Inspect(ctx context.Context) engine.BackendStatus {
	if _, err := os.Stat(d.options.Path); errors.Is(err, os.ErrNotExist) && d.Status().State == engine.StateUnknown {
		s := d.Status()
		s.State, s.Sentence = engine.StateUp, "Ready; the file is made when something is loaded."
		return s
	}
	q, err := d.QueryConn(ctx)
	if err != nil {
		return d.Status()
	}
	defer q.Close() //nolint:errcheck // it was only read
	status := d.Status()
	_, err = q.Stream(ctx, `SELECT name, value FROM duckdb_settings() WHERE name IN
		('memory_limit', 'threads', 'temp_directory', 'TimeZone', 'autoinstall_known_extensions') ORDER BY name`, 0,
		func([]engine.Column) error { return nil },
		func(rows [][]engine.Cell) error {
			for _, r := range rows {
				status.Settings = append(status.Settings, engine.Setting{Name: r[0].Text, Value: r[1].Text, Source: "pipewright"})
			}
			return nil
		})
	if err != nil {
		d.tellFailure(err)
		return d.Status()
	}
	return status
}
