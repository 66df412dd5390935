package query_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/pgtest"
	"pipewright/engine/query"
)

// psql runs psql on a database, tuples only, with separators that no value holds.
func psql(t testing.TB, dsn, sql string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed here")
	}
	cmd := exec.Command(path, append([]string{dsn, "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x1d", "-v", "ON_ERROR_STOP=1"}, args...)...)
	cmd.Stdin = strings.NewReader(sql)
	cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return strings.TrimRight(string(out), "\x1e\n")
}

func plain(rows [][]engine.Cell) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, c := range row {
			if cells[j] = c.Text; c.Null {
				cells[j] = "\x1d"
			}
		}
		lines[i] = strings.Join(cells, "\x1f")
	}
	return strings.Join(lines, "\x1e")
}

// postgresValues are expressions of every common type.
var postgresValues = []string{
	"true", "false", "null::boolean", "1::smallint", "(-2147483648)::integer", "9223372036854775807::bigint",
	"0.1::real", "1e20::double precision", "'NaN'::float8", "'-Infinity'::real", "1.0::float8", "1e-7::float8",
	"12345678901234567.89::numeric", "1.500::numeric(10,3)", "'NaN'::numeric", "1e-20::numeric", "3.14::numeric(38,10)",
	"'x'::text", "'a b'::varchar(255)", "'ab'::char(5)", "'c'::\"char\"", "'n'::name", "''::text",
	"E'line\\nbreak\\ttab'::text", "'日本語 ü 😀'::text", "date '2024-02-29'", "date '0044-03-15 BC'", "'infinity'::date",
	"time '04:05:06.789'", "timetz '04:05:06+02'", "timestamp '2024-01-02 03:04:05.678901'", "timestamp(3) '2024-01-02 03:04:05.678901'",
	"timestamptz '2024-01-02 03:04:05+00'", "'-infinity'::timestamp", "interval '1 year 2 months 3 days 04:05:06.7'", "interval '-1 day'",
	"interval(2) '1.23456 s'", "'{\"a\":  1}'::json", "'{\"b\": [1, 2.50], \"a\": null}'::jsonb", "'\\xdeadbeef'::bytea", "''::bytea",
	"'550e8400-e29b-41d4-a716-446655440000'::uuid", "array[1,2,null]", "array['a','b c','d\"e',null,'']", "array[[1,2],[3,4]]", "'{}'::int[]",
	"'192.168.0.1/24'::inet", "'10.0.0.0/8'::cidr", "'08:00:2b:01:02:03'::macaddr", "point(1,2)", "'[1,5)'::int4range", "b'101'", "b'101'::varbit",
	"row(1,'a b',null)", "'pg_class'::regclass", "42::oid", "'1234.5'::money", "to_tsvector('the cats')", "'<a/>'::xml", "null",
	"'mood1'::mood", "7::positive", "'{mood1}'::mood[]", "12::numeric(5)", "current_schema", "'{x}'::varchar(10)[]",
}

func valuesQuery() string {
	list := make([]string, len(postgresValues))
	for i, v := range postgresValues {
		list[i] = fmt.Sprintf("%s as c%d", v, i)
	}
	return "select " + strings.Join(list, ", ")
}

const valuesSchema = "create type mood as enum ('mood1', 'mood2'); create domain positive as integer check (value > 0);"

func TestValuesAreWhatPsqlPrints(t *testing.T) {
	dsn := pgtest.Database(t)
	psql(t, dsn, valuesSchema)
	out := run(t, openPostgres(t, dsn), sqlOf(valuesQuery()), query.Options{})
	if out.err != nil {
		t.Fatal(out.err)
	}
	r := out.results[0]
	want := strings.Split(psql(t, dsn, valuesQuery()), "\x1f")
	types := strings.Split(psql(t, dsn, valuesQuery()+" \\gdesc"), "\x1e")
	for i, c := range r.rows[0] {
		if got := plain([][]engine.Cell{{c}}); got != want[i] {
			t.Errorf("%s: %q, psql prints %q", postgresValues[i], got, want[i])
		}
		if got := r.start.Columns[i].Name + "\x1f" + r.start.Columns[i].Type; got != types[i] {
			t.Errorf("%s: type %q, psql's \\gdesc says %q", postgresValues[i], got, types[i])
		}
	}
}

