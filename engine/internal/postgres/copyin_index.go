package postgres

import (
	"context"

	"pipewright/engine"
)

// rebuildFrom is the size of a source, in bytes, from which building indexes anew is faster than growing
// them row by row.
const rebuildFrom = 4 << 20

// indexMemory is the maintenance_work_mem of the rebuild.
const indexMemory = "256MB"

// indexesQuery lists the indexes that can be dropped and made again without a trace: plain, valid, without
// comment, options, tablespace, expressions, statistics targets or deferral of their own, that are neither
// clustered on nor a replica identity, and that no foreign key leans on.
const indexesQuery = `select coalesce(c.conname, ''), i.indexrelid::regclass::text,
	coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid)), coalesce(c.conname, x.relname)
	from pg_index i join pg_class x on x.oid = i.indexrelid
	left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x')
	where i.indrelid = $1::oid and i.indisvalid and i.indislive and i.indisready
	and not i.indisclustered and not i.indisreplident and i.indimmediate
	and i.indexprs is null and x.reloptions is null and x.reltablespace = 0
	and obj_description(x.oid, 'pg_class') is null
	and (c.oid is null or c.contype in ('p', 'u') and not c.condeferrable and obj_description(c.oid, 'pg_constraint') is null)
	and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = i.indexrelid)
	and not exists (select from pg_attribute a where a.attrelid = x.oid and a.attstattarget > 0)
	order by i.indexrelid`

// dropIndexes takes the indexes off an empty table before a large load. restoreIndexes puts them back in the
// same transaction. It needs the table for itself, and does without when somebody reads it.
func (s *LoadSink) dropIndexes(ctx context.Context) error {
	t := &s.table
	if s.plan.Bytes < rebuildFrom || s.target.Rows > 0 || t.kind != "r" || s.plan.Mode == engine.Upsert || s.target.Known > 0 {
		return nil
	}
	rows, err := s.query(ctx, indexesQuery, t.oid)
	if err != nil {
		return err
	}
	if !t.exclusive {
		failed, err := s.try(ctx, "SET LOCAL lock_timeout = '100ms'; LOCK TABLE "+t.ident+" IN ACCESS EXCLUSIVE MODE")
		if err != nil || failed != nil {
			return err
		}
		t.exclusive = true
		if err := s.exec(ctx, "SET LOCAL lock_timeout = '"+lockPatience+"'"); err != nil {
			return err
		}
	}
	if err := s.renewStorage(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		constraint, index, definition, name := string(r[0]), string(r[1]), string(r[2]), string(r[3])
		drop, restore := "DROP INDEX "+index, definition
		if constraint != "" {
			drop = "ALTER TABLE " + t.ident + " DROP CONSTRAINT " + ident(constraint)
			restore = "ALTER TABLE " + t.ident + " ADD CONSTRAINT " + ident(name) + " " + definition
		}
		failed, err := s.try(ctx, drop)
		if err != nil {
			return err
		}
		if failed == nil {
			s.later = append(s.later, restore)
		}
	}
	return nil
}

// renewStorage truncates the empty table where wal_level is minimal: what is then written into it in this
// transaction needs no log (PostgreSQL's manual, "Populating a Database"). A table that others refer to, or that
// has triggers on TRUNCATE, is left alone.
func (s *LoadSink) renewStorage(ctx context.Context) error {
	t := &s.table
	if s.target.Created || t.emptied {
		return nil
	}
	rows, err := s.query(ctx, `select 1 where current_setting('wal_level') = 'minimal'
		and not exists (select from pg_trigger where tgrelid = $1::oid and tgtype & 32 <> 0)`, t.oid)
	if err != nil || len(rows) == 0 {
		return err
	}
	failed, err := s.try(ctx, "TRUNCATE TABLE "+t.ident)
	t.emptied = failed == nil
	return err
}

func (s *LoadSink) restoreIndexes(ctx context.Context) error {
	if len(s.later) == 0 {
		return nil
	}
	if err := s.exec(ctx, "SET LOCAL maintenance_work_mem = '"+indexMemory+"'"); err != nil {
		return err
	}
	for _, sql := range s.later {
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
