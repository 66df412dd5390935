//go:build unix

package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"pipewright/engine/internal/postgres/pgtest"
)

// bare is a stored text plan without what the log puts in front of it.
func bare(t testing.TB, e execution) string {
	t.Helper()
	lines := strings.Split(strings.TrimRight(e.other, "\n"), "\n")
	for i, l := range lines {
		if strings.Contains(l, "(cost=") && !strings.HasPrefix(l, "Query Text:") {
			return strings.Join(lines[i:], "\n")
		}
	}
	t.Fatalf("no plan in\n%s", e.other)
	return ""
}

// TestFrames puts every stored plan through every frame that psql draws, all plans of a server in one
// paste, and reads the same trees.
func TestFrames(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	dsn := pgtest.Database(t)
	for _, form := range []string{"text", "json", "yaml", "xml"} {
		var script strings.Builder
		var want []string
		for _, e := range corpus(t) {
			text := ""
			switch {
			case e.form == "text" && form == "text":
				text = bare(t, e)
				var rows []string
				for _, l := range strings.Split(text, "\n") {
					rows = append(rows, "$pl$"+l+"$pl$")
				}
				fmt.Fprintf(&script, "select unnest(array[%s]) as \"QUERY PLAN\";\n", strings.Join(rows, ","))
			case e.form == "text" && form == "json" && e.server == "pg18":
				text = strings.TrimSpace(e.json)
			case e.form == form && e.server == "pg15":
				_, text, _ = strings.Cut(strings.TrimSpace(e.other), "\n")
			}
			if text == "" {
				continue
			}
			if form != "text" {
				fmt.Fprintf(&script, "select $pl$%s$pl$ as \"QUERY PLAN\";\n", text)
			}
			want = append(want, picture(parseOne(t, text)))
		}
		for _, frame := range frames(form) {
			t.Run(form+" "+strings.Join(frame, " "), func(t *testing.T) {
				args := []string{"-X", "-q", "-d", dsn}
				for _, f := range frame {
					args = append(args, "-P", f)
				}
				cmd := exec.Command(psql, args...)
				cmd.Stdin = strings.NewReader(script.String())
				cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8")
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				samePlans(t, out, want)
				if len(frame) < 3 {
					samePlans(t, bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n")), want)
				}
			})
		}
	}
}

func frames(form string) [][]string {
	var out [][]string
	for _, style := range []string{"ascii", "old-ascii", "unicode"} {
		for _, border := range []string{"0", "1", "2"} {
			base := []string{"linestyle=" + style, "border=" + border}
			out = append(out, base)
			if form == "text" {
				for _, columns := range []string{"72", "100"} {
					out = append(out, append([]string{"format=wrapped", "columns=" + columns}, base...))
				}
			} else if style != "old-ascii" {
				// Old-ascii marks neither a wrapped line nor a line break, so that the two cannot be told apart.
				out = append(out, append([]string{"format=wrapped", "columns=100"}, base...))
			}
			out = append(out, append([]string{"expanded=on"}, base...))
		}
	}
	return append(out, []string{"format=unaligned"}, []string{"format=csv"}, []string{"tuples_only=on", "format=unaligned"})
}

func samePlans(t *testing.T, paste []byte, want []string) {
	t.Helper()
	plans, err := Parse(paste)
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) != len(want) {
		t.Fatalf("%d plans, want %d", len(plans), len(want))
	}
	wrong := 0
	for i := range plans {
		if got := picture(&plans[i]); got != want[i] {
			if wrong++; wrong == 1 {
				t.Errorf("plan %d (line %d) differs:\n%s", i, plans[i].Line, diffLines(want[i], got))
			}
		}
	}
	if wrong > 1 {
		t.Errorf("%d of %d plans differ", wrong, len(plans))
	}
}

// TestMails breaks every stored plan as mails and editors do.
func TestMails(t *testing.T) {
	for _, width := range []int{60, 72, 80, 100} {
		for name, wrap := range map[string]func(string, int) string{
			"words": wrapWords, "words, spaces kept": wrapKept, "characters": wrapHard,
		} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				wrong, all := 0, 0
				for _, e := range corpus(t) {
					if e.form != "text" {
						continue
					}
					text := bare(t, e)
					want := picture(parseOne(t, text))
					var b strings.Builder
					for _, l := range strings.Split(text, "\n") {
						b.WriteString(wrap(l, width) + "\n")
					}
					for _, quote := range []string{"", "> "} {
						all++
						paste := quote + strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\n"+quote)
						plans, err := Parse([]byte(paste))
						got := ""
						if err == nil && len(plans) == 1 {
							got = picture(&plans[0])
						}
						if got == want {
							continue
						}
						if wrong++; wrong <= 3 {
							t.Errorf("%s/%s: %v\n%s\n%s", e.server, e.query, err, diffLines(want, got), paste)
						}
					}
				}
				if wrong > 0 {
					t.Errorf("%d of %d differ", wrong, all)
				}
			})
		}
	}
}

