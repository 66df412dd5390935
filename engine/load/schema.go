package load

import (
	"math"
	"slices"
	"strings"

	"pipewright/engine"
)

// Infer is the name of the schema that is read off the file itself.
const Infer = "infer"

// Schema is a kind of file that is known beforehand: the table it goes into, what each row must satisfy
// and by which columns a duplicate is known.
type Schema struct {
	Name  string
	Says  string // what its rows are, in a few words
	Table engine.TableSpec
	// Required columns must be in the file, and no cell of theirs may be empty.
	Required []string
	Rules    []Rule
}

// Statuses are the states of a lead, in the order of the funnel (session 1.4).
var Statuses = []string{"New", "Contacted", "Qualified", "Proposal Sent", "Converted", "Lost"}

const now = "CURRENT_TIMESTAMP"

func serial(name string) engine.ColumnSpec {
	return engine.ColumnSpec{Name: name, Type: engine.TypeInteger, NotNull: true, Primary: true, Serial: true}
}

func varchar(name string, length int) engine.ColumnSpec {
	return engine.ColumnSpec{Name: name, Type: engine.TypeVarchar, Length: length}
}

func typed(name string, t engine.DataType) engine.ColumnSpec {
	return engine.ColumnSpec{Name: name, Type: t}
}

func stamped(name string) engine.ColumnSpec {
	return engine.ColumnSpec{Name: name, Type: engine.TypeTimestamp, Default: now}
}

func notNull(c engine.ColumnSpec) engine.ColumnSpec {
	c.NotNull = true
	return c
}

func defaulted(c engine.ColumnSpec, sql string) engine.ColumnSpec {
	c.Default = sql
	return c
}

// schemas is the table of what is built in. Columns are the plan's (sessions 1.2, 2.1), rules 1.4's.
var schemas = []Schema{
	{
		Name: "leads",
		Says: "people who may become customers, one row for each e-mail address",
		Table: engine.TableSpec{
			Name: "leads",
			Columns: []engine.ColumnSpec{
				serial("id"),
				notNull(varchar("company_name", 255)),
				varchar("contact_person", 255),
				varchar("email", 255),
				varchar("industry", 100),
				defaulted(varchar("status", 50), "'New'"),
				stamped("created_at"),
			},
			Key: []string{"email"},
		},
		Required: []string{"company_name", "email"},
		Rules: []Rule{
			notBlank("company_name", "session 1.4"),
			email("email"),
			oneOf("status", "session 1.4", Statuses...),
		},
	},
	{
		Name: "companies",
		Says: "companies, one row for each name",
		Table: engine.TableSpec{
			Name: "companies",
			Columns: []engine.ColumnSpec{
				serial("id"),
				{Name: "name", Type: engine.TypeVarchar, Length: 255, NotNull: true, Unique: true},
				varchar("industry", 100),
				varchar("website", 255),
				stamped("created_at"),
			},
			Key: []string{"name"},
		},
		Required: []string{"name"},
		Rules:    []Rule{notBlank("name", "session 2.1")},
	},
	{
		Name: "interactions",
		Says: "what happened with a lead: e-mails, calls, meetings",
		Table: engine.TableSpec{
			Name: "interactions",
			Columns: []engine.ColumnSpec{
				serial("id"),
				typed("lead_id", engine.TypeInteger),
				varchar("interaction_type", 50),
				typed("notes", engine.TypeText),
				stamped("interaction_date"),
				typed("duration_minutes", engine.TypeInteger),
				varchar("outcome", 100),
			},
		},
		Required: []string{"lead_id", "interaction_type"},
		Rules: []Rule{
			oneOf("interaction_type", "session 2.1", "email", "call", "meeting"),
			within("duration_minutes", "session 6.2", 0, math.MaxInt64, "less than nothing"),
		},
	},
	{
		Name: "opportunities",
		Says: "deals that may be won",
		Table: engine.TableSpec{
			Name: "opportunities",
			Columns: []engine.ColumnSpec{
				serial("id"),
				typed("lead_id", engine.TypeInteger),
				typed("company_id", engine.TypeInteger),
				notNull(varchar("name", 255)),
				notNull(varchar("stage", 50)),
				{Name: "amount", Type: engine.TypeNumeric, Precision: 12, Scale: 2, Exact: true, NotNull: true},
				typed("probability", engine.TypeInteger),
				typed("close_date", engine.TypeDate),
				stamped("created_at"),
			},
		},
		Required: []string{"name", "stage", "amount"},
		Rules: []Rule{
			notBlank("name", "the CRM's tables"),
			oneOf("stage", "the CRM's tables", "Prospecting", "Qualification", "Proposal", "Closed Won", "Closed Lost"),
			within("amount", "the CRM's tables", 0, math.MaxInt64, "less than nothing"),
			within("probability", "the CRM's tables", 0, 100, "not between 0 and 100"),
		},
	},
	{
		Name: "history",
		Says: "the statuses that leads have had, with the time at which each began",
		Table: engine.TableSpec{
			Name: "lead_status_history",
			Columns: []engine.ColumnSpec{
				serial("id"),
				notNull(typed("lead_id", engine.TypeInteger)),
				notNull(varchar("status", 50)),
				notNull(typed("changed_at", engine.TypeTimestamp)),
			},
			Key: []string{"lead_id", "status", "changed_at"},
		},
		Required: []string{"lead_id", "status", "changed_at"},
		Rules:    []Rule{oneOf("status", "session 1.4", Statuses...)},
	},
}

