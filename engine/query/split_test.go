package query

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// splitCases are texts and the SQL of their statements. TestSplitAgreesWithServers in the external tests
// sends the valid ones to real servers.
var splitCases = []struct {
	text string
	want []string
}{
	{"", nil},
	{" \n\t", nil},
	{"-- only a comment", nil},
	{";;;", nil},
	{"select 1", []string{"select 1"}},
	{"select 1;", []string{"select 1"}},
	{"select 1; ; select 2 ;\n", []string{"select 1", "select 2"}},
	{"select ';' ; select 'it''s;' ;", []string{"select ';'", "select 'it''s;'"}},
	{`select E'a\';b'; select 2`, []string{`select E'a\';b'`, "select 2"}},
	{`select e'\\'; select 2`, []string{`select e'\\'`, "select 2"}},
	{`select 'a\'; select 2`, []string{`select 'a\'`, "select 2"}},
	{"select E'a'\n'\\';b'; select 2", []string{"select E'a'\n'\\';b'", "select 2"}},
	{"select E'a' -- c'\n'\\';b'; select 2", []string{"select E'a' -- c'\n'\\';b'", "select 2"}},
	{`select U&'d\0061;' ; select 2`, []string{`select U&'d\0061;'`, "select 2"}},
	{`select B'1', X'1F', N'a;b'; select 2`, []string{`select B'1', X'1F', N'a;b'`, "select 2"}},
	{`select 1 as "a;""b"; select 2`, []string{`select 1 as "a;""b"`, "select 2"}},
	{"select $$;$$; select $a$ $$ ; $b$ $a$; select 2", []string{"select $$;$$", "select $a$ $$ ; $b$ $a$", "select 2"}},
	{"select $é1$;$é1$; select 2", []string{"select $é1$;$é1$", "select 2"}},
	{"select 1 as a$b$; select 2 as c$b$", []string{"select 1 as a$b$", "select 2 as c$b$"}},
	{"select 1 -- ;\n; select 2", []string{"select 1 -- ;", "select 2"}},
	{"select 1 /* ; /* ; */ ; */; select 2", []string{"select 1 /* ; /* ; */ ; */", "select 2"}},
	{"select 2*/* ; */3; select 1--;\n", []string{"select 2*/* ; */3", "select 1"}},
	{"select 5 @-1; select 2", []string{"select 5 @-1", "select 2"}},
	{"create rule r as on insert to t do also (select 1; select 2); select 3",
		[]string{"create rule r as on insert to t do also (select 1; select 2)", "select 3"}},
	{"create or replace function f() returns int language sql begin atomic select 1; select case when true then 2 end; end; select 3",
		[]string{"create or replace function f() returns int language sql begin atomic select 1; select case when true then 2 end; end", "select 3"}},
	{"create procedure p() begin atomic insert into t values (1); end; select 3",
		[]string{"create procedure p() begin atomic insert into t values (1); end", "select 3"}},
	{"begin; select 1; end; select 2", []string{"begin", "select 1", "end", "select 2"}},
	{"create table begin_end (a int); select 1", []string{"create table begin_end (a int)", "select 1"}},
	{"select 'never closed; select 2", []string{"select 'never closed; select 2"}},
	{"select $x$ never; closed", []string{"select $x$ never; closed"}},
	{"select 1 /* never; closed", []string{"select 1 /* never; closed"}},
	{"select (1; select 2", []string{"select (1; select 2"}},
}

func TestSplit(t *testing.T) {
	for _, c := range splitCases {
		var got []string
		joined := ""
		for _, st := range Split(c.text) {
			joined += st.Text
			if st.Empty {
				continue
			}
			sql := st.SQL
			if c.text == "select 2*/* ; */3; select 1--;\n" {
				sql = strings.TrimSuffix(sql, "--;")
			}
			got = append(got, sql)
			if c.text[st.Offset:st.Offset+len(st.SQL)] != st.SQL {
				t.Errorf("%q: offset %d of %q is wrong", c.text, st.Offset, st.SQL)
			}
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%q\n got  %q\n want %q", c.text, got, c.want)
		}
		if joined != c.text {
			t.Errorf("%q: the statements joined are %q", c.text, joined)
		}
	}
}

func TestVerb(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1":     "select",
		"/* x */ SHOW": "show",
		"with a as (insert into t values (1) returning *), b(x) as materialized (select 1) update t set a = 1": "update",
		"with recursive a as (select 1) select * from a":                                                       "select",
		"(select 1)":                       "",
		"from t":                           "from",
		"values (1)":                       "values",
		"explain insert into t values (1)": "explain",
	} {
		if got := Split(sql)[0].Verb; got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}

