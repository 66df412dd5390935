//go:build unix

package load_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"pipewright/engine"
)

// randomDecimal makes a decimal number of up to whole digits before and scale digits after the point.
func randomDecimal(r *rand.Rand, whole, scale int) string {
	var b strings.Builder
	if r.IntN(2) == 0 {
		b.WriteByte('-')
	}
	n := 1 + r.IntN(whole)
	for i := range n {
		d := r.IntN(10)
		if r.IntN(3) == 0 {
			d = 0
		}
		if i == 0 && n > 1 && d == 0 {
			d = 1
		}
		b.WriteByte(byte('0' + d))
	}
	if n = r.IntN(scale + 1); n > 0 {
		b.WriteByte('.')
		for range n {
			d := r.IntN(10) * r.IntN(2)
			b.WriteByte(byte('0' + d))
		}
	}
	s := b.String()
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// TestEveryTypeArrivesAsItWasWritten loads random values next to themselves as text, and lets the backend
// compare: what it reads out of the text must be what has arrived.
func TestEveryTypeArrivesAsItWasWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	moment := func(from, to string) time.Time {
		a, _ := time.Parse(time.DateOnly, from)
		b, _ := time.Parse(time.DateOnly, to)
		return time.UnixMicro(a.UnixMicro() + random.Int64N(b.UnixMicro()-a.UnixMicro())).UTC()
	}
	types := []struct {
		sql  string
		make func() string
	}{
		{"smallint", func() string { return strconv.Itoa(random.IntN(1<<16) - 1<<15) }},
		{"integer", func() string { return strconv.Itoa(int(int32(random.Uint32()))) }},
		{"bigint", func() string { return strconv.FormatInt(int64(random.Uint64()), 10) }},
		{"numeric(30,10)", func() string { return randomDecimal(random, 20, 10) }},
		{"double precision", func() string {
			return strconv.FormatFloat(math.Ldexp(random.Float64()-0.5, random.IntN(200)-100), 'g', -1, 64)
		}},
		{"boolean", func() string { return []string{"true", "f", "YES", "0"}[random.IntN(4)] }},
		{"date", func() string { return moment("0001-01-01", "9999-12-31").Format(time.DateOnly) }},
		{"timestamp", func() string { return moment("0001-01-01", "9999-12-31").Format("2006-01-02 15:04:05.999999") }},
		{"timestamptz", func() string {
			return moment("1900-01-01", "2100-12-31").Format("2006-01-02 15:04:05.999999") + fmt.Sprintf("%+03d:%02d", random.IntN(25)-12, random.IntN(60))
		}},
		{"text", func() string { return strings.Repeat("ü\t\"x\" ", random.IntN(5)) + "." }},
	}
	var ddl, header []string
	for i, typ := range types {
		ddl = append(ddl, fmt.Sprintf("c%d %s, t%d text", i, typ.sql, i))
		header = append(header, fmt.Sprintf("t%d,c%d", i, i))
	}
	var b strings.Builder
	b.WriteString(strings.Join(header, ",") + "\n")
	for n := range 2000 {
		for i, typ := range types {
			v := strings.ReplaceAll(typ.make(), `"`, `""`)
			if random.IntN(20) == 0 {
				v = ""
			}
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%s","%s"`, v, v)
		}
		_ = n
		b.WriteByte('\n')
	}
	onBoth(t, func(t *testing.T, p place) {
		p.rows("create table every (" + strings.Join(ddl, ", ") + ")")
		r := newLoading(t, b.String()).into("every", "infer").on(t, p)
		if r.err != nil || r.loaded.Accepted != 2000 {
			t.Fatalf("%v %+v", r.err, r.loaded.Reasons)
		}
		for i, typ := range types {
			sql := fmt.Sprintf("select c%d, t%d from every where c%d is distinct from cast(t%d as %s) limit 3", i, i, i, i, typ.sql)
			same(t, typ.sql, p.rows(sql), nil)
		}
		same(t, "nulls", p.rows("select count(*) > 50 from every where c0 is null and t0 is null"), p.rows("select true"))
	})
	// Only PostgreSQL has a numeric without limits, and it must keep the digits as they are.
	p := newPostgres(t)
	b.Reset()
	b.WriteString("n,t\n")
	for range 3000 {
		v := randomDecimal(random, 60, 40)
		b.WriteString(v + "," + v + "x\n")
	}
	if r := newLoading(t, b.String()).into("wide", "infer").on(t, p); r.err != nil {
		t.Fatal(r.err)
	}
	same(t, "numeric", p.rows("select n, t from wide where n::text || 'x' <> t limit 3"), nil)
}

// TestATableOfOtherTypes: a table that somebody made by hand is used as it is, or refused in a sentence.
func TestATableOfOtherTypes(t *testing.T) {
	for _, c := range []struct {
		ddl, says string // says is what a refusal says; empty: it is loaded
	}{
		{"id bigint generated always as identity primary key, company_name text not null, contact_person text, email text unique, industry text, status text, created_at timestamptz", ""},
		{"id serial, company_name varchar(3) not null, contact_person text, email text, industry text, status text, created_at text", ""},
		{"company_name text, contact_person text, email text, industry text, status text, created_at date, extra int default 5", ""},
		{"company_name text, contact_person text, email text, industry text, status integer, created_at timestamp", "status"},
		{"company_name text, contact_person text, email text, industry text, status jsonb, created_at timestamp", "jsonb"},
		{"company_name text, email text", `no column "contact_person"`},
		{"company_name text, contact_person text, email text, industry text, status text, created_at timestamp, owner text not null", `"owner" must be filled`},
		{"company_name text, contact_person text, email text, industry text, status text generated always as ('New') stored, created_at timestamp", "computed"},
	} {
		p := newPostgres(t)
		p.rows("create table leads (" + c.ddl + ")")
		l := newLoading(t, leadsHeader+"Ace,Ann,ann@example.com,Tech,New,2024-01-01\nToo long,Bob,bob@example.com,,Lost,2024-01-01\n").into("leads", "leads")
		r := l.on(t, p)
		if c.says == "" && (r.err != nil || r.loaded.Accepted == 0) || c.says != "" && (r.err == nil || !strings.Contains(r.err.Error(), c.says)) {
			t.Errorf("%s: %v %+v", c.ddl, r.err, r.loaded.Reasons)
		}
		p.quiet(t)
	}
}

