//go:build unix

package load_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipewright/engine"
	"pipewright/engine/load"
)

// leadsFile makes n good leads.
func leadsFile(n int) string {
	var b strings.Builder
	b.WriteString(leadsHeader)
	for i := range n {
		fmt.Fprintf(&b, "\"Company, %d\",Person %d,person.%d@company-%d.example.com,Retail,Contacted,2024-03-01 10:00:%02d\n", i%700, i, i, i%700, i%60)
	}
	return b.String()
}

// furnished is a leads table with everything on it that a load could lose.
const furnished = `create table leads (id serial primary key, company_name varchar(255) not null, contact_person varchar(255),
	email varchar(255) unique, industry varchar(100), status varchar(50) default 'New', created_at timestamp default current_timestamp);
	create index leads_created on leads (created_at desc) include (status) where status <> 'Lost';
	create index leads_lower on leads (lower(company_name));
	alter table leads add constraint short check (length(industry) < 90), add constraint deferred unique (company_name, contact_person) deferrable initially deferred;
	create view open_leads as select status, count(*) from leads group by status;
	create view by_key as select id, company_name from leads group by id;
	do $$ begin create role pipewright_reader; exception when duplicate_object or unique_violation then null; end $$;
	grant select on leads, open_leads to pipewright_reader;
	grant update (status) on leads to pipewright_reader;
	comment on table leads is 'the leads'; comment on column leads.email is 'an address';
	comment on constraint leads_pkey on leads is 'the key';
	alter table leads replica identity full; alter table leads alter column email set statistics 500;
	select setval('leads_id_seq', 40)`

// state is everything that must be as it was.
const state = `select 'rows', count(*)::text, coalesce(md5(string_agg(l::text, ',' order by id)), '') from leads l
	union all select 'column', attname, format('%s %s %s %s %s', atttypid::regtype, atttypmod, attnotnull, attstattarget, attacl) from pg_attribute where attrelid = 'leads'::regclass and attnum > 0
	union all select 'constraint', conname, pg_get_constraintdef(oid) || coalesce(obj_description(oid, 'pg_constraint'), '') from pg_constraint where conrelid = 'leads'::regclass
	union all select 'index', indexrelid::regclass::text, format('%s %s %s %s', pg_get_indexdef(indexrelid), indisvalid, indisreplident, indisclustered) from pg_index where indrelid = 'leads'::regclass
	union all select 'table', relname, format('%s %s %s %s', relacl, relreplident, relowner::regrole, obj_description(oid)) from pg_class where oid = 'leads'::regclass
	union all select 'view', viewname, definition from pg_views where schemaname = 'public'
	union all select 'sequence', last_value::text, is_called::text from leads_id_seq
	union all select 'relation', relname, relkind::text from pg_class where relnamespace = 'public'::regnamespace
	union all select 'schema', nspname, '' from pg_namespace where nspname = 'pipewright' or nspname like 'pg_temp%' and exists (select from pg_class where relnamespace = pg_namespace.oid and relname like 'pipewright%')
	order by 1, 2, 3`

// quiet waits until no load is left on the server.
func (p *postgresPlace) quiet(t *testing.T) {
	t.Helper()
	for range 200 {
		if rows := p.rows("select count(*) from pg_stat_activity where application_name = 'pipewright load' and datname = current_database()"); rows[0][0] == "0" {
			return
		}
		p.rows("select pg_sleep(0.01)")
	}
	same(t, "left on the server", p.rows("select pid, state, query from pg_stat_activity where application_name = 'pipewright load' and datname = current_database()"), nil)
}

// furnish makes the table, empty or with some leads.
func (p *postgresPlace) furnish(filled bool) {
	p.rows("drop table if exists leads cascade; drop schema if exists pipewright cascade")
	p.rows(furnished)
	if filled {
		p.rows(`insert into leads (company_name, email) select 'Old ' || i, 'person.' || i * 300 || '@company-' || i * 300 % 700 || '.example.com' from generate_series(1, 500) i`)
	}
}