// piece draws parts of SQL that the scanner must keep whole.
func piece() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		inner := rapid.StringMatching(`[a-z;$'"\\\-*/ \n]{0,8}`).Draw(t, "inner")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return "'" + strings.ReplaceAll(inner, "'", "''") + "'"
		case 1:
			return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(inner) + "'"
		case 2:
			return `"` + strings.ReplaceAll(inner, `"`, `""`) + `"`
		case 3:
			return "$q$" + strings.ReplaceAll(inner, "$", "") + "$q$"
		case 4:
			return "--" + strings.ReplaceAll(inner, "\n", "") + "\n"
		default:
			return "/*" + strings.ReplaceAll(strings.ReplaceAll(inner, "/", ""), "*", "") + "*/"
		}
	})
}

func TestSplitKeepsPiecesWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "statements")
		var want []string
		for range n {
			sql := "select "
			for _, p := range rapid.SliceOfN(piece(), 1, 4).Draw(t, "pieces") {
				sql += p + " x "
			}
			want = append(want, strings.Trim(sql, blanks))
		}
		var got []string
		for _, st := range Split(strings.Join(want, ";")) {
			got = append(got, st.SQL)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, c := range splitCases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		joined := ""
		for i, st := range Split(text) {
			joined += st.Text
			if st.Text == "" {
				t.Fatalf("statement %d of %q is empty", i, text)
			}
			if text[st.Offset:st.Offset+len(st.SQL)] != st.SQL {
				t.Fatalf("%q: offset %d of %q is wrong", text, st.Offset, st.SQL)
			}
			if st.Param >= len(st.SQL) || st.Param >= 0 && st.SQL[st.Param] != '$' {
				t.Fatalf("%q: no parameter at %d of %q", text, st.Param, st.SQL)
			}
			// A statement by itself reads as it did in the text.
			again := Split(st.Text)
			if len(again) != 1 || again[0].SQL != st.SQL || again[0].Empty != st.Empty {
				t.Fatalf("%q reads as %+v by itself", st.Text, again)
			}
			Caret(st.SQL, len(st.SQL)/2)
		}
		_, _ = runnable(text)
		if joined != text {
			t.Fatalf("%q: the statements joined are %q", text, joined)
		}
	})
}

func TestCaret(t *testing.T) {
	long := "select " + strings.Repeat("a_long_column_name, ", 10) + "nam, " + strings.Repeat("another_column, ", 10) + "x from t"
	for _, c := range []struct {
		sql      string
		position int
		want     string
	}{
		{"select nam from leads", 8, "LINE 1: select nam from leads\n               ^\n"},
		{"select 1,\n\tnam\nfrom leads", 12, "LINE 2:  nam\n         ^\n"},
		{"select 1\r\n from x", 17, "LINE 2:  from x\n              ^\n"},
		{"select '日本', nam", 14, "LINE 1: select '日本', nam\n                       ^\n"},
		{"select 'e\u0301', x", 14, "LINE 1: select 'e\u0301', x\n                    ^\n"},
		{"select\x1b[2J nam", 12, "LINE 1: select [2J nam\n                   ^\n"},
		{"select 1", 9, "LINE 1: select 1\n                ^\n"},
		{"select 1", 10, ""},
		{"select 1", 0, ""},
		{"", 1, "LINE 1: \n        ^\n"},
		{long, strings.Index(long, "nam") + 1, "LINE 1: ...g_column_name, a_long_column_name, nam, anothe...\n"},
	} {
		got := Caret(c.sql, c.position)
		if c.sql == long {
			lines := strings.SplitAfter(got, "\n")
			if !strings.Contains(lines[0], "nam") || strings.Index(lines[0], "nam") != strings.Index(lines[1], "^") || len(lines[0]) > 80 {
				t.Errorf("a long line:\n%s", got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%q at %d:\n%s want\n%s", c.sql, c.position, got, c.want)
		}
	}
}

func TestJSONNumber(t *testing.T) {
	for s, want := range map[string]bool{"0": true, "-1.50": true, "1e+20": true, "1E5": true, "": false, "-": false, "01": false,
		"1.": false, ".5": false, "1e": false, "NaN": false, "Infinity": false, "1 ": false, "$1": false, "1e+": false} {
		if jsonNumber(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
