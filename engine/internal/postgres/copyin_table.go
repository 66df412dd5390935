package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pipewright/engine"
)

// Limits of PostgreSQL's tables (its manual, appendix K).
const (
	maxColumns = 1600
	maxName    = 63 // bytes
)

// loadTable is the table that is loaded.
type loadTable struct {
	schema, name string
	ident        string // quoted, for SQL
	oid          string
	kind         string // pg_class.relkind
	exclusive    bool   // readers are locked out as well
	emptied      bool   // by TRUNCATE, in this transaction
	cleared      bool   // its old rows are gone
	columns      []tableColumn
}

// tableColumn is one column as the catalogue has it.
type tableColumn struct {
	spec      engine.ColumnSpec
	encoder   fieldEncoder
	known     bool   // encoder is right for it
	shown     string // its type for people
	expr      string // of its default
	identity  bool
	generated bool
	sequence  string // that a serial or identity column owns, quoted
}

func checkNames(t *engine.TableSpec) error {
	if n := len(t.Columns); n > maxColumns {
		return &engine.Error{
			Kind: engine.Failed, What: fmt.Sprintf("the file has %d columns, and a PostgreSQL table holds at most %d", n, maxColumns),
			Where: t.Name, Next: "check the delimiter, or split the file",
		}
	}
	for _, c := range t.Columns {
		if len(c.Name) > maxName {
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the column name %q is longer than the %d bytes that PostgreSQL keeps", c.Name, maxName),
				Where: t.Name, Next: "give the column a shorter name",
			}
		}
	}
	if len(t.Name) > 2*maxName+1 || strings.IndexByte(t.Name, 0) >= 0 {
		return &engine.Error{
			Kind: engine.Usage, What: fmt.Sprintf("%.80q is no name for a table", t.Name), Next: "use at most 63 letters, digits and underscores",
		}
	}
	return nil
}

// findTable looks the table up, and makes it when it is not there.
func (s *LoadSink) findTable(ctx context.Context) error {
	t := &s.table
	t.name = s.plan.Spec.Name
	if schema, name, ok := strings.Cut(t.name, "."); ok {
		t.schema, t.name = schema, name
	}
	found, err := s.lookUp(ctx)
	if err != nil || found {
		return err
	}
	if err := s.createTable(ctx); err != nil {
		return err
	}
	s.target.Created = true
	if found, err = s.lookUp(ctx); err == nil && !found {
		err = &engine.Error{Kind: engine.Failed, What: "the table was made and cannot be found", Where: s.plan.Spec.Name}
	}
	return err
}

func (s *LoadSink) lookUp(ctx context.Context) (bool, error) {
	t := &s.table
	rows, err := s.query(ctx, `select c.oid, n.nspname, c.relkind, c.oid::regclass::text
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relname = $1 and (n.nspname = $2 or $2 = '' and pg_table_is_visible(c.oid))`, t.name, t.schema)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	t.oid, t.schema, t.kind = string(rows[0][0]), string(rows[0][1]), string(rows[0][2])
	t.ident = ident(t.schema) + "." + ident(t.name)
	s.target.Name = string(rows[0][3])
	if t.kind != "r" && t.kind != "p" {
		kinds := map[string]string{"v": "a view", "m": "a materialized view", "i": "an index", "S": "a sequence", "f": "a foreign table", "c": "a type"}
		return false, &engine.Error{
			Kind: engine.Failed, What: "it is " + kinds[t.kind] + " and not a table", Where: s.target.Name, Next: "name another table with --table",
		}
	}
	return true, nil
}

func (s *LoadSink) createTable(ctx context.Context) error {
	t := &s.table
	if t.schema == "" {
		rows, err := s.query(ctx, "select current_schema()")
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0][0] == nil {
			return &engine.Error{Kind: engine.Failed, What: "no schema of the search_path exists", Where: t.name, Next: "write the table as schema.table"}
		}
		t.schema = string(rows[0][0])
	}
	err := s.exec(ctx, "CREATE TABLE "+ident(t.schema)+"."+ident(t.name)+" (\n  "+columnsSQL(s.plan.Spec.Columns)+"\n)")
	if pg := asPgError(err); pg != nil {
		switch pg.Code {
		case "3F000":
			return &engine.Error{Kind: engine.Failed, What: "there is no schema named " + strconv.Quote(t.schema), Where: s.plan.Spec.Name, Next: "create it, or leave it out", SQLState: pg.Code, Err: err}
		case "42P07", "23505", "42710":
			return &engine.Error{Kind: engine.Failed, What: "another session made the table at the same time", Where: s.plan.Spec.Name, Next: "load again", SQLState: pg.Code, Err: err}
		}
	}
	return err
}

