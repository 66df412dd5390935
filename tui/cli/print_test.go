package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/engine/lab/labtest"
)

// What the table looks like is psql's business: the two are compared on a real server.
func TestTablesAreThoseOfPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	dsn := labtest.Database(t)
	w := newWorkbench(t, "DATABASE_URL="+dsn)
	for _, sql := range []string{
		"select 1",
		"select 1 as a where false",
		"select null as a, '' as b, 'x' as a_long_name",
		"select g, g * 1.5 as half, repeat('x', g) as x from generate_series(1, 12) g",
		"select true as b, date '2025-03-01' as d, interval '1 day' as i, '{\"a\": 1}'::jsonb as j, '\\x00ff'::bytea as y, array[1,2] as l, 1e300::float8 as f",
		"select '日本語' as \"名前\", 'é' as e, 'x' as x union all select 'ab', 'cd', 'y'",
		"select E'one\\ntwo\\n' as lines, 1 as n, E'a\\nb' as last union all select 'x', 22, 'y'",
		"select E'a\\tb' as tab, E'a\\rb' as cr, E'a\\033[31mb' as esc, E'a\\u0085b' as nel",
		"select 1 as a; select 2 as b; create table if not exists t (a int)",
	} {
		cmd := exec.Command(psql, "-X", "-d", dsn, "-c", sql)
		cmd.Env = append(cmd.Environ(), "LANG=C.UTF-8", "PGCLIENTENCODING=UTF8")
		want, err := cmd.Output()
		if err != nil {
			t.Fatalf("psql %s: %v", sql, err)
		}
		if got := w.run(0, "query", sql, "--quiet"); got != string(want) {
			t.Errorf("%s\ngot:\n%s\npsql:\n%s", sql, got, want)
		}
	}
}

func FuzzInert(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "é\u0301", "\xff\xfe", "\u202ex", "a\r\n\tb", "\u009b31m", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range append(cellLines(s), inert(s), safeText(s)) {
			if !utf8.ValidString(got) {
				t.Fatalf("%q became %q", s, got)
			}
			for _, r := range got {
				if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Bidi_Control) {
					t.Fatalf("%q became %q, which has %U", s, got, r)
				}
			}
		}
		if strings.Contains(inert(s), "\n") || inert(inert(s)) != inert(s) {
			t.Fatalf("%q became %q", s, inert(s))
		}
	})
}

// Whatever the cells hold and however the batches fall, the document is one, and what it holds is what came.
func TestResultsAreOneDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		n := rapid.IntRange(1, 3).Draw(t, "results")
		p := newJSONPrinter(&out, n > 1)
		fail := rapid.Bool().Draw(t, "fails")
		var last [][]string
		for i := range n {
			last = nil
			width := rapid.IntRange(1, 3).Draw(t, "columns")
			cols := make([]engine.Column, width)
			for j := range cols {
				cols[j] = engine.Column{Name: rapid.String().Draw(t, "name"), Type: "text"}
			}
			must(t, p.start(engine.ResultStart{Statement: i, Columns: cols}))
			for range rapid.IntRange(0, 3).Draw(t, "batches") {
				var rows [][]engine.Cell
				for range rapid.IntRange(0, 3).Draw(t, "rows") {
					var texts []string
					row := make([]engine.Cell, width)
					for j := range row {
						row[j].Text = rapid.String().Draw(t, "cell")
						texts = append(texts, row[j].Text)
					}
					rows, last = append(rows, row), append(last, texts)
				}
				must(t, p.rows(engine.ResultRows{Statement: i, Rows: rows}))
			}
			if fail && i == n-1 {
				break
			}
			must(t, p.end(engine.ResultEnd{Statement: i, RowCount: int64(len(last))}))
		}
		var failed error
		if fail {
			failed = errors.New("it broke")
		}
		must(t, p.finish(failed))
		type result struct {
			Rows     [][]string
			RowCount *int64 `json:"row_count"`
		}
		var doc struct {
			result
			Results []result
			Error   *failure
		}
		dec := json.NewDecoder(&out)
		must(t, dec.Decode(&doc))
		if dec.More() {
			t.Fatal("there is more than one document")
		}
		got := doc.result
		if n > 1 {
			if len(doc.Results) != n {
				t.Fatalf("%d results, want %d", len(doc.Results), n)
			}
			got = doc.Results[n-1]
		}
		if len(got.Rows) != len(last) || got.RowCount == nil || (doc.Error != nil) != fail {
			t.Fatalf("%+v, want %v, failed %v", doc, last, fail)
		}
		for i, row := range last {
			for j, text := range row {
				if got.Rows[i][j] != strings.ToValidUTF8(text, "\ufffd") {
					t.Fatalf("%q, want %q", got.Rows[i][j], text)
				}
			}
		}
	})
}

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// A password must not show, in whatever form the address comes.
func TestMaskedAddressesHoldNoPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "s3" + rapid.StringMatching(`[a-zA-Z0-9]{6,12}`).Draw(t, "secret")
		odd := rapid.SampledFrom([]string{"", "%40", "%2F", "%25", "!", "$"}).Draw(t, "odd")
		form := rapid.SampledFrom([]string{
			"postgres://me:<secret>@host:5432/db?sslmode=disable",
			"postgresql://me:<secret>@host/db",
			"postgres://host/db?user=me&password=<secret>",
			"postgres://me@host/db?sslpassword=<secret>&application_name=x",
			"host=h user=u password=<secret> dbname=d",
			"host=h password = '<secret>' dbname=d",
			"PASSWORD=<secret>",
			"postgres://me:<secret>@[bad/db",
		}).Draw(t, "form")
		if got := masked(strings.ReplaceAll(form, "<secret>", secret+odd)); strings.Contains(got, secret) {
			t.Fatalf("%s shows in %s", secret, got)
		}
	})
	if got := masked("postgres://me:x@host:5432/db?sslmode=disable"); got != "postgres://me:***@host:5432/db?sslmode=disable" {
		t.Fatal(got)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for got, want := range map[string]string{
		grouped(0): "0", grouped(-1234567): "-1,234,567", grouped(999): "999", grouped(1000): "1,000",
		size(999): "999 B", size(1_500_000): "1.5 MB", sizeOf(500_000, 2_000_000): "0.5 of 2.0 MB",
		seconds(40 * time.Millisecond): "0.040 s", seconds(1500 * time.Millisecond): "1.50 s", seconds(123 * time.Second): "123 s",
		clock(41 * time.Second): "00:41", clock(3723 * time.Second): "1:02:03", count(1, "row"): "1 row", count(1200, "row"): "1,200 rows",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestCountsAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{"500": 500, "10k": 10_000, "1m": 1_000_000, "1,000": 1000, "1_000": 1000, "0": 0} {
		if got, err := parseCount(text); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "k", "1.5", "many", "9223372036854775807k", "99999999999999999999", "1kk"} {
		if got, err := parseCount(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

// A bar never wraps, however narrow the terminal is.
func TestTheBarFitsTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 200).Draw(t, "width")
		p := engine.Progress{
			Stage: rapid.String().Draw(t, "stage"), Done: rapid.Int64Min(0).Draw(t, "done"), Total: rapid.Int64Min(0).Draw(t, "total"),
			Unit: rapid.SampledFrom([]string{"bytes", "rows", "criteria", ""}).Draw(t, "unit"), Rows: rapid.Int64Min(0).Draw(t, "rows"),
			Rejected: rapid.Int64Min(0).Draw(t, "rejected"), Rate: rapid.Float64Range(0, 1e12).Draw(t, "rate"),
			Left: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "left")),
		}
		if got := displaywidth.String(fitted(barText(p, width), width-1)); got > max(1, width-1) {
			t.Fatalf("%d columns on a terminal of %d", got, width)
		}
	})
}

