package postgres

import (
	"context"
	"strconv"

	"pipewright/engine"
)

// The ledger of loads into tables without a key. An entry holds for the storage that the table had: a table
// that was truncated, or dropped and made again, has another. So has one after VACUUM FULL, and then the entry
// holds when the table has room for all that was ever loaded into it.
const (
	ledgerTable = `"pipewright"."loads"`
	ledgerDDL   = `CREATE SCHEMA IF NOT EXISTS "pipewright";
		CREATE TABLE IF NOT EXISTS ` + ledgerTable + ` (table_oid oid NOT NULL, filenode oid NOT NULL, table_name text NOT NULL,
		source text NOT NULL, sha256 text NOT NULL, rows bigint NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now())`
)

// askLedger finds out whether this very file is in this very table.
func (s *LoadSink) askLedger(ctx context.Context) error {
	if s.plan.Digest == "" || s.target.Created || s.plan.Mode != engine.Append {
		return nil
	}
	there, err := s.query(ctx, "select to_regclass($1) is not null", ledgerTable)
	if err != nil || string(there[0][0]) != "t" {
		return err
	}
	rows, err := s.query(ctx, "select rows from "+ledgerTable+
		" where table_oid = $1::oid and sha256 = $2 and exists (select from "+s.table.ident+")"+
		" and (filenode = pg_relation_filenode($1::oid) or (select count(*) from "+s.table.ident+
		") >= (select sum(rows) from "+ledgerTable+" where table_oid = $1::oid))"+
		" order by loaded_at desc limit 1", s.table.oid, s.plan.Digest)
	if err == nil && len(rows) > 0 {
		s.target.Known = number(rows[0][0])
	}
	return err
}

// keepLedger notes what was loaded. A role that may not make the ledger loads without one.
func (s *LoadSink) keepLedger(ctx context.Context) error {
	if s.plan.Digest == "" || s.rows == 0 {
		return nil
	}
	failed, err := s.try(ctx, ledgerDDL+"; INSERT INTO "+ledgerTable+" (table_oid, filenode, table_name, source, sha256, rows) VALUES ("+
		s.table.oid+", coalesce(pg_relation_filenode("+s.table.oid+"), 0), "+literal(s.target.Name)+", "+
		literal(s.plan.Source)+", "+literal(s.plan.Digest)+", "+strconv.FormatInt(s.rows, 10)+")")
	if err == nil && failed != nil {
		s.unlisted = true
	}
	return err
}