// columnsSQL is the list of a CREATE TABLE.
func columnsSQL(columns []engine.ColumnSpec) string {
	lines := make([]string, len(columns))
	for i, c := range columns {
		line := ident(c.Name) + " " + typeSQL(c)
		if c.NotNull && !c.Primary {
			line += " NOT NULL"
		}
		if c.Default != "" {
			line += " DEFAULT " + c.Default
		}
		if c.Primary {
			line += " PRIMARY KEY"
		}
		if c.Unique {
			line += " UNIQUE"
		}
		lines[i] = line
	}
	return strings.Join(lines, ",\n  ")
}

func typeSQL(c engine.ColumnSpec) string {
	switch {
	case c.Serial && c.Type == engine.TypeBigint:
		return "bigserial"
	case c.Serial:
		return "serial"
	case c.Type == engine.TypeNumeric && c.Exact:
		return fmt.Sprintf("numeric(%d,%d)", c.Precision, c.Scale)
	case c.Type == engine.TypeVarchar && c.Length > 0:
		return "varchar(" + strconv.Itoa(c.Length) + ")"
	}
	return string(c.Type)
}

// lockTable keeps other writers out until the end, so that the keys that are read stay all there are.
func (s *LoadSink) lockTable(ctx context.Context) error {
	mode := "SHARE ROW EXCLUSIVE"
	if s.plan.Mode == engine.Replace {
		mode = "ACCESS EXCLUSIVE"
		s.table.exclusive = true
	}
	return s.exec(ctx, "LOCK TABLE "+s.table.ident+" IN "+mode+" MODE")
}

const columnsQuery = `select a.attname, a.attnotnull, coalesce(b.typname, t.typname), coalesce(b.typtype, t.typtype),
	case when t.typtype = 'd' then t.typtypmod else a.atttypmod end, format_type(a.atttypid, a.atttypmod),
	a.attidentity <> '', a.attgenerated <> '', pg_get_expr(d.adbin, d.adrelid),
	coalesce(pg_get_serial_sequence($2, a.attname), ''),
	exists (select from pg_index i where i.indrelid = a.attrelid and i.indisprimary and i.indkey[0] = a.attnum)
	from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
	left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
	where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`

// readColumns finds the plan's columns in the table.
func (s *LoadSink) readColumns(ctx context.Context) error {
	rows, err := s.query(ctx, columnsQuery, s.table.oid, s.table.ident)
	if err != nil {
		return err
	}
	byName := map[string]*tableColumn{}
	for _, r := range rows {
		c := describeColumn(r)
		s.table.columns = append(s.table.columns, c)
	}
	for i := range s.table.columns {
		byName[s.table.columns[i].spec.Name] = &s.table.columns[i]
	}
	planned := map[string]bool{}
	for _, name := range s.plan.Columns {
		c := byName[name]
		switch {
		case c == nil:
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the table has no column %q, which the file has", name), Where: s.target.Name,
				Next: fmt.Sprintf("add it (ALTER TABLE %s ADD COLUMN %s …), or load into another table", s.target.Name, ident(name)),
			}
		case c.generated:
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the column %q is computed by the database and cannot be loaded", name), Where: s.target.Name,
				Next: "leave it out of the file",
			}
		case !c.known:
			c.spec.Type = engine.DataType(c.shown)
		}
		planned[name] = true
		s.target.Columns = append(s.target.Columns, c.spec)
		s.fields = append(s.fields, c.encoder)
	}
	for _, c := range s.table.columns {
		if c.spec.NotNull && c.expr == "" && !c.identity && !c.generated && !planned[c.spec.Name] {
			return &engine.Error{
				Kind: engine.Failed, What: fmt.Sprintf("the table's column %q must be filled, has no default, and is not in the file", c.spec.Name),
				Where: s.target.Name, Next: "add it to the file, or give it a default",
			}
		}
	}
	return nil
}