// disturbed runs loads that end at a random moment, and checks that each is in the table as a whole or not at
// all. end makes it end; it is called on a goroutine of its own.
func disturbed(t *testing.T, rounds int, kind engine.Kind, end func(p *postgresPlace, cancel func())) {
	p := newPostgres(t)
	l := newLoading(t, leadsFile(50_000)).into("leads", "leads")
	l.o.Workers = 2
	random := rand.New(rand.NewPCG(1, uint64(len(kind))))
	stopped := 0
	longest := 400 * time.Millisecond
	for round := range rounds {
		l.mode([]engine.Mode{engine.Append, engine.Replace, engine.Upsert}[round%3])
		p.furnish(round%2 == 0)
		before := p.rows(state)
		ctx, cancel := context.WithCancel(context.Background())
		l.ctx = ctx
		var ended time.Time
		done := make(chan struct{})
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), func() {
			defer close(done)
			ended = time.Now()
			end(p, cancel)
		})
		start := time.Now()
		r := l.on(t, p)
		back := time.Now()
		if timer.Stop() {
			close(done)
		}
		<-done
		took := back.Sub(start)
		cancel()
		p.quiet(t)
		if r.err == nil {
			longest = max(took, 20*time.Millisecond)
			continue
		}
		stopped++
		if r.err.Kind != kind {
			t.Errorf("round %d: %s: %v (%v)", round, r.err.Kind, r.err, r.err.Err)
		}
		if wait := back.Sub(ended); wait > 2*time.Second {
			t.Errorf("round %d: ended after %v", round, wait)
		}
		if strings.Contains(r.err.What, "as a whole or not at all") {
			continue // lost in the middle of the commit: either is right, and the error says so
		}
		same(t, fmt.Sprintf("round %d, %s", round, l.req.Mode), p.rows(state), before)
	}
	if stopped < rounds/4 {
		t.Errorf("only %d of %d loads were disturbed", stopped, rounds)
	}
}

func TestACancelledLoadLeavesNoTrace(t *testing.T) {
	disturbed(t, 18, engine.Interrupted, func(_ *postgresPlace, cancel func()) { cancel() })
}

func TestALostServerLeavesNoTrace(t *testing.T) {
	disturbed(t, 12, engine.Unavailable, func(p *postgresPlace, _ func()) {
		other := &postgresPlace{t: p.t, conn: connect(p.t, p.dsn)}
		defer func() { _ = other.conn.Close(context.Background()) }()
		other.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pipewright load' and datname = current_database()")
	})
}

// TestALoadIntoAFurnishedTableKeepsTheFurniture also takes the road on which indexes are dropped and built
// again.
func TestALoadIntoAFurnishedTableKeepsTheFurniture(t *testing.T) {
	p := newPostgres(t)
	l := newLoading(t, leadsFile(50_000)).into("leads", "leads")
	for _, filled := range []bool{false, true} {
		for _, mode := range []engine.Mode{engine.Append, engine.Replace, engine.Upsert} {
			p.furnish(filled)
			before := p.rows(state)
			r := l.mode(mode).on(t, p)
			if r.err != nil {
				t.Fatal(r.err)
			}
			after := p.rows(state)
			var a, b [][]string
			for _, row := range before {
				if row[0] != "rows" && row[0] != "sequence" {
					b = append(b, row)
				}
			}
			for _, row := range after {
				if row[0] != "rows" && row[0] != "sequence" {
					a = append(a, row)
				}
			}
			same(t, fmt.Sprintf("%s, filled %v", mode, filled), a, b)
			same(t, "the index is used", p.rows("set enable_seqscan = off; select count(*) from leads where email = 'person.49999@company-299.example.com'; reset enable_seqscan"), [][]string{{"1"}})
			total := p.rows("select count(*) from leads")[0][0]
			if want := map[bool]string{true: "50334", false: "50000"}[filled && mode != engine.Replace]; total != want {
				t.Errorf("%s, filled %v: %s rows, want %s", mode, filled, total, want)
			}
		}
	}
}