// Schemas lists the built-in schemas.
func Schemas() []Schema { return slices.Clone(schemas) }

// Named finds a built-in schema by its name or that of its table.
func Named(name string) (Schema, bool) {
	for _, s := range schemas {
		if s.Name == name || s.Table.Name == name {
			return s, true
		}
	}
	return Schema{}, false
}

func unknownSchema(name string) error {
	names := make([]string, 0, len(schemas)+1)
	for _, s := range schemas {
		names = append(names, s.Name)
	}
	names = append(names, Infer)
	return &engine.Error{
		Kind: engine.Usage,
		What: "there is no schema named " + quoted(name),
		Next: "use one of " + strings.Join(names, ", "),
	}
}

// match finds the schema's columns in a header, by name, whatever the case and order. It gives the columns
// that the file has, in the schema's order, and for each its place in the file.
func (s *Schema) match(source string, header []string) (cols []engine.ColumnSpec, places []int, err error) {
	place := make(map[string]int, len(header))
	for i, h := range header {
		place[foldName(h)] = i
	}
	known := make(map[string]bool, len(s.Table.Columns))
	for _, c := range s.Table.Columns {
		name := foldName(c.Name)
		known[name] = true
		if i, ok := place[name]; ok {
			cols, places = append(cols, c), append(places, i)
		}
	}
	var strange, absent []string
	for _, h := range header {
		if !known[foldName(h)] {
			strange = append(strange, quoted(h))
		}
	}
	for _, r := range s.Required {
		if _, ok := place[foldName(r)]; !ok {
			absent = append(absent, quoted(r))
		}
	}
	switch {
	case len(absent) > 0:
		return nil, nil, s.mismatch(source, "the header has no "+listed("column", absent)+", which "+s.Name+" requires", header)
	case len(strange) > 0:
		return nil, nil, s.mismatch(source, s.Name+" has no "+listed("column", strange), header)
	}
	return cols, places, nil
}

func (s *Schema) mismatch(source, what string, header []string) error {
	names := make([]string, 0, len(s.Table.Columns))
	for _, c := range s.Table.Columns {
		if !c.Serial {
			names = append(names, c.Name)
		}
	}
	next := "the columns of " + s.Name + " are " + strings.Join(names, ", ") + "; mend the header, or load with --schema " + Infer
	if len(header) == 1 {
		next += "; the file seems to have a single column, so check its delimiter"
	}
	return &engine.Error{Kind: engine.Failed, What: what, Where: source, Next: next}
}

func foldName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// listed gives `column "a"` or `columns "a", "b" and 3 more`.
func listed(noun string, items []string) string {
	const most = 5
	if len(items) == 1 {
		return noun + " " + items[0]
	}
	if len(items) > most {
		return noun + "s " + strings.Join(items[:most], ", ") + " and " + count(int64(len(items)-most)) + " more"
	}
	return noun + "s " + strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}
