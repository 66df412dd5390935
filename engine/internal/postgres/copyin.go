package postgres

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"pipewright/engine"
)

// cancelPatience is how long a cancelled statement may take to end on the server before its connection is
// cut, which ends it too.
const cancelPatience = 1500 * time.Millisecond

// lockPatience is how long a load waits for writers of its table to end their transactions.
const lockPatience = "10s"

// LoadSink writes one load into one table, by binary COPY in one transaction. It implements load.Sink, and
// is for one use.
//
// While it is open other sessions can read the table, and none can write it. Two cases keep readers out as
// well, until the commit: replace, which truncates, and a large load into an empty table, whose indexes are
// dropped and built again in the same transaction; the second is not done while somebody reads.
//
// Ids of a serial or identity column are counted here and not drawn from the sequence row by row; the
// sequence is set once, by ALTER SEQUENCE … RESTART, which unlike setval a rollback undoes.
type LoadSink struct {
	config   *pgconn.Config
	pg       *pgconn.PgConn
	plan     engine.LoadPlan
	table    loadTable
	target   engine.LoadTarget
	fields   []fieldEncoder // of the plan's columns
	ids      *idRange       // nil when the database makes the ids, or there are none
	stage    string         // the quoted name of upsert's temporary table; empty otherwise
	copy     *copyIn        // running, or nil
	later    []string       // statements that put back the indexes
	follow   *idRange       // of a column whose ids the file has: the sequence follows them
	exact    bool           // the key is the table's own: text is compared as it is
	unlisted bool           // the ledger could not be written
	rows     int64
}

// NewLoadSink makes a sink on the server that config names. It connects in Begin.
func NewLoadSink(config *pgconn.Config) *LoadSink {
	c := config.Copy()
	c.RuntimeParams = maps.Clone(c.RuntimeParams)
	if c.RuntimeParams == nil {
		c.RuntimeParams = map[string]string{}
	}
	c.RuntimeParams["application_name"] = "pipewright load"
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: cancelPatience}
	}
	return &LoadSink{config: c}
}

// Begin implements load.Sink.
func (s *LoadSink) Begin(ctx context.Context, plan engine.LoadPlan) (engine.LoadTarget, error) {
	s.plan = plan
	if err := checkNames(&plan.Spec); err != nil {
		return s.target, err
	}
	pg, err := pgconn.ConnectConfig(ctx, s.config)
	if err != nil {
		return s.target, connectError(ctx, err)
	}
	s.pg = pg
	for _, step := range []func(context.Context) error{
		s.open, s.findTable, s.lockTable, s.readColumns, s.findKey, s.askLedger, s.clearTable, s.countRows,
		s.readDefaults, s.reserveIDs, s.dropIndexes, s.makeStage,
	} {
		if err := step(ctx); err != nil {
			return s.target, s.told(err)
		}
	}
	return s.target, nil
}

func (s *LoadSink) open(ctx context.Context) error {
	return s.exec(ctx, "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"+
		" SET LOCAL lock_timeout = '"+lockPatience+"'")
}

// Commit implements load.Sink.
func (s *LoadSink) Commit(ctx context.Context) (engine.LoadDone, error) {
	var done engine.LoadDone
	if err := s.endCopy(ctx); err != nil {
		return done, s.told(err)
	}
	done.Inserted = s.rows
	if s.stage != "" {
		if err := s.mergeStage(ctx, &done); err != nil {
			return done, s.told(err)
		}
	}
	for _, step := range []func(context.Context) error{s.restoreIndexes, s.restartSequence, s.keepLedger} {
		if err := step(ctx); err != nil {
			return done, s.told(err)
		}
	}
	if s.unlisted {
		done.Notes = append(done.Notes, "the ledger of loads could not be written, so loading this file again would add it again")
	}
	if ctx.Err() != nil {
		return done, s.told(ctx.Err())
	}
	// From here on there is no way back: a cancel that comes now is too late, and must not be told as one.
	if err := s.exec(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		e := s.told(err)
		if Gone(err) {
			e.What = "the connection to PostgreSQL was lost during the commit: the load is in the table as a whole or not at all"
			e.Next = "load the file again: rows that are there already are found out"
		}
		return done, e
	}
	return done, nil
}

// Rollback implements load.Sink. Closing the connection ends what is left of the transaction.
func (s *LoadSink) Rollback() error {
	if s.pg == nil {
		return nil
	}
	if s.copy != nil {
		s.copy.abort(errGivenUp)
		<-s.copy.done
	}
	ctx, stop := context.WithTimeout(context.Background(), cancelPatience)
	defer stop()
	_ = s.pg.Close(ctx) // a connection that is lost cannot be closed, and needs no closing
	select {
	case <-s.pg.CleanupDone():
	case <-ctx.Done():
	}
	return nil
}

// exec runs statements that return nothing.
func (s *LoadSink) exec(ctx context.Context, sql string) error {
	_, err := s.pg.Exec(ctx, sql).ReadAll()
	return err
}

// try runs statements inside a savepoint: when they fail the transaction goes on as if they had not been
// tried. It gives what went wrong, and whether the transaction can go on.
func (s *LoadSink) try(ctx context.Context, sql string) (failed error, err error) {
	if err := s.exec(ctx, "SAVEPOINT pipewright_try"); err != nil {
		return nil, err
	}
	failed = s.exec(ctx, sql)
	if failed == nil {
		return nil, s.exec(ctx, "RELEASE SAVEPOINT pipewright_try")
	}
	if asPgError(failed) == nil || ctx.Err() != nil {
		return failed, failed
	}
	return failed, s.exec(ctx, "ROLLBACK TO SAVEPOINT pipewright_try; RELEASE SAVEPOINT pipewright_try")
}

// query runs one statement with text parameters and gives its rows as text; nil is NULL.
func (s *LoadSink) query(ctx context.Context, sql string, args ...string) ([][][]byte, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	r := s.pg.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	return r.Rows, r.Err
}

// ident quotes an identifier, so that nothing in it is SQL.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text constant, with standard_conforming_strings on or off.
func literal(text string) string {
	q := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		q = " E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

var errGivenUp = errors.New("the load was given up")