// What is over at once needs no line; what lasts gets some; --quiet gets none.
func TestNarrationWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	n := newNarrator(&out, &flags{})
	n.note("Looking …")
	n.progress(engine.Progress{Stage: "read", Done: 1, Total: 2, Unit: "rows"})
	n.note("chose something")
	n.clear()
	if out.String() != "chose something\n" {
		t.Fatalf("%q", out.String())
	}
	out.Reset()
	n = newNarrator(&out, &flags{})
	n.progress(engine.Progress{Stage: "read", Done: 1, Total: 4, Unit: "rows", Rows: 1})
	n.due = time.Now().Add(-time.Millisecond) // the first second has passed
	n.progress(engine.Progress{Stage: "read", Done: 2, Total: 4, Unit: "rows", Rows: 2, Rejected: 1})
	n.progress(engine.Progress{Stage: "read", Done: 3, Total: 4, Unit: "rows", Rows: 3})
	if out.String() != "read   50 %  2 rows  1 rejected\n" {
		t.Fatalf("%q", out.String())
	}
	out.Reset()
	n = newNarrator(&out, &flags{quiet: true})
	n.note("chose something")
	n.due = time.Now().Add(-time.Millisecond)
	n.progress(engine.Progress{Stage: "read", Done: 2, Total: 4, Unit: "rows"})
	if out.Len() != 0 {
		t.Fatalf("%q", out.String())
	}
}

// readers never block what can be cancelled.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { select {} }

func TestAStuckReaderGivesWayToACancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := readAll(ctx, stuck{}, 10); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := readAll(context.Background(), strings.NewReader("more than ten bytes"), 10); err == nil {
		t.Fatal("a text that is too long was taken")
	}
}

// Cells as exports write them and as this prints them are the same bytes.
func TestTheTwoWritersOfCSVAgree(t *testing.T) {
	dsn := labtest.Database(t)
	w := newWorkbench(t, "DATABASE_URL="+dsn)
	sql := `select * from (values (E'\\.', '', null), ('a,b', 'c"d', E'e\nf'), (E'\r', ' x ', 'é')) v(a, "b,c", c); select E'\\.' as alone`
	w.run(0, "query", sql, "--out", "out.csv", "--quiet")
	printed := w.run(0, "query", sql, "--format", "csv", "--quiet")
	var exported bytes.Buffer
	for _, name := range []string{"out.csv", "out-2.csv"} {
		text, err := exec.Command("cat", w.dir+"/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		exported.Write(text)
	}
	if printed != exported.String() {
		t.Fatalf("%q, exported %q", printed, exported.String())
	}
	if lab.Statements(sql) != 2 {
		t.Fatal("the statements are not counted as they are run")
	}
}
