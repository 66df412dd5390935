package postgres

import (
	"context"
	"strconv"
	"strings"

	"pipewright/engine"
)

const stageName = `"pg_temp"."pipewright_stage"`

// makeStage makes the table into which an upsert copies first. It has the plan's columns and the number of
// the row.
func (s *LoadSink) makeStage(ctx context.Context) error {
	if s.plan.Mode != engine.Upsert {
		return nil
	}
	var columns []string
	for _, c := range s.target.Columns {
		columns = append(columns, ident(c.Name))
	}
	s.stage = stageName
	return s.exec(ctx, "CREATE TEMPORARY TABLE pipewright_stage ON COMMIT DROP AS SELECT "+strings.Join(columns, ", ")+
		" FROM "+s.table.ident+" WITH NO DATA; ALTER TABLE "+stageName+" ADD COLUMN pipewright_row bigint GENERATED ALWAYS AS IDENTITY")
}

// mergeStage updates the rows whose key is in the stage, where something differs, and adds the others. Keys
// are compared as the load does: text without regard to the case of ASCII letters and to white space around.
func (s *LoadSink) mergeStage(ctx context.Context, done *engine.LoadDone) error {
	isKey := map[string]bool{}
	var match []string
	for _, name := range s.plan.Spec.Key {
		isKey[name] = true
		for i, c := range s.target.Columns {
			if c.Name == name {
				match = append(match, s.keySQL("t."+ident(name), s.fields[i])+" = "+s.keySQL("s."+ident(name), s.fields[i]))
			}
		}
	}
	on := strings.Join(match, " AND ")
	if err := s.exec(ctx, "SET LOCAL work_mem = '64MB'; ANALYZE "+stageName); err != nil {
		return err
	}
	var set, old, fresh []string
	for _, c := range s.target.Columns {
		if name := ident(c.Name); !isKey[c.Name] {
			set = append(set, name+" = s."+name)
			old, fresh = append(old, "t."+name), append(fresh, "s."+name)
		}
	}
	if len(set) > 0 {
		n, err := s.change(ctx, "UPDATE "+s.table.ident+" t SET "+strings.Join(set, ", ")+" FROM "+stageName+" s WHERE "+on+
			" AND ("+strings.Join(old, ", ")+") IS DISTINCT FROM ("+strings.Join(fresh, ", ")+")")
		if err != nil {
			return err
		}
		done.Updated = n
	}
	var err error
	done.Inserted, err = s.insertStage(ctx, on)
	return err
}

func (s *LoadSink) insertStage(ctx context.Context, on string) (int64, error) {
	var into, from []string
	if s.ids != nil {
		into = append(into, ident(s.ids.column))
		from = append(from, strconv.FormatInt(s.ids.next, 10)+" + "+strconv.FormatInt(s.ids.step, 10)+
			" * (row_number() OVER (ORDER BY s.pipewright_row) - 1)")
	}
	for _, c := range s.target.Columns {
		into = append(into, ident(c.Name))
		from = append(from, "s."+ident(c.Name))
	}
	n, err := s.change(ctx, "INSERT INTO "+s.table.ident+" ("+strings.Join(into, ", ")+") OVERRIDING SYSTEM VALUE SELECT "+
		strings.Join(from, ", ")+" FROM "+stageName+" s WHERE NOT EXISTS (SELECT FROM "+s.table.ident+" t WHERE "+on+
		") ORDER BY s.pipewright_row")
	if s.ids != nil {
		s.ids.next += n * s.ids.step
	}
	return n, err
}

func (s *LoadSink) change(ctx context.Context, sql string) (int64, error) {
	r := s.pg.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	return r.CommandTag.RowsAffected(), r.Err
}

// keySQL is load's comparison of keys in SQL.
func (s *LoadSink) keySQL(column string, f fieldEncoder) string {
	if f != asText || s.exact {
		return column
	}
	return `translate(btrim(` + column + `::text, E' \t\n\r'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') COLLATE "C"`
}
