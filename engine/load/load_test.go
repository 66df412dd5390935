//go:build unix

package load_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"pipewright/engine"
)

const leadsHeader = "company_name,contact_person,email,industry,status,created_at\n"

const someLeads = leadsHeader +
	"Acme,Ann,ann@example.com,Tech,New,2024-01-01 10:00:00\n" +
	",Bob,bob@example.com,Tech,New,\n" +
	"Acme,Cy,cy@,Tech,Maybe,nope\n" +
	"Good,Dora,dora@example.com,,,\n" +
	"X,Y\n" +
	"\"Z, Inc\",E,ANN@Example.com,\"multi\nline\",Lost,2024-02-28T00:00:00Z\n" +
	"Größe,Ö,ö@bücher.example,Tech,Proposal Sent,2024-02-29\n"

const leadsContent = "select id, company_name, contact_person, email, industry, status from leads order by id"

func TestLeadsOnAFreshDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, someLeads).into("leads", "leads")
		r := l.on(t, p)
		if r.err != nil {
			t.Fatal(r.err)
		}
		d := r.loaded
		if d.RowsRead != 7 || d.Accepted != 3 || d.Rejected != 3 || d.Duplicates != 1 || d.Mode != engine.Append {
			t.Errorf("%+v", d)
		}
		same(t, "table", p.rows(leadsContent), [][]string{
			{"1", "Acme", "Ann", "ann@example.com", "Tech", "New"},
			{"2", "Good", "Dora", "dora@example.com", "∅", "New"},
			{"3", "Größe", "Ö", "ö@bücher.example", "Tech", "Proposal Sent"},
		})
		same(t, "created_at", p.rows("select cast(created_at as varchar) from leads where id <> 2 order by id"),
			[][]string{{"2024-01-01 10:00:00"}, {"2024-02-29 00:00:00"}})
		same(t, "an empty created_at is now", p.rows("select created_at > timestamp '2025-01-01' from leads where id = 2"),
			p.rows("select true"))
		same(t, "quarantine", r.quarantine, [][]string{
			{"2", "3", "company_name", "", "no company name", ",Bob,bob@example.com,Tech,New,"},
			{"3", "4", "email", "cy@", "no domain after @; status: not one of New, Contacted, Qualified, Proposal Sent, Converted, Lost; created_at: not a timestamp", "Acme,Cy,cy@,Tech,Maybe,nope"},
			{"5", "6", "", "", "2 cells where the header has 6", "X,Y"},
			{"6", "7", "email", "ANN@Example.com", "duplicate of row 1", "\"Z, Inc\",E,ANN@Example.com,\"multi\nline\",Lost,2024-02-28T00:00:00Z"},
		})
		if d.Reasons["duplicate email"] != 1 || d.Reasons["no company name"] != 1 || d.Reasons["fewer cells than the header"] != 1 {
			t.Errorf("reasons %v", d.Reasons)
		}
		if len(d.Sample) != 4 || !strings.HasSuffix(d.Quarantine, "file.rejected.csv") {
			t.Errorf("sample %d, quarantine %s", len(d.Sample), d.Quarantine)
		}
	})
}

func TestTheSameAgainAddsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, someLeads).into("leads", "leads")
		l.on(t, p)
		before := p.rows(leadsContent)
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 0 || r.loaded.Duplicates != 4 || r.loaded.Rejected != 3 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "table", p.rows(leadsContent), before)
		l.write(t, leadsHeader+"New,N,n@example.com,,Lost,\n")
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 1 || r.loaded.Quarantine != "" {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "the next id", p.rows("select max(id) from leads"), [][]string{{"4"}})
		if rows := p.rows("insert into leads (company_name, email) values ('Later', 'later@example.com') returning id"); rows[0][0] != "5" {
			t.Errorf("the sequence gives %s", rows[0][0])
		}
	})
}

func TestReplaceEndsWithExactlyTheFile(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, someLeads).into("leads", "leads").mode(engine.Replace)
		l.on(t, p)
		first := p.rows(leadsContent)
		p.rows("insert into leads (company_name, email) values ('Other', 'other@example.com')")
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 3 || r.loaded.Duplicates != 1 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "table", p.rows(leadsContent), first)
		l.write(t, leadsHeader)
		if r = l.on(t, p); r.err != nil || r.loaded.RowsRead != 0 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "an empty file empties", p.rows(leadsContent), nil)
	})
}

