package query_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipewright/engine"
	"pipewright/engine/internal/duck"
	"pipewright/engine/internal/postgres/pgtest"
	"pipewright/engine/query"
)

// withParquet is what the lab gives.
var withParquet = query.Options{Parquet: func() query.ParquetWriter { return duck.NewParquetWriter() }}

func exportOf(sql string, format engine.ExportFormat, path string) engine.RunQuery {
	return engine.RunQuery{SQL: sql, Export: &engine.Export{Format: format, Path: path}}
}

// files are the names in a folder.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

const awkward = `select * from (values (1, 'plain', null), (2, '', 'a,b'), (3, 'say "hi"', E'two\nlines'), (4, null, E'cr\rhere'), (5, '\.', ' blanks ')) v(id, "a name", x)`

func TestCSVIsWhatCopyWrites(t *testing.T) {
	dsn := pgtest.Database(t)
	c := openPostgres(t, dsn)
	dir := t.TempDir()
	for i, sql := range []string{awkward, `select '\.' as a union all select '' union all select null`, "select 1 as a where false", "select 1 as a, 2 as a", valuesQueryPlain()} {
		ours, theirs := filepath.Join(dir, fmt.Sprintf("new/folder/%d.csv", i)), filepath.Join(dir, fmt.Sprintf("%d-psql.csv", i))
		out := run(t, c, exportOf(sql, engine.FormatCSV, ours), query.Options{})
		if out.err != nil || out.results[0].end.Exported != ours {
			t.Fatalf("%v %+v", out.err, out.results)
		}
		psql(t, dsn, fmt.Sprintf(`copy (%s) to stdout csv header`, sql), "-o", theirs, "-f", "-")
		a, err := os.ReadFile(ours)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s\n%q\n\\copy writes\n%q", sql, a, b)
		}
		if info, err := os.Stat(ours); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("mode %v %v", info.Mode(), err)
		}
	}
	if got := files(t, filepath.Join(dir, "new/folder")); len(got) != 5 {
		t.Errorf("files left: %q", got)
	}
}

// valuesQueryPlain is valuesQuery without the types of a test's own.
func valuesQueryPlain() string {
	var list []string
	for i, v := range postgresValues {
		if !strings.Contains(v, "mood") && !strings.Contains(v, "positive") {
			list = append(list, fmt.Sprintf("%s as c%d", v, i))
		}
	}
	return "select " + strings.Join(list, ", ")
}