// wrapWords breaks between words and loses the space, as most mail programs do.
func wrapWords(l string, width int) string { return breakAtSpaces(l, width, false) }

// wrapKept breaks between words and keeps the space at the end of the line, as format=flowed does.
func wrapKept(l string, width int) string { return breakAtSpaces(l, width, true) }

func breakAtSpaces(l string, width int, keep bool) string {
	var out []string
	for len(l) > width {
		first := len(l) - len(strings.TrimLeft(l, " "))
		at := strings.LastIndexByte(l[:width], ' ')
		if at <= first {
			next := strings.IndexByte(l[max(first, 1):], ' ')
			if next < 0 {
				break
			}
			at = max(first, 1) + next
		}
		if strings.TrimSpace(l[:at]) == "" {
			break
		}
		if keep {
			out, l = append(out, l[:at+1]), l[at+1:]
		} else {
			out, l = append(out, strings.TrimRight(l[:at], " ")), strings.TrimLeft(l[at:], " ")
		}
	}
	return strings.Join(append(out, l), "\n")
}

// wrapHard breaks in the middle of words, as fold and some terminals do.
func wrapHard(l string, width int) string {
	var out []string
	for r := []rune(l); ; r = r[width:] {
		if len(r) <= width {
			return strings.Join(append(out, string(r)), "\n")
		}
		out = append(out, string(r[:width]))
	}
}

// TestQuotes reads plans as pgAdmin copies them.
func TestQuotes(t *testing.T) {
	for _, e := range corpus(t) {
		if e.form != "text" {
			continue
		}
		text := bare(t, e)
		want := picture(parseOne(t, text))
		for _, header := range []string{"", "\"QUERY PLAN\"\n", "QUERY PLAN\ntext\n"} {
			paste := header + `"` + strings.ReplaceAll(strings.ReplaceAll(text, `"`, `""`), "\n", "\"\n\"") + `"`
			if got := picture(parseOne(t, paste)); got != want {
				t.Errorf("%s/%s: %s", e.server, e.query, diffLines(want, got))
			}
		}
	}
}

// TestLogs reads a server's log with a plan among other lines, behind prefixes and tabs.
func TestLogs(t *testing.T) {
	var log strings.Builder
	var want []string
	for i, e := range corpus(t) {
		prefix := []string{"2026-03-01 12:00:00.123 UTC [4711] ", "4711 app@crm_dev ", "[local]:4711:x=1 "}[i%3]
		fmt.Fprintf(&log, "%sSTATEMENT:  select 1\n%sLOG:  checkpoint starting: time\n", prefix, prefix)
		log.WriteString(prefix + strings.ReplaceAll(strings.TrimRight(e.other, "\n"), "\n", "\n\t") + "\n")
		fmt.Fprintf(&log, "%sERROR:  relation \"x (cost=\" does not exist at character 15\n\tnot a plan\n", prefix)
		want = append(want, picture(parseOne(t, e.other)))
	}
	samePlans(t, []byte(log.String()), want)
}

// TestQuotedLogs reads csvlog and jsonlog.
func TestQuotedLogs(t *testing.T) {
	var asCSV, asJSON strings.Builder
	var want []string
	for _, e := range corpus(t) {
		_, message, _ := strings.Cut(strings.TrimRight(e.other, "\n"), "LOG:  ")
		fmt.Fprintf(&asCSV, "2026-03-01 12:00:00.123 UTC,\"postgres\",\"crm_dev\",4711,\"[local]\",65e1.1,2,\"SELECT\",2026-03-01 11:59:00 UTC,3/4,0,LOG,00000,\"%s\",,,,,,,,,\"psql\",\"client backend\",,0\n",
			strings.ReplaceAll(message, `"`, `""`))
		asCSV.WriteString("2026-03-01 12:00:01.123 UTC,,,4711,,65e1.1,2,,2026-03-01 11:59:00 UTC,,0,LOG,00000,\"checkpoint starting: time\",,,,,,,,,\"\",\"checkpointer\",,0\n")
		quoted, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&asJSON, "{\"timestamp\":\"2026-03-01 12:00:00.123 UTC\",\"pid\":4711,\"error_severity\":\"LOG\",\"message\":%s,\"backend_type\":\"client backend\"}\n", quoted)
		want = append(want, picture(parseOne(t, e.other)))
	}
	samePlans(t, []byte(asCSV.String()), want)
	samePlans(t, []byte(asJSON.String()), want)
}