func TestUpsertUpdatesByKey(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, leadsHeader+"Acme,Ann,ann@example.com,Tech,New,2024-01-01\nBeta,Bo,bo@example.com,Tech,New,2024-01-01\n").
			into("leads", "leads").mode(engine.Upsert)
		l.on(t, p)
		// In another order, without industry and created_at, and with the key in other letters.
		l.write(t, "Status,Email,Company_Name\nLost,ANN@example.com,Acme\nNew,cy@example.com,Gamma\nNew,bo@example.com,Beta\nLost,cy@EXAMPLE.com,Gamma\n")
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 3 || r.loaded.Duplicates != 1 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "table", p.rows(leadsContent), [][]string{
			{"1", "Acme", "Ann", "ann@example.com", "Tech", "Lost"},
			{"2", "Beta", "Bo", "bo@example.com", "Tech", "New"},
			{"3", "Gamma", "∅", "cy@example.com", "∅", "New"},
		})
		if len(r.notes) != 1 || r.notes[0] != "1 row added, 1 row changed" {
			t.Errorf("notes %q", r.notes)
		}
		if rows := p.rows("insert into leads (company_name, email) values ('Later', 'later@example.com') returning id"); rows[0][0] != "4" {
			t.Errorf("the sequence gives %s", rows[0][0])
		}
		same(t, "no stage stays", p.rows("select table_name from information_schema.tables where table_name like 'pipewright%'"), nil)
	})
}

func TestInferKeepsWhatItReads(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		content := "whole,big,huge,price,code,phone,word,truth,day,moment,instant,sci,mixed,nothing,zoned\n" +
			"1,3000000000,12345678901234567.89,1.50,007,+44 20,no,true,2024-02-29,2024-01-01 10:00:00.5,2024-01-01T10:00:00Z,1e5,2024-01-01,,2024-01-01T10:00:00+02:00\n" +
			"-20,-1,0.01,-0.25,123,+1,yes,false,0001-01-01,9999-12-31 23:59:59,2024-06-01 00:00:00+00,5,2024-01-01 00:00:00,,2024-01-01T10:00:00Z\n" +
			",,,,,,,,,,,,,,\n"
		l := newLoading(t, content).into("other.thing", "infer")
		p.rows(`create schema other`)
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 3 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "types", p.rows("select data_type from information_schema.columns where table_name = 'thing' and column_name in ('code','phone','word','sci','mixed','nothing','zoned') group by 1"),
			p.rows(map[engine.Backend]string{engine.Postgres: "select 'text'", engine.DuckDB: "select 'VARCHAR'"}[p.name()]))
		got := p.rows("select cast(whole as varchar), cast(big as varchar), cast(huge as varchar), cast(price as varchar), code, phone, word, cast(truth as varchar), cast(day as varchar), cast(moment as varchar), sci, mixed, nothing, zoned from other.thing")
		same(t, "values", got, [][]string{
			{"1", "3000000000", "12345678901234567.89", "1.50", "007", "+44 20", "no", "true", "2024-02-29", "2024-01-01 10:00:00.5", "1e5", "2024-01-01", "∅", "2024-01-01T10:00:00+02:00"},
			{"-20", "-1", "0.01", "-0.25", "123", "+1", "yes", "false", "0001-01-01", "9999-12-31 23:59:59", "5", "2024-01-01 00:00:00", "∅", "2024-01-01T10:00:00Z"},
			{"∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅"},
		})
		same(t, "instant", p.rows("select extract(epoch from instant) = 1704103200 from other.thing where whole = 1"), p.rows("select true"))
	})
}

