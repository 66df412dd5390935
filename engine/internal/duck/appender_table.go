package duck

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"pipewright/engine"
)

// loadTable is the table that is loaded.
type loadTable struct {
	schema, name string
	ident        string // quoted, for SQL
	cleared      bool   // its old rows are gone
	columns      []engine.ColumnSpec
}

// idRange counts the ids of a column that is filled from a sequence.
type idRange struct {
	column   string
	sequence string // as nextval takes it
	next     int64
	step     int64
	max      int64
	at       int64 // the last value that the sequence gave, or one step before its first
}

func (s *LoadSink) findTable(ctx context.Context) error {
	t := &s.table
	t.schema, t.name = "main", s.plan.Spec.Name
	if schema, name, ok := strings.Cut(t.name, "."); ok {
		t.schema, t.name = schema, name
	}
	if t.name == "" || strings.IndexByte(t.name, 0) >= 0 {
		return &engine.Error{Kind: engine.Usage, What: fmt.Sprintf("%.80q is no name for a table", s.plan.Spec.Name), Next: "use letters, digits and underscores"}
	}
	found, err := s.lookUp(ctx)
	if err != nil || found {
		return err
	}
	for _, sql := range createSQL(t, s.plan.Spec.Columns) {
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	s.target.Created = true
	_, err = s.lookUp(ctx)
	return err
}

// lookUp finds the table. DuckDB's names are the same whatever their case.
func (s *LoadSink) lookUp(ctx context.Context) (bool, error) {
	t := &s.table
	s.target.Name = t.name
	if t.schema != "main" {
		s.target.Name = t.schema + "." + t.name
	}
	t.ident = ident(t.schema) + "." + ident(t.name)
	rows, err := s.texts(ctx, `SELECT table_type FROM information_schema.tables WHERE table_catalog = current_database()
		AND lower(table_schema) = lower(?) AND lower(table_name) = lower(?)`, t.schema, t.name)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if rows[0][0] == "VIEW" {
		return false, &engine.Error{Kind: engine.Failed, What: "it is a view and not a table", Where: s.target.Name, Next: "name another table with --table"}
	}
	return true, nil
}

func createSQL(t *loadTable, columns []engine.ColumnSpec) []string {
	var out, lines []string
	for _, c := range columns {
		line := ident(c.Name) + " " + typeSQL(c)
		if c.Serial {
			sequence := ident(t.schema) + "." + ident(t.name+"_"+c.Name+"_seq")
			out = append(out, "CREATE SEQUENCE IF NOT EXISTS "+sequence)
			line += " DEFAULT nextval(" + literal(sequence) + ")"
		} else if c.Default != "" {
			line += " DEFAULT " + c.Default
		}
		if c.NotNull && !c.Primary {
			line += " NOT NULL"
		}
		if c.Primary {
			line += " PRIMARY KEY"
		}
		if c.Unique {
			line += " UNIQUE"
		}
		lines = append(lines, line)
	}
	return append(out, "CREATE TABLE "+t.ident+" (\n  "+strings.Join(lines, ",\n  ")+"\n)")
}

// The widest of DuckDB's decimals, and the scale of a numeric that asks for none.
const (
	maxPrecision = 38
	anyScale     = 10
)

// typeSQL names the type in DuckDB. A numeric that is wider than its widest decimal becomes text, which rounds
// nothing.
func typeSQL(c engine.ColumnSpec) string {
	switch c.Type {
	case engine.TypeText, engine.TypeVarchar:
		return "VARCHAR"
	case engine.TypeNumeric:
		precision, scale := c.Precision, c.Scale
		if precision == 0 {
			precision, scale = maxPrecision, anyScale
		}
		if precision > maxPrecision {
			return "VARCHAR"
		}
		return "DECIMAL(" + strconv.Itoa(precision) + "," + strconv.Itoa(scale) + ")"
	case engine.TypeDouble:
		return "DOUBLE"
	case engine.TypeTimestamptz:
		return "TIMESTAMP WITH TIME ZONE"
	}
	return strings.ToUpper(string(c.Type))
}

// readColumns finds the plan's columns in the table.
func (s *LoadSink) readColumns(ctx context.Context) error {
	rows, err := s.texts(ctx, `SELECT c.column_name, c.data_type, c.is_nullable::VARCHAR, coalesce(c.column_default, ''),
		exists (SELECT 1 FROM duckdb_constraints() k WHERE k.database_oid = c.database_oid AND k.table_oid = c.table_oid
			AND k.constraint_type = 'PRIMARY KEY' AND k.constraint_column_names = [c.column_name])::VARCHAR
		FROM duckdb_columns() c WHERE c.database_name = current_database() AND lower(c.schema_name) = lower(?) AND lower(c.table_name) = lower(?)
		ORDER BY c.column_index`, s.table.schema, s.table.name)
	if err != nil {
		return err
	}
	byName := map[string]engine.ColumnSpec{}
	for _, r := range rows {
		c := describeColumn(r)
		byName[strings.ToLower(c.Name)] = c
		s.table.columns = append(s.table.columns, c)
	}
	planned := map[string]bool{}
	for _, name := range s.plan.Columns {
		c, ok := byName[strings.ToLower(name)]
		if !ok {
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the table has no column %q, which the file has", name), Where: s.target.Name,
				Next: fmt.Sprintf("add it (ALTER TABLE %s ADD COLUMN %s …), or load into another table", s.target.Name, ident(name)),
			}
		}
		planned[strings.ToLower(name)] = true
		c.Name = name
		s.target.Columns = append(s.target.Columns, c)
	}
	for _, c := range s.table.columns {
		if c.NotNull && c.Default == "" && !planned[strings.ToLower(c.Name)] {
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the table's column %q must be filled, has no default, and is not in the file", c.Name),
				Where: s.target.Name, Next: "add it to the file, or give it a default",
			}
		}
	}
	return nil
}

