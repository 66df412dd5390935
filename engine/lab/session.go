package lab

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
	"pipewright/engine/internal/duck"
	"pipewright/engine/internal/postgres"
	"pipewright/engine/load"
	"pipewright/engine/query"
)

// load runs a LoadCSV.
func (l *Lab) load(ctx context.Context, r engine.LoadCSV, emit func(engine.Event)) error {
	if r.Backend == "" {
		r.Backend = engine.Postgres
	}
	if err := load.Precheck(r.Path); err != nil {
		return err
	}
	if err := l.up(ctx, r.Backend, emit); err != nil {
		return err
	}
	sink, done, err := l.sink(ctx, r.Backend)
	if err != nil {
		return err
	}
	defer done()
	return load.Run(ctx, sink, r, load.Options{Workspace: l.opts.Workspace, Stdin: l.opts.Stdin}, emit)
}

// sink makes the load sink of a backend that is up; done lets go of what it stands on.
func (l *Lab) sink(ctx context.Context, name engine.Backend) (load.Sink, func(), error) {
	if name == engine.DuckDB {
		db, err := l.duck().DB(ctx)
		if err != nil {
			return nil, nil, err
		}
		return duck.NewLoadSink(db), func() { _ = db.Close() }, nil
	}
	config, err := l.serverConfig()
	if err != nil {
		return nil, nil, err
	}
	return postgres.NewLoadSink(config), func() {}, nil
}

// query runs a RunQuery.
func (l *Lab) query(ctx context.Context, r engine.RunQuery, emit func(engine.Event)) error {
	if r.Backend == "" {
		r.Backend = engine.Postgres
	}
	if err := l.up(ctx, r.Backend, emit); err != nil {
		return err
	}
	if r.Scroll {
		return l.scroll(ctx, r, emit)
	}
	conn, done, err := l.conn(ctx, r.Backend)
	if err != nil {
		return err
	}
	defer done()
	o := query.Options{Parquet: func() query.ParquetWriter { return duck.NewParquetWriter() }}
	return query.Run(ctx, conn, r, o, func(ev engine.Event) error {
		emit(ev)
		return ctx.Err()
	})
}

// conn opens a session of its own on a backend that is up; done ends it.
func (l *Lab) conn(ctx context.Context, name engine.Backend) (query.Conn, func(), error) {
	if name == engine.DuckDB {
		c, err := l.duck().QueryConn(ctx)
		if err != nil {
			return nil, nil, err
		}
		return c, func() { _ = c.Close() }, nil
	}
	config, err := l.serverConfig()
	if err != nil {
		return nil, nil, err
	}
	c, err := postgres.NewQueryConn(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return c, func() { _ = c.Close() }, nil
}

// serverConfig is how the PostgreSQL that is up is reached.
func (l *Lab) serverConfig() (*pgconn.Config, error) {
	dsn, err := l.postgres().ConnString()
	if err != nil {
		return nil, err
	}
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, &engine.Error{Kind: engine.Usage, What: "the address of PostgreSQL cannot be read", Next: "write it as postgres://user@host:port/database", Err: err}
	}
	return config, nil
}

// ConnString is PostgreSQL's address with the password, for the learner's own programs.
func (l *Lab) ConnString(_ context.Context) (string, error) { return l.postgres().ConnString() }

// Psql says how psql is run against PostgreSQL: the program, its arguments, and what to add to its
// environment.
func (l *Lab) Psql(ctx context.Context) (path string, args, env []string, err error) {
	path, env, args, err = l.postgres().Psql(ctx)
	return path, args, env, err
}