// Random values of the types whose text is most easily got wrong.
func TestRandomValuesAreWhatPsqlPrints(t *testing.T) {
	dsn := pgtest.Database(t)
	row := rapid.Custom(func(t *rapid.T) string {
		text := strings.NewReplacer("\x00", "", "'", "''", "\x1d", "", "\x1e", "", "\x1f", "").Replace(rapid.StringN(0, 20, -1).Draw(t, "text"))
		return fmt.Sprintf("(%d::bigint, '%v'::float8, '%v'::float4, %d::numeric / 1000, timestamp 'epoch' + interval '1 us' * %d, date 'epoch' + %d, '%s', array['%s', null], jsonb_build_object('k', '%s'::text), '%x'::bytea, %t)",
			max(rapid.Int64().Draw(t, "int"), -1<<62), rapid.Float64().Draw(t, "float"), rapid.Float32().Draw(t, "real"), rapid.Int32().Draw(t, "numeric"),
			rapid.Int64Range(-1<<55, 1<<57).Draw(t, "ts"), rapid.Int32Range(-700000, 2000000).Draw(t, "date"), text, text, text,
			rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "bytes"), rapid.Bool().Draw(t, "bool"))
	})
	var rows []string
	for seed := range 400 {
		rows = append(rows, strings.ReplaceAll(row.Example(seed), "Inf", "Infinity"))
	}
	sql := "select * from (values " + strings.Join(rows, ",\n") + ") v"
	out := run(t, openPostgres(t, dsn), sqlOf(sql), query.Options{})
	if out.err != nil {
		t.Fatal(out.err)
	}
	got, want := strings.Split(plain(out.results[0].rows), "\x1e"), strings.Split(psql(t, dsn, sql), "\x1e")
	if len(got) != len(want) {
		t.Fatalf("%d rows, psql has %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s\n got  %q\n psql %q", rows[i], got[i], want[i])
		}
	}
}

func TestPsqlAgreesOnWholeTables(t *testing.T) {
	dsn := pgtest.Database(t)
	sql := `select i, i * 1.1 as n, case when i % 7 = 0 then null else md5(i::text) end as h, i % 2 = 0 as b,
		timestamp '2024-01-01' + i * interval '37 minutes' as ts, repeat('x', i % 50) as x from generate_series(1, 2500) i order by i`
	out := run(t, openPostgres(t, dsn), sqlOf(sql), query.Options{})
	if out.err != nil {
		t.Fatal(out.err)
	}
	if got, want := plain(out.results[0].rows), psql(t, dsn, sql); got != want {
		t.Error("the rows are not those that psql prints")
	}
}

func TestPostgresErrorsStandWherePsqlSays(t *testing.T) {
	dsn := pgtest.Database(t)
	c := openPostgres(t, dsn)
	long := "select " + strings.Repeat("1 as one_more_column, ", 20) + "nam, " + strings.Repeat("2 as another_column, ", 20) + "3 from t"
	for _, sql := range []string{"selec 1", "select nam from pg_class", "select 1,\n\tnam\nfrom pg_class", "select 'ü日本', x", long,
		"select * from nope", "select 1 from pg_class where", "select 'x'::int", "select f(1)", "create function f() returns int language sql as 'select nope'",
		"select 'never closed", "insert into pg_class values (1,2,", "\nselect 1 +\n\n  bad\n"} {
		out := run(t, c, sqlOf(sql), query.Options{})
		e, ok := told(out.err)
		if !ok || e.SQLState == "" || e.Kind != engine.Failed {
			t.Errorf("%q: %#v", sql, out.err)
			continue
		}
		if got, want := query.Caret(e.SQL, e.Position), psqlCaret(t, dsn, strings.Trim(sql, " \n")); got != want {
			t.Errorf("%q: the caret is\n%s psql's is\n%s", sql, got, want)
		}
	}
}