func describeColumn(r []string) engine.ColumnSpec {
	c := engine.ColumnSpec{Name: r[0], NotNull: r[2] == "false", Default: r[3], Primary: r[4] == "true"}
	c.Serial = strings.Contains(c.Default, "nextval(")
	switch r[1] {
	case "VARCHAR":
		c.Type = engine.TypeText
	case "BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "DATE", "TIMESTAMP":
		c.Type = engine.DataType(strings.ToLower(r[1]))
	case "DOUBLE":
		c.Type = engine.TypeDouble
	case "TIMESTAMP WITH TIME ZONE":
		c.Type = engine.TypeTimestamptz
	default:
		c.Type = engine.DataType(r[1]) // the load says that it cannot fill it
		if n, err := fmt.Sscanf(r[1], "DECIMAL(%d,%d)", &c.Precision, &c.Scale); n == 2 && err == nil {
			c.Type = engine.TypeNumeric
		}
	}
	return c
}

// findKey takes a unique constraint of the table for the key of a plan that has none.
func (s *LoadSink) findKey(ctx context.Context) error {
	if len(s.plan.Spec.Key) > 0 || s.target.Created {
		return nil
	}
	rows, err := s.texts(ctx, `SELECT constraint_index::VARCHAR, lower(unnest(constraint_column_names)) FROM duckdb_constraints()
		WHERE database_name = current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)
		AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_type, constraint_index`, s.table.schema, s.table.name)
	if err != nil {
		return err
	}
	planned := map[string]string{}
	for _, name := range s.plan.Columns {
		planned[strings.ToLower(name)] = name
	}
	for len(rows) > 0 {
		n, key := 0, []string{}
		for n < len(rows) && rows[n][0] == rows[0][0] {
			if name, ok := planned[rows[n][1]]; ok {
				key = append(key, name)
			}
			n++
		}
		if len(key) == n {
			s.target.Key, s.plan.Spec.Key, s.plan.Digest, s.exact = key, key, "", true
			return nil
		}
		rows = rows[n:]
	}
	return nil
}

func (s *LoadSink) clearTable(ctx context.Context) error {
	if s.plan.Mode != engine.Replace || s.target.Created {
		return nil
	}
	s.table.cleared = true
	return s.exec(ctx, "DELETE FROM "+s.table.ident)
}