func TestJSONLines(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		path := filepath.Join(t.TempDir(), "out.jsonl")
		out := run(t, c, exportOf(`select 1 as n, 12345678901234567.89::decimal(20,2) as d, true as b, null as z, 'a"b' as t, 'NaN'::float as nan,
			'{"k": [1, 2]}'::json as j, date '2024-01-02' as day, 2 as n`, engine.FormatJSONLines, path), query.Options{})
		if out.err != nil {
			t.Fatal(out.err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"n":1,"d":12345678901234567.89,"b":true,"z":null,"t":"a\"b","nan":"NaN","j":{"k":[1,2]},"day":"2024-01-02","n_1":2}` + "\n"
		if strings.ReplaceAll(string(got), `"nan":"nan"`, `"nan":"NaN"`) != want {
			t.Errorf("got  %swant %s", got, want)
		}
		if !json.Valid(got) {
			t.Error("not JSON")
		}
	})
}

func TestParquetKeepsTypesAndValues(t *testing.T) {
	reader := openDuck(t)
	both(t, func(t *testing.T, c conn) {
		path := filepath.Join(t.TempDir(), "o'ut.parquet")
		out := run(t, c, exportOf(`select 7 as i, 1.50::decimal(10,2) as d, true as b, 'ü' as t, null::text as z, date '2024-02-29' as day, timestamp '2024-01-02 03:04:05.678901' as ts,
			1.25::double precision as f, 2 as i union all select null, (-0.01)::decimal(10,2), false, '', 'x', null, null, null, 3 order by 2 desc`, engine.FormatParquet, path), withParquet)
		if out.err != nil {
			t.Fatal(out.err)
		}
		if end := out.results[0].end; end.RowCount != 2 || end.Exported != path || len(out.results[0].start.Columns) != 9 {
			t.Errorf("%+v", end)
		}
		quoted := strings.ReplaceAll(path, "'", "''")
		got := run(t, reader, sqlOf("describe select * from '"+quoted+"'; select * from '"+quoted+"'"), query.Options{})
		if got.err != nil {
			t.Fatal(got.err)
		}
		var types []string
		for _, r := range got.results[0].rows {
			types = append(types, r[0].Text+" "+r[1].Text)
		}
		if s := strings.Join(types, ", "); s != "i INTEGER, d DECIMAL(10,2), b BOOLEAN, t VARCHAR, z VARCHAR, day DATE, ts TIMESTAMP, f DOUBLE, i_1 INTEGER" {
			t.Error(s)
		}
		if s := texts(got.results[1].rows); s != "7|1.50|true|ü|∅|2024-02-29|2024-01-02 03:04:05.678901|1.25|2/∅|-0.01|false||x|∅|∅|∅|3" {
			t.Error(s)
		}
	})
}

func TestParquetOfEveryPostgresType(t *testing.T) {
	c, reader := openPostgres(t, pgtest.Database(t)), openDuck(t)
	path := filepath.Join(t.TempDir(), "all.parquet")
	out := run(t, c, exportOf("set timezone = 'UTC'; "+valuesQueryPlain(), engine.FormatParquet, path), withParquet)
	if out.err != nil {
		t.Fatal(out.err)
	}
	got := run(t, reader, sqlOf("set timezone = 'UTC'; select * from '"+path+"'"), query.Options{})
	if got.err != nil {
		t.Fatal(got.err)
	}
	r := got.results[1]
	text := map[string]string{}
	for i, cell := range r.rows[0] {
		text[r.start.Columns[i].Name] = r.start.Columns[i].Type + " " + cell.Text
	}
	for expression, want := range map[string]string{
		"12345678901234567.89::numeric": "VARCHAR 12345678901234567.89", "1.500::numeric(10,3)": "DECIMAL(10,3) 1.500", "'NaN'::float8": "DOUBLE nan",
		"date '0044-03-15 BC'": "DATE 0044-03-15 (BC)", "'infinity'::date": "DATE infinity", "'\\xdeadbeef'::bytea": `BLOB \xDE\xAD\xBE\xEF`,
		"timestamptz '2024-01-02 03:04:05+00'": "TIMESTAMP WITH TIME ZONE 2024-01-02 03:04:05+00", "array[1,2,null]": "VARCHAR {1,2,NULL}",
		"'550e8400-e29b-41d4-a716-446655440000'::uuid": "UUID 550e8400-e29b-41d4-a716-446655440000", "'{\"a\":  1}'::json": `JSON {"a":  1}`,
		"time '04:05:06.789'": "TIME 04:05:06.789", "9223372036854775807::bigint": "BIGINT 9223372036854775807", "1e-7::float8": "DOUBLE 1e-07",
	} {
		found := false
		for i, v := range postgresValues {
			if v == expression {
				found = true
				if got := text[fmt.Sprintf("c%d", i)]; got != want {
					t.Errorf("%s: %s, want %s", expression, got, want)
				}
			}
		}
		if !found {
			t.Errorf("%s is not among the values", expression)
		}
	}
}

func TestAnExportThatFailsLeavesNothing(t *testing.T) {
	for _, format := range []engine.ExportFormat{engine.FormatCSV, engine.FormatJSONLines, engine.FormatParquet} {
		both(t, func(t *testing.T, c conn) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out")
			if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{"select nope", "select 10 / case when i < 200000 then 1 else cast('x' || i as int) end as a from generate_series(1, 300000) t(i)"} {
				out := run(t, c, exportOf(sql, format, path), withParquet)
				if e, ok := told(out.err); !ok || e.Kind != engine.Failed {
					t.Errorf("%s: %v", sql, out.err)
				}
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != "before" || len(files(t, dir)) != 1 {
				t.Errorf("%q %v %q", got, err, files(t, dir))
			}
			out := run(t, c, exportOf("create table t (a int)", format, filepath.Join(dir, "none")), withParquet)
			if out.err == nil || len(files(t, dir)) != 1 {
				t.Errorf("%v %q", out.err, files(t, dir))
			}
		})
	}
}

func TestExportPlaces(t *testing.T) {
	c := openDuck(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range []engine.Export{{Format: engine.FormatCSV, Path: dir}, {Format: engine.FormatCSV, Path: filepath.Join(file, "x.csv")},
		{Format: engine.FormatCSV, Path: os.DevNull}, {Format: "xlsx", Path: filepath.Join(dir, "x")}, {Format: engine.FormatCSV}} {
		out := run(t, c, engine.RunQuery{SQL: "select 1", Export: &e}, query.Options{})
		if err, ok := told(out.err); !ok || err.What == "" || err.Next == "" {
			t.Errorf("%+v: %v", e, out.err)
		} else {
			t.Log(err)
		}
	}
	out := run(t, c, exportOf("select 1 as a; create table t (a int); select 2 as b", engine.FormatCSV, filepath.Join(dir, "two.csv")), query.Options{})
	if out.err != nil || len(files(t, dir)) != 3 || filepath.Base(out.results[2].end.Exported) != "two-2.csv" || out.results[1].end.Exported != "" {
		t.Errorf("%v %q", out.err, files(t, dir))
	}
}

func TestCancellingAnExportRemovesItsFile(t *testing.T) {
	for _, format := range []engine.ExportFormat{engine.FormatCSV, engine.FormatParquet} {
		both(t, func(t *testing.T, c conn) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if c.Backend() == engine.DuckDB && format == engine.FormatParquet {
				stop := afterFile(dir, cancel) // DuckDB writes by itself and reports nothing
				defer stop()
			}
			out := struct{ err error }{query.Run(ctx, c, exportOf("select i, repeat('x', 100) as x from generate_series(1, 3000000) t(i)", format, filepath.Join(dir, "out")), withParquet,
				func(e engine.Event) error {
					if p, ok := e.(engine.Progress); ok && p.Rows > 0 {
						cancel()
					}
					return ctx.Err()
				})}
			if e, ok := told(out.err); !ok || e.Kind != engine.Interrupted || len(files(t, dir)) != 0 {
				t.Errorf("%v %q", out.err, files(t, dir))
			}
		})
	}
}

// afterFile calls f when a file has grown in a folder.
func afterFile(dir string, f func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				if info, err := e.Info(); err == nil && info.Size() > 0 {
					f()
					return
				}
			}
		}
	}()
	return func() { close(done) }
}

func countLines(t testing.TB, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
	}
	return n
}