// describeColumn reads one row of columnsQuery.
func describeColumn(r [][]byte) tableColumn {
	yes := func(b []byte) bool { return string(b) == "t" }
	mod, _ := strconv.Atoi(string(r[4])) // always a number
	c := tableColumn{
		spec:     engine.ColumnSpec{Name: string(r[0]), NotNull: yes(r[1]), Primary: yes(r[10])},
		shown:    string(r[5]),
		identity: yes(r[6]), generated: yes(r[7]), sequence: string(r[9]), known: true,
	}
	if !c.generated {
		c.expr = string(r[8])
		c.spec.Default = c.expr
	}
	c.spec.Serial = c.sequence != ""
	switch name := string(r[2]); {
	case name == "text" || name == "citext" || string(r[3]) == "e":
		c.spec.Type = engine.TypeText
	case name == "varchar" || name == "bpchar":
		c.spec.Type = engine.TypeVarchar
		c.spec.Length = max(0, mod-4)
	case name == "numeric":
		c.spec.Type, c.encoder = engine.TypeNumeric, asNumeric
		if mod >= 4 {
			// numeric_send's typmod: precision in the high half, an 11-bit signed scale in the low one.
			c.spec.Precision, c.spec.Scale = (mod-4)>>16, ((mod-4)&0x7ff^1024)-1024
		}
	default:
		known := map[string]struct {
			t engine.DataType
			e fieldEncoder
		}{
			"bool": {engine.TypeBoolean, asBool}, "int2": {engine.TypeSmallint, asInt2}, "int4": {engine.TypeInteger, asInt4},
			"int8": {engine.TypeBigint, asInt8}, "float8": {engine.TypeDouble, asFloat8}, "date": {engine.TypeDate, asDate},
			"timestamp": {engine.TypeTimestamp, asTimestamp}, "timestamptz": {engine.TypeTimestamptz, asTimestamp},
		}
		k, ok := known[name]
		c.spec.Type, c.encoder, c.known = k.t, k.e, ok
		if (name == "timestamp" || name == "timestamptz") && mod >= 0 && mod < 6 {
			c.known = false // it rounds
		}
	}
	return c
}

// clearTable removes the old rows for replace. TRUNCATE cannot be used on a table that others refer to; then
// the rows are deleted, unless that would change the other tables too.
func (s *LoadSink) clearTable(ctx context.Context) error {
	if s.plan.Mode != engine.Replace || s.target.Created {
		return nil
	}
	refs, err := s.query(ctx, `select conrelid::regclass::text, confdeltype from pg_constraint
		where contype = 'f' and confrelid = $1::oid and conrelid <> confrelid`, s.table.oid)
	if err != nil {
		return err
	}
	s.table.cleared = true
	if len(refs) == 0 {
		s.table.emptied = true
		return s.exec(ctx, "TRUNCATE TABLE "+s.table.ident)
	}
	for _, r := range refs {
		if rule := string(r[1]); rule != "a" && rule != "r" {
			return &engine.Error{
				Kind:  engine.Failed,
				What:  "rows of " + string(r[0]) + " refer to this table and would be changed with it (ON DELETE)",
				Where: s.target.Name, Next: "load with --mode upsert, or empty " + string(r[0]) + " first",
			}
		}
	}
	err = s.exec(ctx, "DELETE FROM "+s.table.ident)
	if pg := asPgError(err); pg != nil && pg.Code == "23503" {
		return &engine.Error{
			Kind: engine.Failed, What: "rows of " + pg.TableName + " refer to rows of this table, so they cannot be replaced",
			Where: s.target.Name, Next: "load with --mode upsert, or empty " + pg.TableName + " first", SQLState: pg.Code, Err: err,
		}
	}
	return err
}

// countRows says whether rows stay in the table; how many is not worth a scan.
func (s *LoadSink) countRows(ctx context.Context) error {
	if s.target.Created || s.table.cleared {
		return nil
	}
	rows, err := s.query(ctx, "select 1 from "+s.table.ident+" limit 1")
	if err == nil {
		s.target.Rows = int64(len(rows))
	}
	return err
}
