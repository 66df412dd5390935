package widget

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"pipewright/tui/theme"
)

func TestInert(t *testing.T) {
	for in, want := range map[string]string{
		"ann@example.com":       "ann@example.com",
		"\x1b[31mred\x1b]0;t\a": "␛[31mred␛]0;t␇",
		"a\tb\r\nc\x00":         "a␉b␍␊c␀",
		"\x9b31m":               `\x9b31m`,
		"\u009b31m":             `\x9b31m`,
		"abc\xffdef":            `abc\xffdef`,
		"user\u202Etxt.exe":     `user\u202etxt.exe`,
		"a\u200db":              `a\u200db`,
		"Zoë 北京 🙂":              "Zoë 北京 🙂",
		"❤\ufe0f":               "❤",
		"del\x7f":               "del␡",
	} {
		if got := Inert(in); got != want {
			t.Errorf("Inert(%q) is %q, want %q", in, got, want)
		}
	}
}

// Whatever the data holds, what is drawn of it moves no cursor, and both of the width rules that
// terminals follow give it the same cells.
func TestInertIsInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Inert(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text"))
		if !utf8.ValidString(s) {
			t.Fatalf("%q is not UTF-8", s)
		}
		for _, r := range s {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q holds %U", s, r)
			}
		}
		if got := ansi.Strip(s); got != s {
			t.Fatalf("%q holds a sequence", s)
		}
	})
}

func FuzzInert(f *testing.F) {
	f.Add("\x1b]52;c;aGk=\a")
	f.Add("e\u0301\u200d\u202e\xff")
	f.Fuzz(func(t *testing.T, in string) {
		if s := Inert(in); ansi.Strip(s) != s || !utf8.ValidString(s) {
			t.Fatalf("Inert(%q) is %q", in, s)
		}
	})
}

func TestFitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Inert(rapid.String().Draw(t, "s"))
		w := rapid.IntRange(0, 60).Draw(t, "w")
		for _, got := range []string{Fit(s, w), FitRight(s, w), Spread(s, "right", max(w, 12))} {
			want := w
			if strings.HasSuffix(got, " right") {
				want = max(w, 12)
			}
			if Width(got) != want {
				t.Fatalf("%q in %d cells is %q with %d", s, want, got, Width(got))
			}
		}
	})
}

// What stands behind a text must not change how wide the text is: no character may join with a space.
func TestNoCharacterJoinsWithWhatFollows(t *testing.T) {
	for r := rune(0xa0); r <= utf8.MaxRune; r++ {
		if s := Inert(string(r)); utf8.ValidRune(r) && Width(s+" ") != Width(s)+1 {
			t.Errorf("%U becomes %q, which joins with a space", r, s)
		}
	}
}

func TestCutLeft(t *testing.T) {
	if got := CutLeft("/home/ann/reports/leads.csv", 12); got != "…s/leads.csv" || Width(got) != 12 {
		t.Errorf("got %q", got)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  string
	}{{0, "░░░░"}, {0.5, "██░░"}, {1, "████"}, {2, "████"}, {-1, "░░░░"}, {0.001, "▏░░░"}} {
		if got := Bar(c.share, 4); got != c.want {
			t.Errorf("Bar(%v) is %q, want %q", c.share, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) is %s, want %s", n, got, want)
		}
	}
}

type numbers int64

func (n numbers) Len() int { return int(n) }
func (n numbers) Row(i int) []string {
	return []string{Count(int64(i)), "value\x1b[2J"}
}

func TestTableDrawsItsWindowOnly(t *testing.T) {
	tab := Table{Columns: []TableColumn{{Title: "row", Right: true}, {Title: "value"}}, Cursor: 999_999}
	lines := tab.Draw(theme.New(theme.Plain), numbers(1_000_000), 40, 10)
	if len(lines) != 10 {
		t.Fatalf("%d lines", len(lines))
	}
	if last := ansi.Strip(lines[9]); !strings.Contains(last, "999,999  value␛[2J") {
		t.Errorf("the last line is %q", last)
	}
	for _, l := range lines {
		if Width(l) != 40 {
			t.Errorf("%q is %d cells wide", l, Width(l))
		}
	}
}

func TestMarkdownFitsItsWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.StringMatching("([#>*`\\-1. |a-zé北\\n\x1b]{0,12}\\n?){0,30}").Draw(t, "src")
		w := rapid.IntRange(20, 90).Draw(t, "w")
		for _, l := range Markdown(theme.New(theme.Dark), src, w).Lines {
			if n := Width(l); n > w && !strings.Contains(ansi.Strip(l), "▏ ▏ ▏") && strings.Count(ansi.Strip(l), "  ") < 4 {
				t.Fatalf("%q at %d has a line of %d: %q", src, w, n, l)
			}
			if strings.Contains(ansi.Strip(l), "\x1b") {
				t.Fatalf("an escape went through: %q", l)
			}
		}
	})
}

// A character of two cells does not go into the one cell that is left behind other parts of its word.
func TestMarkdownBreaksBeforeAWideCharacter(t *testing.T) {
	for _, l := range Markdown(theme.New(theme.Dark), strings.Repeat("a", 16)+"北*北", 20).Lines {
		if n := Width(l); n > 20 {
			t.Errorf("a line of %d cells: %q", n, l)
		}
	}
}

func TestMarkdown(t *testing.T) {
	src := "## What a bad row costs\n\nIt loads `as it is`, *without* a **single complaint**.\n\n" +
		"- one\n- two goes on for longer than a line of it\n  - in\n\n1. first\n2. second\n\n```sql\nselect count(*) from leads\n```\n\n" +
		"> said\n> twice\n\n| column | rule |\n|---|---|\n| email | has an @ |\n\n---\n\nsee [docs](https://x.org)\n"
	want := `What a bad row costs

It loads as it is, without a
single complaint.

• one
• two goes on for longer than
  a line of it
  • in

1. first
2. second

│ select count(*) from leads

▏ said twice

column  rule
email   has an @

──────────────────────────────

see docs (https://x.org)`
	d := Markdown(theme.New(theme.Dark), src, 30)
	if got := ansi.Strip(strings.Join(d.Lines, "\n")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(d.Code) != 1 || d.Code[0].Lang != "sql" || d.Code[0].Text != "select count(*) from leads\n" {
		t.Errorf("code is %+v", d.Code)
	}
}

func TestInput(t *testing.T) {
	var in Input
	in.Type("load it\xff\nnow\x1b")
	in.Key("ctrl+w")
	in.Type("then")
	in.Key("home")
	in.Type("re")
	in.Key("right")
	in.Key("delete")
	if got := in.Value(); got != "relad it then" {
		t.Errorf("got %q", got)
	}
	in.Type(strings.Repeat("x", 1<<20))
	if n := len([]rune(in.Value())); n != maxInput {
		t.Errorf("took %d runes", n)
	}
	if w := Width(in.Draw(theme.New(theme.Dark), "> ", 30)); w != 30 {
		t.Errorf("drawn in %d cells", w)
	}
}

// A box over wide characters leaves the screen as wide as it was.
func TestOverlayKeepsTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := Fit(Inert(rapid.StringOf(rapid.RuneFrom([]rune("ab株🙂é\u0301"))).Draw(t, "line")), 40)
		n := rapid.IntRange(0, 40).Draw(t, "n")
		x := rapid.IntRange(0, 40-n).Draw(t, "x")
		got := Overlay([]string{line}, []string{strings.Repeat("#", n)}, x, 0)[0]
		if Width(got) != 40 || Width(ansi.Cut(got, 0, x)) != x {
			t.Fatalf("%q with %d at %d is %q, %d cells", line, n, x, got, Width(got))
		}
	})
}

func TestPartsFillTheBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.Int64Range(0, 1000), 3, 3).Draw(t, "parts")
		w := rapid.IntRange(3, 80).Draw(t, "w")
		total := parts[0] + parts[1] + parts[2]
		got := Parts(theme.New(theme.Plain), w, total, parts, make([]theme.Ink, 3), []string{"a", "b", "c"})
		if Width(got) != w || total > 0 && strings.Contains(got, "░") {
			t.Fatalf("%v in %d cells is %q", parts, w, got)
		}
		for i, glyph := range []string{"a", "b", "c"} {
			if parts[i] > 0 != strings.Contains(got, glyph) {
				t.Fatalf("%v in %d cells is %q", parts, w, got)
			}
		}
	})
}