// TestACancelledLoadLeavesDuckDBAsItWas is the same for DuckDB, which runs in this process.
func TestACancelledLoadLeavesDuckDBAsItWas(t *testing.T) {
	p := newDuck(t)
	l := newLoading(t, leadsFile(20_000)).into("leads", "leads")
	if r := l.on(t, p); r.err != nil {
		t.Fatal(r.err)
	}
	const state = `select count(*)::varchar, max(id)::varchar, sum(hash(l)::hugeint)::varchar, (select last_value::varchar from duckdb_sequences()) from leads l`
	before := p.rows(state)
	l.write(t, leadsFile(60_000))
	random := rand.New(rand.NewPCG(3, 3))
	stopped := 0
	longest := 300 * time.Millisecond
	for round := range 15 {
		l.mode([]engine.Mode{engine.Append, engine.Replace, engine.Upsert}[round%3])
		ctx, cancel := context.WithCancel(context.Background())
		l.ctx = ctx
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), cancel)
		start := time.Now()
		r := l.on(t, p)
		timer.Stop()
		cancel()
		if r.err == nil { // it was faster: begin again
			longest = max(time.Since(start), 20*time.Millisecond)
			p.rows("drop table leads")
			p.rows("drop sequence leads_id_seq")
			again := newLoading(t, leadsFile(20_000)).into("leads", "leads")
			if r := again.on(t, p); r.err != nil {
				t.Fatal(r.err)
			}
			before = p.rows(state)
			continue
		}
		stopped++
		if r.err.Kind != engine.Interrupted {
			t.Errorf("round %d: %s: %v (%v)", round, r.err.Kind, r.err, r.err.Err)
		}
		same(t, fmt.Sprintf("round %d, %s", round, l.req.Mode), p.rows(state), before)
		same(t, "no stage stays", p.rows("select table_name from information_schema.tables where table_name like 'pipewright%'"), nil)
	}
	if stopped < 4 {
		t.Errorf("only %d loads were cancelled", stopped)
	}
}

// TestTwoLoadsAtOnceDoNotDouble: the second waits for the first, and then sees its rows.
func TestTwoLoadsAtOnceDoNotDouble(t *testing.T) {
	p := newPostgres(t)
	p.furnish(true)
	text := leadsFile(30_000)
	results := make(chan run, 3)
	for range cap(results) {
		l := newLoading(t, text).into("leads", "leads")
		go func() { results <- l.on(t, p) }()
	}
	var accepted, read int64
	for range cap(results) {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		accepted += r.loaded.Accepted
		read += r.loaded.RowsRead
	}
	if accepted != 30_000-99 || read != 90_000 {
		t.Errorf("%d accepted of %d", accepted, read)
	}
	same(t, "table", p.rows("select count(*), count(distinct email) from leads"), [][]string{{"30401", "30401"}})
}

// lastMoment cancels a load right before or right after its commit.
type lastMoment struct {
	load.Sink
	before, after func()
}

func (s *lastMoment) Commit(ctx context.Context) (engine.LoadDone, error) {
	s.before()
	done, err := s.Sink.Commit(ctx)
	s.after()
	return done, err
}

// TestACancelAtTheCommit: before it nothing is in the table, after it the load is done and says so.
func TestACancelAtTheCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		l := newLoading(t, someLeads).into("leads", "leads")
		nothing := func() {}
		for _, early := range []bool{true, false} {
			ctx, cancel := context.WithCancel(context.Background())
			sink := &lastMoment{p.sink(), nothing, cancel}
			if early {
				sink.before, sink.after = cancel, nothing
			}
			err := load.Run(ctx, sink, l.req, load.Options{Workspace: l.ws}, func(engine.Event) {})
			cancel()
			var e *engine.Error
			if early != (errors.As(err, &e) && e.Kind == engine.Interrupted) || !early && err != nil {
				t.Fatalf("early %v: %v", early, err)
			}
			tables := p.rows("select count(*) from information_schema.tables where table_name = 'leads'")
			same(t, fmt.Sprintf("early %v", early), tables, [][]string{{map[bool]string{true: "0", false: "1"}[early]}})
		}
		// A quarantine that cannot take its place is told, and that the rows are in the table.
		l.write(t, leadsHeader+"A,,new@example.com,,New,\nA,,new,,New,\n")
		l.req.Quarantine = filepath.Join(l.ws.Dir, "here", "q.csv")
		sink := &lastMoment{p.sink(), func() { _ = os.MkdirAll(filepath.Join(l.req.Quarantine, "in the way"), 0o755) }, nothing}
		err := load.Run(context.Background(), sink, l.req, load.Options{Workspace: l.ws}, func(engine.Event) {})
		if err == nil || !strings.Contains(err.Error(), "the rows are in the table") || strings.Contains(err.Error(), "as it was") {
			t.Errorf("%v", err)
		}
		same(t, "table", p.rows("select count(*) from leads"), [][]string{{"4"}})
	})
}