// TestWhatTheTableForbidsIsTold: a constraint that the load knows nothing of ends it, with the table as it was.
func TestWhatTheTableForbidsIsTold(t *testing.T) {
	p := newPostgres(t)
	l := newLoading(t, leadsHeader+"Ace,Ann,ann@example.com,Tech,New,\nBee,Bob,bob@example.com,Tech,Lost,\n").into("leads", "leads")
	p.rows("create table leads (id serial primary key, company_name text, contact_person text unique, email text, industry text, status text check (status <> 'Lost'), created_at timestamp)")
	if r := l.on(t, p); r.err == nil || r.err.Kind != engine.Failed || !strings.Contains(r.err.Error(), "leads_status_check") || r.err.SQLState != "23514" {
		t.Errorf("check: %v", r.err)
	}
	l.write(t, leadsHeader+"Ace,Ann,ann@example.com,Tech,New,\nBee,Ann,bob@example.com,Tech,New,\n")
	if r := l.on(t, p); r.err == nil || !strings.Contains(r.err.Error(), "contact_person") || !strings.Contains(r.err.Error(), "Ann") {
		t.Errorf("unique: %v", r.err)
	}
	p.rows("create table calls (lead_id int references leads (id)); insert into leads (company_name, email) values ('Old', 'old@example.com'); insert into calls values (1)")
	r := l.mode(engine.Replace).on(t, p)
	if r.err == nil || !strings.Contains(r.err.Error(), "calls") {
		t.Errorf("referred to: %v", r.err)
	}
	p.rows("truncate calls; alter table calls drop constraint calls_lead_id_fkey, add foreign key (lead_id) references leads (id) on delete cascade")
	if r = l.on(t, p); r.err == nil || !strings.Contains(r.err.Error(), "ON DELETE") {
		t.Errorf("cascade: %v", r.err)
	}
	same(t, "as it was", p.rows("select company_name from leads"), [][]string{{"Old"}})
	p.rows("create view v as select 1 as company_name")
	l.req.Table = "v"
	if r = l.on(t, p); r.err == nil || !strings.Contains(r.err.Error(), "a view") {
		t.Errorf("view: %v", r.err)
	}
}

// TestARoleThatOwnsNothing may load all the same: the database numbers the rows then, and the indexes stay.
func TestARoleThatOwnsNothing(t *testing.T) {
	p := newPostgres(t)
	p.furnish(false)
	p.rows(`do $$ begin create role pipewright_writer; exception when duplicate_object or unique_violation then null; end $$;
		grant select, insert, update, delete, truncate on leads to pipewright_writer; grant usage on leads_id_seq to pipewright_writer`)
	p.config.RuntimeParams["role"] = "pipewright_writer"
	for _, mode := range []engine.Mode{engine.Append, engine.Upsert, engine.Replace} {
		r := newLoading(t, leadsFile(50_000)).into("leads", "leads").mode(mode).on(t, p)
		if r.err != nil || r.loaded.Accepted != 50_000 {
			t.Errorf("%s: %v %+v", mode, r.err, r.loaded)
		}
	}
	same(t, "table", p.rows("select count(*), count(distinct id) from leads"), [][]string{{"50000", "50000"}})
	if r := newLoading(t, "a\n1\n").into("mine", "infer").on(t, p); r.err == nil || r.err.SQLState != "42501" || r.err.Next == "" {
		t.Errorf("%v", r.err)
	}
}

// TestReadersGoOn: while a load appends to a filled table others read it, and a reader of an empty one is not
// locked out for the rebuild of its indexes.
func TestReadersGoOn(t *testing.T) {
	p := newPostgres(t)
	p.furnish(false)
	reader := &postgresPlace{t: t, conn: connect(t, p.dsn)}
	reader.rows("begin; select count(*) from leads")
	r := newLoading(t, leadsFile(50_000)).into("leads", "leads").on(t, p)
	if r.err != nil || r.loaded.Accepted != 50_000 {
		t.Fatal(r.err)
	}
	same(t, "the reader's view", reader.rows("select count(*) from leads; commit"), [][]string{{"50000"}})
	l := newLoading(t, leadsFile(60_000)).into("leads", "leads")
	during := 0
	l.seen = func(e engine.Event) {
		if e, ok := e.(engine.Progress); ok && e.Stage == "load" {
			same(t, "during", reader.rows("select count(*) from leads"), [][]string{{"50000"}})
			during++
		}
	}
	if r = l.on(t, p); r.err != nil || r.loaded.Accepted != 10_000 || during == 0 {
		t.Errorf("%v %+v, read %d times", r.err, r.loaded, during)
	}
}
