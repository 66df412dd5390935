//go:build unix

package load_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/engine/load"
)

// lead is one generated record: its fields, and how it stands in the file.
type lead struct {
	fields []string
	raw    string
	lines  int
}

var (
	companies = []string{"Acme", "A, B and C", `the "best"`, "two\nlines", "Größe AG", strings.Repeat("ü", 255), " x ", "", "   ", strings.Repeat("ü", 256)}
	people    = []string{"Ann", "Bob", "", "O'Neill", "\x1b[2J"}
	domains   = []string{"example.com", "a-b.example", "bücher.example"}
	broken    = []string{"", "ann@", "@example.com", "n/a", "a@b@c.example", "a b@example.com", "ann@example", "ann@example.com "}
	statuses  = []string{"New", "Lost", "Proposal Sent", "", "new", "Maybe"}
	times     = []string{"", "2024-02-29", "2024-02-29 10:11:12", "2024-02-29T10:11:12.5", "2023-02-29", "yesterday", "2024-13-01"}
)

func genLead(t *rapid.T) lead {
	mostly := func(label string, good int, from []string) string {
		if rapid.IntRange(0, 9).Draw(t, label+" bad") > 0 {
			from = from[:good]
		}
		return rapid.SampledFrom(from).Draw(t, label)
	}
	address := fmt.Sprintf("person.%d@%s", rapid.IntRange(0, 40).Draw(t, "person"), rapid.SampledFrom(domains).Draw(t, "domain"))
	switch rapid.IntRange(0, 9).Draw(t, "email") {
	case 0:
		address = rapid.SampledFrom(broken).Draw(t, "broken")
	case 1:
		address = strings.ToUpper(address[:1]) + address[1:]
	}
	l := lead{fields: []string{
		mostly("company", 7, companies), rapid.SampledFrom(people).Draw(t, "contact"), address, "Retail",
		mostly("status", 4, statuses), mostly("created", 4, times),
	}}
	switch rapid.IntRange(0, 30).Draw(t, "ragged") {
	case 0:
		l.fields = l.fields[:rapid.IntRange(2, 5).Draw(t, "fields")]
	case 1:
		l.fields = append(l.fields, "more")
	}
	l.lines = 1
	for i, f := range l.fields {
		if i > 0 {
			l.raw += ","
		}
		l.lines += strings.Count(f, "\n")
		if strings.ContainsAny(f, ",\"\n") || rapid.Bool().Draw(t, "quoted") {
			f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
		l.raw += f
	}
	return l
}

// verdict is the oracle's: slow, and written without a look at the validator.
func (l lead) verdict() (good bool, column string) {
	if len(l.fields) != 6 {
		return false, ""
	}
	company, address, status, created := l.fields[0], l.fields[2], l.fields[4], l.fields[5]
	if strings.TrimSpace(company) == "" || utf8.RuneCountInString(company) > 255 {
		return false, "company_name"
	}
	parsed, err := mail.ParseAddress("<" + address + ">")
	if err != nil || parsed.Address != address || !strings.Contains(address[strings.IndexByte(address, '@'):], ".") {
		return false, "email"
	}
	switch status {
	case "", "New", "Contacted", "Qualified", "Proposal Sent", "Converted", "Lost":
	default:
		return false, "status"
	}
	if created != "" {
		ok := false
		for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
			_, err := time.Parse(layout, created)
			ok = ok || err == nil
		}
		if !ok {
			return false, "created_at"
		}
	}
	return true, ""
}

func (l lead) key() string { return strings.ToLower(l.fields[2]) }

// expected is what the oracle says of a load.
type expected struct {
	table      []lead // in the order of ids
	quarantine [][]string
	rejected   int64
	duplicates int64
}

func oracle(before, file []lead, mode engine.Mode) expected {
	var e expected
	at := map[string]int{} // of a key in e.table
	if mode != engine.Replace {
		for _, l := range before {
			at[l.key()] = len(e.table)
			e.table = append(e.table, l)
		}
	}
	firsts := map[string]int{}
	line := 2
	for i, l := range file {
		row, start := i+1, line
		line += l.lines
		q := []string{strconv.Itoa(row), strconv.Itoa(start), "", "", "", l.raw}
		good, column := l.verdict()
		if !good {
			e.rejected++
			q[2] = column
			e.quarantine = append(e.quarantine, q)
			continue
		}
		first, again := firsts[l.key()]
		old, there := at[l.key()]
		switch {
		case mode == engine.Append && there && !again:
			q[2], q[3], q[4] = "email", l.fields[2], "already in the table"
		case again:
			q[2], q[3], q[4] = "email", l.fields[2], fmt.Sprintf("duplicate of row %d", first)
		case there:
			changed := append([]string(nil), l.fields...)
			changed[2] = e.table[old].fields[2] // the key stays as it is in the table
			e.table[old] = lead{fields: changed}
			firsts[l.key()] = row
			continue
		default:
			firsts[l.key()] = row
			at[l.key()] = len(e.table)
			e.table = append(e.table, l)
			continue
		}
		e.duplicates++
		e.quarantine = append(e.quarantine, q)
	}
	return e
}