func TestAKeylessFileIsNotDoubled(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, "a,b\n1,x\n1,x\n2,y\n3\n").into("things", "infer")
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 3 || r.loaded.Rejected != 1 || r.loaded.Digest != digestOf("a,b\n1,x\n1,x\n2,y\n3\n") {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 0 || r.loaded.Duplicates != 3 || len(r.notes) != 1 {
			t.Fatalf("%v %+v %q", r.err, r.loaded, r.notes)
		}
		same(t, "count", p.rows("select count(*) from things"), [][]string{{"3"}})
		l.req.Again = true
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 3 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "count", p.rows("select count(*) from things"), [][]string{{"6"}})
		l.req.Again = false
		p.rows("truncate table things")
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 3 {
			t.Fatalf("after truncate: %v %+v", r.err, r.loaded)
		}
		p.rows("drop table things")
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 3 {
			t.Fatalf("after drop: %v %+v", r.err, r.loaded)
		}
		packed := gzipped("a,b\n1,x\n1,x\n2,y\n3\n") // the same text, stored in another way
		l.write(t, packed)
		if r = l.on(t, p); r.err != nil || r.loaded.Duplicates != 3 || r.loaded.Bytes != int64(len(packed)) {
			t.Fatalf("packed: %v %+v", r.err, r.loaded)
		}
		l.write(t, "a,b\n9,z\n")
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 1 {
			t.Fatalf("another file: %v %+v", r.err, r.loaded)
		}
	})
}

// TestTheLedgerSurvivesARewrite: VACUUM FULL gives a table new storage, and so does TRUNCATE.
func TestTheLedgerSurvivesARewrite(t *testing.T) {
	p := newPostgres(t)
	a, b := newLoading(t, "a\n1\n2\n").into("things", "infer"), newLoading(t, "a\n3\n4\n5\n").into("things", "infer")
	for _, step := range []struct {
		sql  string
		l    *loading
		want int64
	}{
		{"", a, 2}, {"", b, 3}, {"vacuum full things", a, 0}, {"", b, 0},
		{"truncate things", b, 3}, {"", a, 2}, {"", a, 0},
		{"drop table things", a, 2}, {"", b, 3}, {"", b, 0},
	} {
		if step.sql != "" {
			p.rows(step.sql)
		}
		if r := step.l.on(t, p); r.err != nil || r.loaded.Accepted != step.want {
			t.Fatalf("%q: %v, %d accepted, want %d", step.sql, r.err, r.loaded.Accepted, step.want)
		}
	}
}

// TestAFileWithoutASchemaUsesTheTablesKey: keys are then compared as the constraint does.
func TestAFileWithoutASchemaUsesTheTablesKey(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		p.rows("create table parts (maker text, number integer, price numeric(10,2), primary key (maker, number))")
		l := newLoading(t, "number,maker,price\n1,A,1.00\n1,a,2.00\n1,A,3.00\n2,A,4\n,A,5\n").into("parts", "infer")
		r := l.on(t, p)
		if r.err != nil || r.loaded.Accepted != 3 || r.loaded.Duplicates != 1 || r.loaded.Rejected != 1 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 0 || r.loaded.Duplicates != 4 {
			t.Fatalf("again: %v %+v", r.err, r.loaded)
		}
		l.write(t, "number,maker,price\n1,a,9\n3,a,8\n")
		if r = l.mode(engine.Upsert).on(t, p); r.err != nil || r.loaded.Accepted != 2 {
			t.Fatalf("upsert: %v %+v", r.err, r.loaded)
		}
		same(t, "table", p.rows("select maker, number, cast(price as varchar) from parts order by 1, 2"), [][]string{
			{"A", "1", "1.00"}, {"A", "2", "4.00"}, {"a", "1", "9.00"}, {"a", "3", "8.00"},
		})
		if !strings.Contains(strings.Join(r.notes, " "), "1 row added, 1 row changed") {
			t.Errorf("notes %q", r.notes)
		}
	})
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text) // into memory
	_ = z.Close()
	return b.String()
}

func TestNamesAreInert(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, "\"a\"\"); drop table leads; --\",'; select 1,Ünï\n1,2,3\n").into(`x"; drop table y; --`, "infer")
		if r := l.on(t, p); r.err != nil || r.loaded.Accepted != 1 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "columns", p.rows("select column_name from information_schema.columns where table_name like 'x%' order by ordinal_position"),
			[][]string{{`a"); drop table leads; --`}, {"'; select 1"}, {"Ünï"}})
	})
}
