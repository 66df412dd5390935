package duck

import (
	"context"
	"strconv"
	"strings"

	"pipewright/engine"
)

// ledgerTable notes the loads into tables without a key. DuckDB has no lasting identity of a table, so an
// entry holds for as long as the table has at least the rows that it had after that load.
const (
	ledgerTable = `"pipewright"."loads"`
	ledgerDDL   = `CREATE TABLE IF NOT EXISTS ` + ledgerTable + ` (table_name VARCHAR NOT NULL, source VARCHAR NOT NULL,
		sha256 VARCHAR NOT NULL, rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL DEFAULT current_timestamp)`
)

func (s *LoadSink) askLedger(ctx context.Context) error {
	if s.plan.Digest == "" || s.target.Created || s.plan.Mode != engine.Append {
		return nil
	}
	there, err := s.texts(ctx, "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = 'pipewright' AND table_name = 'loads'")
	if err != nil || len(there) == 0 {
		return err
	}
	rows, err := s.texts(ctx, "SELECT rows::VARCHAR FROM "+ledgerTable+" WHERE table_name = ? AND sha256 = ? AND rows <= (SELECT count(*) FROM "+
		s.table.ident+") ORDER BY loaded_at DESC LIMIT 1", s.table.ident, s.plan.Digest)
	if err == nil && len(rows) > 0 {
		s.target.Known, err = strconv.ParseInt(rows[0][0], 10, 64)
	}
	return err
}

func (s *LoadSink) keepLedger(ctx context.Context) error {
	if s.plan.Digest == "" || s.rows == 0 {
		return nil
	}
	for _, sql := range []string{`CREATE SCHEMA IF NOT EXISTS "pipewright"`, ledgerDDL} {
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	if s.table.cleared || s.target.Created {
		if err := s.exec(ctx, "DELETE FROM "+ledgerTable+" WHERE table_name = ?", s.table.ident); err != nil {
			return err
		}
	}
	return s.exec(ctx, "INSERT INTO "+ledgerTable+" (table_name, source, sha256, rows) VALUES (?, ?, ?, ?)",
		s.table.ident, s.plan.Source, s.plan.Digest, s.rows)
}

const stageName = `"temp"."pipewright_stage"`

// makeStage makes the table into which an upsert appends first.
func (s *LoadSink) makeStage(ctx context.Context) error {
	if s.plan.Mode != engine.Upsert {
		return nil
	}
	var columns []string
	for _, c := range s.target.Columns {
		columns = append(columns, ident(c.Name))
	}
	s.stage = stageName
	return s.exec(ctx, "CREATE TEMPORARY TABLE pipewright_stage AS SELECT "+strings.Join(columns, ", ")+" FROM "+s.table.ident+" LIMIT 0")
}

// mergeStage updates the rows whose key is in the stage, where something differs, and adds the others. Keys
// are compared as the load does: text without regard to the case of ASCII letters and to white space around.
func (s *LoadSink) mergeStage(ctx context.Context, done *engine.LoadDone) error {
	isKey := map[string]bool{}
	var match []string
	for _, name := range s.plan.Spec.Key {
		isKey[name] = true
		for _, c := range s.target.Columns {
			if c.Name == name {
				match = append(match, s.keySQL("t."+ident(name), c.Type)+" = "+s.keySQL("s."+ident(name), c.Type))
			}
		}
	}
	on := strings.Join(match, " AND ")
	var set, differ []string
	for _, c := range s.target.Columns {
		if name := ident(c.Name); !isKey[c.Name] {
			set = append(set, name+" = s."+name)
			differ = append(differ, "t."+name+" IS DISTINCT FROM s."+name)
		}
	}
	// What is new is found before the update, for whose rows it would not be.
	if err := s.exec(ctx, "CREATE TEMPORARY TABLE pipewright_new AS SELECT s.* FROM "+stageName+" s WHERE NOT EXISTS (SELECT 1 FROM "+
		s.table.ident+" t WHERE "+on+") ORDER BY s.rowid"); err != nil {
		return err
	}
	if len(set) > 0 {
		n, err := s.change(ctx, "UPDATE "+s.table.ident+" AS t SET "+strings.Join(set, ", ")+" FROM "+stageName+" s WHERE "+on+
			" AND ("+strings.Join(differ, " OR ")+")")
		if err != nil {
			return err
		}
		done.Updated = n
	}
	var into, from []string
	if s.ids != nil {
		into = append(into, ident(s.ids.column))
		from = append(from, strconv.FormatInt(s.ids.next, 10)+" + "+strconv.FormatInt(s.ids.step, 10)+" * (row_number() OVER (ORDER BY rowid) - 1)")
	}
	for _, c := range s.target.Columns {
		into, from = append(into, ident(c.Name)), append(from, ident(c.Name))
	}
	n, err := s.change(ctx, "INSERT INTO "+s.table.ident+" ("+strings.Join(into, ", ")+") SELECT "+strings.Join(from, ", ")+
		` FROM "temp"."pipewright_new" ORDER BY rowid`)
	if err != nil {
		return err
	}
	done.Inserted = n
	if s.ids != nil {
		s.ids.next += n * s.ids.step
	}
	for _, name := range []string{stageName, `"temp"."pipewright_new"`} {
		if err := s.exec(ctx, "DROP TABLE "+name); err != nil {
			return err
		}
	}
	s.stage = ""
	return nil
}

func (s *LoadSink) change(ctx context.Context, sql string) (int64, error) {
	r, err := s.conn.ExecContext(ctx, sql)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// keySQL is load's comparison of keys in SQL.
func (s *LoadSink) keySQL(column string, t engine.DataType) string {
	if s.exact || t != engine.TypeText && t != engine.TypeVarchar {
		return column
	}
	return `translate(trim(` + column + `, ' ' || chr(9) || chr(10) || chr(13)), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')`
}
