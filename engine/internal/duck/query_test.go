package duck

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipewright/engine"
)

func openConn(t testing.TB) *QueryConn {
	t.Helper()
	d := New(Options{Path: filepath.Join(t.TempDir(), "crm_dev.duckdb")})
	q, err := d.QueryConn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = q.Close()
		d.Close()
	})
	return q
}

// gathered is a statement's whole result.
func gathered(q *QueryConn, sql string) (columns []engine.Column, rows [][]engine.Cell, err error) {
	_, err = q.Stream(context.Background(), sql, 0, func(c []engine.Column) error { columns = c; return nil },
		func(b [][]engine.Cell) error { rows = append(rows, b...); return nil })
	return columns, rows, err
}

// duckValues are expressions with what DuckDB's shell shows of them.
var duckValues = []struct{ sql, want string }{
	{"true", "true"}, {"1::tinyint", "1"}, {"170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727"},
	{"1.5::double", "1.5"}, {"1e20::double", "1e+20"}, {"'nan'::float", "nan"}, {"0.1::float", "0.1"}, {"12345678901234567.89::decimal(20,2)", "12345678901234567.89"},
	{"1.10", "1.10"}, {"'x'", "x"}, {"''", ""}, {"'日本 😀 ' || repeat('x', 20)", "日本 😀 xxxxxxxxxxxxxxxxxxxx"},
	{"date '2024-02-29'", "2024-02-29"}, {"time '04:05:06.789'", "04:05:06.789"}, {"timestamp '2024-01-02 03:04:05.678901'", "2024-01-02 03:04:05.678901"},
	{"timestamp_s '2024-01-02 03:04:05'", "2024-01-02 03:04:05"}, {"timestamp_ns '2024-01-02 03:04:05.123456789'", "2024-01-02 03:04:05.123456789"},
	{"timestamptz '2024-01-02 03:04:05+00'", "2024-01-02 03:04:05+00"}, {"interval '1 year 2 days 3 hours'", "1 year 2 days 03:00:00"},
	{"'550e8400-e29b-41d4-a716-446655440000'::uuid", "550e8400-e29b-41d4-a716-446655440000"}, {`'\x00ab'::blob`, `\x00ab`},
	{"'bb'::enum('a','bb')", "bb"}, {"[1, 2, null]", "[1, 2, NULL]"}, {"['a', 'b c', 'd,e']", "[a, b c, 'd,e']"}, {"{'a': 1, 'B c': 'x'}", "{'a': 1, 'B c': x}"},
	{"map {'k': 1}", "{k=1}"}, {"[1,2,3]::int[3]", "[1, 2, 3]"}, {"union_value(num := 2)", "2"}, {"'0101'::bit", "0101"}, {`'{"a":  1}'::json`, `{"a":  1}`},
	{"null", "∅"}, {"null::int[]", "∅"}, {"[{'a': [1]}]", "[{'a': [1]}]"}, {"timetz '04:05:06+02'", "04:05:06+02"}, {"'12345678901234567890123456789012345678901234567890'::bignum", "12345678901234567890123456789012345678901234567890"},
	{"1::utinyint", "1"}, {"18446744073709551615::ubigint", "18446744073709551615"}, {"'infinity'::date", "infinity"},
}

func show(c engine.Cell) string {
	if c.Null {
		return "∅"
	}
	return c.Text
}

func TestValuesAsTheShellShowsThem(t *testing.T) {
	q := openConn(t)
	exec1(t, q, "set timezone = 'UTC'")
	var list []string
	for i, v := range duckValues {
		list = append(list, fmt.Sprintf("%s as c%d", v.sql, i))
	}
	sql := "select " + strings.Join(list, ", ")
	columns, rows, err := gathered(q, sql)
	if err != nil {
		t.Fatal(err)
	}
	described := exec1(t, q, "describe "+sql)
	for i, v := range duckValues {
		if got := show(rows[0][i]); got != v.want {
			t.Errorf("%s: %q, want %q", v.sql, got, v.want)
		}
		if columns[i].Type != described[i][1].Text || columns[i].Name != described[i][0].Text {
			t.Errorf("%s: type %s, DESCRIBE says %s", v.sql, columns[i].Type, described[i][1].Text)
		}
	}
	// The same through a statement that cannot be wrapped in casts.
	exec1(t, q, "create table held as "+sql)
	_, again, err := gathered(q, "insert into held "+sql+" returning *")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range duckValues {
		if got := show(again[0][i]); got != v.want {
			t.Errorf("returning %s: %q, want %q", v.sql, got, v.want)
		}
	}
}

func TestKinds(t *testing.T) {
	q := openConn(t)
	columns, _, err := gathered(q, "select 1, 1.5, true, date '2024-01-01', '{}'::json, 'a'::blob, 'x', [1], interval '1 day'")
	if err != nil {
		t.Fatal(err)
	}
	want := []engine.ValueKind{engine.NumberValue, engine.NumberValue, engine.BoolValue, engine.TimeValue, engine.JSONValue, engine.BytesValue, engine.TextValue, engine.TextValue, engine.TimeValue}
	for i, c := range columns {
		if c.Kind != want[i] {
			t.Errorf("%s: kind %d", c.Type, c.Kind)
		}
	}
}