// psqlCaret is what psql prints of an error's place.
func psqlCaret(t *testing.T, dsn, sql string) string {
	t.Helper()
	path, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed here")
	}
	out, _ := exec.Command(path, dsn, "-X", "-q", "-c", sql).CombinedOutput() // it fails, that is the point
	lines := strings.SplitAfter(string(out), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "LINE ") && i+1 < len(lines) {
			return l + lines[i+1]
		}
	}
	return string(out)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		for sql, at := range map[string]string{"select 'ü', nope from (select 1 as a) t": "nope", "select * from missing_table": "missing_table",
			"selec 1": "selec", "select 1;\n select 2 +;": ""} {
			out := run(t, c, sqlOf(sql), query.Options{})
			e, ok := told(out.err)
			if !ok || e.What == "" || e.Next == "" || strings.Contains(e.What, "\n") || strings.Contains(e.What, "{") {
				t.Errorf("%q: %#v", sql, out.err)
				continue
			}
			if at != "" && !strings.HasPrefix(string([]rune(e.SQL)[e.Position-1:]), at) {
				t.Errorf("%q: position %d", sql, e.Position)
			}
			if e.Position < 1 || e.Position > utf8.RuneCountInString(e.SQL)+1 {
				t.Errorf("%q: position %d is outside", sql, e.Position)
			}
			t.Logf("%v\n%s", e, query.Caret(e.SQL, e.Position))
		}
	})
}

func TestEarlierResultsStay(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		out := run(t, c, sqlOf("create table t (a int); insert into t values (1); select a from t; select nope; insert into t values (2)"), query.Options{})
		if out.err == nil || len(out.results) != 3 || !out.results[2].ended {
			t.Fatalf("%d results, %v", len(out.results), out.err)
		}
		out = run(t, c, sqlOf("select count(*) from t"), query.Options{})
		if out.err != nil || texts(out.results[0].rows) != "1" {
			t.Errorf("%v %v", out.results, out.err)
		}
	})
}

func TestTransactions(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		out := run(t, c, sqlOf("create table t (a int); begin; insert into t values (1); rollback; begin; insert into t values (2); commit; begin; insert into t values (3)"), query.Options{})
		if out.err != nil || len(out.notes) != 1 || c.InTransaction() {
			t.Fatalf("%v, notes %q", out.err, out.notes)
		}
		out = run(t, c, sqlOf("begin; insert into t values (4); select nope"), query.Options{})
		if out.err == nil {
			t.Fatal("no error")
		}
		out = run(t, c, sqlOf("select a from t order by a"), query.Options{})
		if out.err != nil || texts(out.results[0].rows) != "2" {
			t.Errorf("%v %v", out.results, out.err)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		for sql, want := range map[string]string{
			"":                                    "there is no SQL",
			" -- nothing\n;":                      "there is no SQL",
			`\dt`:                                 `\dt is a command of psql`,
			"copy pg_class to stdout":             "COPY … TO STDOUT",
			"copy t from stdin with (format csv)": "COPY … FROM STDIN",
			"copy (select 1) to stdout":           "COPY … TO STDOUT",
			".tables":                             ".tables is a command of DuckDB's shell",
			"select $1":                           "no value for the parameter",
			"select 1\x00":                        "NUL",
		} {
			out := run(t, c, sqlOf(sql), query.Options{})
			if e, ok := told(out.err); !ok || !strings.Contains(e.What, want) || e.Next == "" || len(out.results) != 0 {
				t.Errorf("%q: %v", sql, out.err)
			}
		}
	})
}

func TestSplitAgreesWithServers(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		run(t, c, sqlOf("create table t (a int)"), query.Options{})
		for _, text := range []string{`select ';' ; select 'it''s;' ;`, "select E'a\\';b'; select 2", `select 'a\'; select 2`,
			`select 1 as "a;""b"; select 2`, "select $$;$$; select $a$ $$ ; $b$ $a$; select 2", "select 1 as a$b$; select 2 as c$b$",
			"select 1 -- ;\n; select 2", "select 1 /* ; */; select 2", "select 2*/* ; */3; select 1--;\n", "select 1;;; select 2",
			"select 1e2; select 2", "select (select ';'); select 2",
		} {
			if out := run(t, c, sqlOf(text), query.Options{}); out.err != nil {
				t.Errorf("%q: %v", text, out.err)
			} else if want := strings.Count(psqlLess(text), "select"); len(out.results) != want {
				t.Errorf("%q: %d results", text, len(out.results))
			}
		}
		if c.Backend() != engine.Postgres {
			return
		}
		for _, text := range []string{"select E'a'\n'\\';b'; select 2", `select U&'d\0061;' ; select 2`, "select 1 /* ; /* ; */ ; */; select 2",
			"create rule r as on insert to t do also (select 1; select 2); select 3",
			"create or replace function f() returns int language sql begin atomic select 1; select case when true then 2 end; end; select f()",
			"do $x$ begin perform 1; raise notice 'hello; you'; end $x$; select 1", "select $é1$;$é1$; select 2"} {
			if out := run(t, c, sqlOf(text), query.Options{}); out.err != nil || len(out.results) != 2 {
				t.Errorf("%q: %d results, %v", text, len(out.results), out.err)
			}
		}
	})
}