func leadsText(leads []lead, end string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(leadsHeader, "\n") + end)
	for _, l := range leads {
		b.WriteString(l.raw + end)
	}
	return b.String()
}

// TestLoadsAgreeWithASlowOracle loads random files with random faults, in random modes, onto random tables:
// counts, the table and the quarantine must be the oracle's. Half the time the table of keys is so small that
// the load has to go through its filter and partitions.
func TestLoadsAgreeWithASlowOracle(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, "").into("leads", "leads")
		rapid.Check(t, func(rt *rapid.T) {
			p.rows("drop table if exists leads")
			if p.name() == engine.DuckDB {
				p.rows("drop sequence if exists leads_id_seq")
			}
			if rapid.Bool().Draw(rt, "small table") {
				defer load.WithSlots(8)()
			}
			l.o.Workers = rapid.IntRange(1, 3).Draw(rt, "workers")
			end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "line end")
			// The first file makes the table.
			first := rapid.SliceOfN(rapid.Custom(genLead), 0, 60).Draw(rt, "first")
			e := oracle(nil, first, engine.Append)
			l.write(t, leadsText(first, end))
			compare(rt, "first", l.mode(engine.Append).on(rt, p), e, p)

			second := rapid.SliceOfN(rapid.Custom(genLead), rapid.SampledFrom([]int{0, 40}).Draw(rt, "least"), 120).Draw(rt, "second")
			mode := rapid.SampledFrom([]engine.Mode{engine.Append, engine.Replace, engine.Upsert}).Draw(rt, "mode")
			e = oracle(e.table, second, mode)
			l.write(t, leadsText(second, end))
			compare(rt, "second", l.mode(mode).on(rt, p), e, p)
		})
	})
}

func compare(t *rapid.T, what string, r run, e expected, p place) {
	if r.err != nil {
		t.Fatalf("%s: %v (%v)", what, r.err, r.err.Err)
	}
	if d := r.loaded; d.Rejected != e.rejected || d.Duplicates != e.duplicates {
		t.Errorf("%s: rejected %d, want %d; duplicates %d, want %d", what, d.Rejected, e.rejected, d.Duplicates, e.duplicates)
	}
	var got [][]string
	for i, q := range r.quarantine {
		if i < len(e.quarantine) && e.quarantine[i][4] == "" { // the words of a rejection are not the oracle's
			if q[4] == "" {
				t.Errorf("%s: row %s has no reason", what, q[0])
			}
			q[3], q[4] = "", ""
		}
		got = append(got, q)
	}
	want := e.quarantine
	for _, q := range want {
		q[5] = strings.ReplaceAll(q[5], "\r\n", "\n") // encoding/csv reads it so
	}
	same(t, what+" quarantine", got, want)
	var table [][]string
	for _, l := range e.table {
		f := append([]string(nil), l.fields[:5]...)
		for i := range f {
			if f[i] == "" {
				f[i] = "∅"
			}
		}
		if l.fields[4] == "" {
			f[4] = "New"
		}
		table = append(table, f)
	}
	same(t, what+" table", p.rows("select company_name, contact_person, email, industry, status from leads order by id"), table)
	for _, l := range e.table {
		if c := l.fields[5]; c != "" {
			sql := fmt.Sprintf("select count(*) from leads where lower(email) = '%s' and created_at = timestamp '%s'",
				strings.ReplaceAll(l.key(), "'", "''"), strings.Replace(c, "T", " ", 1))
			if n := p.rows(sql); n[0][0] != "1" {
				t.Errorf("%s: created_at of %s is not %s", what, l.key(), c)
			}
			break // one is enough: each costs a query
		}
	}
}

// TestARecordComesBackAsItStood reads the records of a quarantine and loads them again.
func TestARecordComesBackAsItStood(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		bad := []string{`"two` + "\n" + `lines, and a ""quote""",Ann,none,Retail,New,`, `Acme,"x;y",@,,,`}
		l := newLoading(t, leadsHeader+strings.Join(bad, "\n")+"\n").into("leads", "leads")
		r := l.on(t, p)
		for i, q := range r.quarantine {
			if q[5] != bad[i] {
				t.Errorf("record %q, want %q", q[5], bad[i])
			}
		}
		mended := strings.NewReplacer("none", "ann@example.com", "@,", "bob@example.com,").Replace(leadsHeader + r.quarantine[0][5] + "\n" + r.quarantine[1][5] + "\n")
		l.write(t, mended)
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 2 || r.loaded.Quarantine != "" {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		if _, err := os.Stat(l.ws.Reports() + "/file.rejected.csv"); !os.IsNotExist(err) {
			t.Error("the old quarantine is still there:", err)
		}
		want, err := csv.NewReader(bytes.NewReader([]byte(mended))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "company", p.rows("select company_name from leads order by id"), [][]string{{want[1][0]}, {want[2][0]}})
	})
}