func (s *LoadSink) countRows(ctx context.Context) error {
	if s.target.Created || s.table.cleared {
		return nil
	}
	rows, err := s.texts(ctx, "SELECT 1 FROM "+s.table.ident+" LIMIT 1")
	s.target.Rows = int64(len(rows))
	return err
}

// readDefaults evaluates the defaults of the plan's columns once, for the cells that are empty.
func (s *LoadSink) readDefaults(ctx context.Context) error {
	s.target.Defaults = make([]engine.Datum, len(s.target.Columns))
	for i, c := range s.target.Columns {
		if c.Default == "" || c.Serial || strings.Contains(c.Default, "random(") || strings.Contains(c.Default, "uuid") {
			continue
		}
		rows, err := s.texts(ctx, "SELECT "+plainSQL("("+c.Default+")::"+typeSQL(c), c.Type))
		if err != nil {
			return err
		}
		if rows[0][0] == "" {
			continue
		}
		if s.target.Defaults[i], err = datumOf(c.Type, []byte(rows[0][0])); err != nil {
			return err
		}
	}
	return nil
}

// reserveIDs finds out where the sequence stands of the column that the database numbers.
func (s *LoadSink) reserveIDs(ctx context.Context) error {
	planned := map[string]bool{}
	for _, name := range s.plan.Columns {
		planned[strings.ToLower(name)] = true
	}
	for _, c := range s.table.columns {
		if !c.Serial || planned[strings.ToLower(c.Name)] || c.Type != engine.TypeInteger && c.Type != engine.TypeBigint {
			continue
		}
		r := &idRange{column: c.Name, max: math.MaxInt64}
		if c.Type == engine.TypeInteger {
			r.max = math.MaxInt32
		}
		schema, name := sequenceOf(c.Default)
		rows, err := s.texts(ctx, `SELECT coalesce(last_value, start_value - increment_by)::VARCHAR, increment_by::VARCHAR, start_value::VARCHAR, schema_name, sequence_name
			FROM duckdb_sequences() WHERE database_name = current_database() AND lower(sequence_name) = lower(?) AND (? = '' OR lower(schema_name) = lower(?))
			ORDER BY schema_name = 'main' DESC LIMIT 1`, name, schema, schema)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		r.sequence = ident(rows[0][3]) + "." + ident(rows[0][4])
		var start int64
		for i, to := range []*int64{&r.at, &r.step, &start} {
			if *to, err = strconv.ParseInt(rows[0][i], 10, 64); err != nil {
				return err
			}
		}
		if r.step <= 0 {
			continue // counts down: left to the database
		}
		r.next = r.at + r.step
		if s.table.cleared {
			r.next = start
		}
		s.ids = r
		return s.passHighest(ctx, r)
	}
	return nil
}

// passHighest passes over ids that somebody wrote without the sequence.
func (s *LoadSink) passHighest(ctx context.Context, r *idRange) error {
	if s.target.Rows == 0 {
		return nil
	}
	rows, err := s.texts(ctx, "SELECT max("+ident(r.column)+")::VARCHAR FROM "+s.table.ident)
	if err != nil || rows[0][0] == "" {
		return err
	}
	highest, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err == nil && highest >= r.next {
		r.next += (highest - r.next + r.step) / r.step * r.step
	}
	return err
}

// sequenceOf reads the sequence's name out of a default such as nextval('"main"."leads_id_seq"').
func sequenceOf(expr string) (schema, name string) {
	_, text, _ := strings.Cut(expr, "nextval(")
	text = strings.Trim(text, "() ")
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "'"), "'")
	if s, n, ok := strings.Cut(text, "."); ok {
		schema, text = s, n
	}
	return strings.Trim(schema, `"`), strings.Trim(text, `"`)
}

// moveSequence draws the numbers that were given out, so that the next one is new.
func (s *LoadSink) moveSequence(ctx context.Context) error {
	r := s.ids
	if r == nil || r.next-r.step <= r.at {
		return nil
	}
	n := (r.next - r.step - r.at) / r.step
	_, err := s.texts(ctx, "SELECT max(nextval("+literal(r.sequence)+"))::VARCHAR FROM range("+strconv.FormatInt(n, 10)+")")
	return err
}