// psqlLess is a text without the parenthesised selects, which are no statements.
func psqlLess(s string) string { return strings.ReplaceAll(s, "(select", "(") }

func TestStatementsThatLookLikeOthers(t *testing.T) {
	c := openPostgres(t, pgtest.Database(t))
	out := run(t, c, sqlOf(`(select '\n' as a); select from generate_series(1, 3); (values (1)); select 1 /* \d */; table pg_am limit 0; with x as (select 1) select * from x`), query.Options{})
	if out.err != nil || len(out.results) != 6 || texts(out.results[0].rows) != `\n` || out.results[1].end.RowCount != 3 || len(out.results[1].start.Columns) != 0 {
		t.Errorf("%+v %v", out.results, out.err)
	}
	out = run(t, c, exportOf("select from generate_series(1, 3)", engine.FormatCSV, t.TempDir()+"/x.csv"), query.Options{})
	if out.err == nil {
		t.Error("an export without a column")
	}
}

func TestNotices(t *testing.T) {
	c := openPostgres(t, pgtest.Database(t))
	out := run(t, c, sqlOf("do $$ begin raise notice 'hello %', 1; raise warning 'careful' using hint = 'look'; end $$; drop table if exists nope"), query.Options{})
	if want := `["NOTICE: hello 1" "WARNING: careful (look)" "NOTICE: table \"nope\" does not exist, skipping"]`; out.err != nil || fmt.Sprintf("%q", out.notes) != want {
		t.Errorf("%q %v", out.notes, out.err)
	}
}

func TestFunctionErrorsNameTheirPlace(t *testing.T) {
	c := openPostgres(t, pgtest.Database(t))
	out := run(t, c, sqlOf("create function f() returns int language plpgsql as $$ begin return (select nope); end $$; select f()"), query.Options{})
	e, ok := told(out.err)
	if !ok || !strings.Contains(e.Where, "PL/pgSQL function f()") || !strings.HasPrefix(string([]rune(e.SQL)[max(e.Position-1, 0):]), "nope") {
		t.Errorf("%#v", out.err)
	}
	out = run(t, c, sqlOf("create table t (a int primary key); insert into t values (1); insert into t values (1)"), query.Options{})
	if e, ok := told(out.err); !ok || e.SQLState != "23505" || !strings.Contains(e.What, "(a)=(1)") || e.Next == "" {
		t.Errorf("%v", out.err)
	}
}

func TestALostConnection(t *testing.T) {
	dsn := pgtest.Database(t)
	c, other := openPostgres(t, dsn), openPostgres(t, dsn)
	seen, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		<-seen
		run(t, other, sqlOf(fmt.Sprintf("select pg_terminate_backend(%d)", c.PID())), query.Options{})
	}()
	err := query.Run(context.Background(), c, sqlOf("select i, pg_sleep(0.01) from generate_series(1, 1000) i"), query.Options{}, func(e engine.Event) error {
		if _, ok := e.(engine.ResultStart); ok {
			close(seen)
		}
		return nil
	})
	<-ended
	if e, ok := told(err); !ok || e.Kind != engine.Unavailable || e.Next == "" {
		t.Errorf("%#v", err)
	}
	if e, ok := told(run(t, c, sqlOf("select 1"), query.Options{}).err); !ok || e.Kind != engine.Unavailable {
		t.Errorf("the next statement: %v", e)
	}
}