// Every value reads as DuckDB's own cast to text reads it, whatever the statement's form.
func TestValuesAgreeWithCasts(t *testing.T) {
	q := openConn(t)
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64().Draw(t, "number")
		text := strings.ReplaceAll(strings.ReplaceAll(rapid.StringN(0, 40, -1).Draw(t, "text"), "\x00", ""), "'", "''")
		values := []string{fmt.Sprintf("(%d)::bigint", number), fmt.Sprintf("((%d)::double / 1000)", number), fmt.Sprintf("((%d)::hugeint * 1000003)", number),
			"'" + text + "'", fmt.Sprintf("['%s', null]", text), fmt.Sprintf("{'k': '%s', 'n': %d}", text, number),
			fmt.Sprintf("((%d)::decimal(38,3) / 7)", number), fmt.Sprintf("make_timestamp((%d)::bigint)", number/1000)}
		var casts []string
		for _, v := range values {
			casts = append(casts, v+"::varchar")
		}
		_, got, err := gathered(q, "select "+strings.Join(values, ", "))
		if err != nil {
			t.Fatal(err)
		}
		_, want, err := gathered(q, "select "+strings.Join(casts, ", "))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v\n%v", got, want)
		}
	})
}

func TestOrderIsKept(t *testing.T) {
	q := openConn(t)
	exec1(t, q, "create table t as select i, hash(i) as h from range(400000) t(i)")
	last, n := "", 0
	_, err := q.Stream(context.Background(), "select lpad(h::varchar, 20, '0'), i from t order by h -- the order of a subquery\n", 0,
		func([]engine.Column) error { return nil }, func(rows [][]engine.Cell) error {
			for _, r := range rows {
				if n++; r[0].Text < last {
					return fmt.Errorf("row %d is out of order", n)
				}
				last = r[0].Text
			}
			return nil
		})
	if err != nil || n != 400000 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestStatementsOfEachForm(t *testing.T) {
	q := openConn(t)
	exec1(t, q, "create table t (a int, b int[]); insert into t values (1, [1]), (2, null)")
	for _, c := range []struct{ sql, want string }{
		{"from t", "1|[1]/2|∅"},
		{"table t", "1|[1]/2|∅"},
		{"values (1, 'x'), (2, null)", "1|x/2|∅"},
		{"with x as (from t) select a from x", "1/2"},
		{"(select a from t)", "1/2"},
		{"select a from t limit 1", "1"},
		{"show tables", "t"},
		{"pivot (select a from t) on a using count(*)", "1|1"},
		{"update t set a = a + 10 returning b, a", "[1]|11/∅|12"},
		{"delete from t where a = 12 returning a", "12"},
		{"select 1 as a, 2 as a", "1|2"},
		{"select column_name from (describe t)", "a/b"},
		{"pragma table_info('t')", "0|a|INTEGER|false|∅|false/1|b|INTEGER[]|false|∅|false"},
		{"select 'a' from range(3)", "a/a/a"},
		{"call pragma_version()", ""},
		{"explain select 1", ""},
		{"explain analyze select 1", ""},
		{"checkpoint", ""},
		{"set threads = 1", ""},
	} {
		sql, want := c.sql, c.want
		_, rows, err := gathered(q, sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var lines []string
		for _, r := range rows {
			var cells []string
			for _, c := range r {
				cells = append(cells, show(c))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
		if got := strings.Join(lines, "/"); want != "" && got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

func TestCopyDoesNotWriteOverTheScreen(t *testing.T) {
	q := openConn(t)
	if _, _, err := gathered(q, "copy (select 1) to '/dev/stdout'"); err == nil || !strings.Contains(err.Error(), "own input and output") {
		t.Errorf("%v", err)
	}
	path := filepath.Join(t.TempDir(), "x.csv")
	if _, _, err := gathered(q, "copy (select 1 as a) to '"+path+"'"); err != nil {
		t.Error(err)
	}
	if rows := exec1(t, q, "from '"+path+"'"); rows[0][0].Text != "1" {
		t.Error(rows)
	}
}

func TestErrorsWithinAStream(t *testing.T) {
	q := openConn(t)
	sql := "select ('ü' || i)::int from range(300000) t(i) where i > 299998"
	for _, sql := range []string{sql, "select [i, (case when i = 250000 then 'x' else '1' end)::int] from range(300000) t(i)"} {
		_, _, err := gathered(q, sql)
		e, ok := told(err)
		if !ok || e.What == "" || e.Next == "" || e.SQL != sql {
			t.Errorf("%#v", err)
			continue
		}
		if at := string([]rune(sql)[max(e.Position-1, 0):]); !strings.HasPrefix(at, "::int") && !strings.HasPrefix(at, "(") {
			t.Errorf("%v at %q", e, at)
		}
	}
	exec1(t, q, "set errors_as_json = false")
	if _, _, err := gathered(q, "select nope"); err == nil || strings.Contains(err.Error(), "LINE") || !strings.Contains(err.Error(), "nope") {
		t.Errorf("%v", err)
	}
}
