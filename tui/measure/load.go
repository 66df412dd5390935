package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

const leadsTable = `create table %s (%s company_name varchar(255) not null, contact_person varchar(255),
 email varchar(255) %s, industry varchar(100), status varchar(50) default 'New', created_at timestamp default current_timestamp)`

const leadsColumns = "company_name, contact_person, email, industry, status, created_at"

// measureLoad loads the same file with our load, which validates and deduplicates, and with psql's \copy,
// which does neither, into equal tables on the same server.
func measureLoad(ctx context.Context, b *bench) error {
	psql, err := exec.LookPath("psql")
	if err != nil {
		fmt.Println("  psql is not installed: there is no peer to compare with")
		return nil
	}
	if _, err := b.server(ctx); err != nil {
		return err
	}
	file, err := b.makeLeads(ctx, b.rows)
	if err != nil {
		return err
	}
	l := &loads{b: b, ctx: ctx, psql: psql, file: file}
	if err := l.compare("plain table", "plain_leads", "", "", 1.15); err != nil {
		return err
	}
	if err := l.compare("primary key and unique email", "keyed_leads", "id serial primary key,", "unique", 1.3); err != nil {
		return err
	}
	return l.pgloader()
}

type loads struct {
	b          *bench
	ctx        context.Context
	psql, file string
}

func (l *loads) sql(commands ...string) (time.Duration, error) {
	args := []string{"-X", "-q", "-v", "ON_ERROR_STOP=1"}
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	cmd := exec.CommandContext(l.ctx, l.psql, append(args, l.b.dsn)...)
	took, _, err := timed(cmd)
	return took, err
}

// empty leaves both sides the same start: an empty table and nothing left to be written to disk.
func (l *loads) empty(table string) error {
	_, err := l.sql("truncate "+table, "checkpoint")
	return err
}

func (l *loads) compare(what, table, id, unique string, floor float64) error {
	if _, err := l.sql("drop table if exists "+table, fmt.Sprintf(leadsTable, table, id, unique)); err != nil {
		return err
	}
	ours := func() (time.Duration, error) {
		if err := l.empty(table); err != nil {
			return 0, err
		}
		took, _, err := timed(l.b.ours(l.ctx, "load", l.file, "--table", table, "--schema", "leads", "--mode", "append"))
		if err != nil {
			return 0, err
		}
		return took, l.holds(table, l.b.rows)
	}
	copying := fmt.Sprintf(`\copy %s (%s) from '%s' with (format csv, header)`, table, leadsColumns, l.file)
	peer := func() (time.Duration, error) {
		if err := l.empty(table); err != nil {
			return 0, err
		}
		return l.sql(copying)
	}
	within := func() (time.Duration, error) {
		if err := l.empty(table); err != nil {
			return 0, err
		}
		return l.sql("begin", "truncate "+table, copying, "commit")
	}
	a, p, err := pairs(l.b.rounds, ours, peer)
	if err != nil {
		return err
	}
	rate := spreadOf(seconds(a))
	fmt.Printf("  %s, %d rows: ours %.2f s (%.0f rows/s), psql %.2f s\n", what, l.b.rows, rate.mid, float64(l.b.rows)/rate.mid, spreadOf(seconds(p)).mid)
	l.b.atLeast(what+" against psql \\copy", spreadOf(ratios(a, p)), floor)
	a, p, err = pairs(l.b.rounds, ours, within)
	if err != nil {
		return err
	}
	l.b.atLeast(what+" against psql begin; truncate; \\copy", spreadOf(ratios(a, p)), 0)
	return nil
}

// holds makes sure that a time counts only for a load that is whole.
func (l *loads) holds(table string, rows int64) error {
	out, err := exec.CommandContext(l.ctx, l.psql, "-X", "-A", "-t", "-c", "select count(*) from "+table, l.b.dsn).Output()
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(out)); got != fmt.Sprint(rows) {
		return fmt.Errorf("%s holds %s rows, not %d", table, got, rows)
	}
	return nil
}

// pgloader loads half of the rows: it is that much slower.
func (l *loads) pgloader() error {
	tool, err := exec.LookPath("pgloader")
	if err != nil {
		fmt.Println("  pgloader is not installed: not compared")
		return nil
	}
	rows := l.b.rows / 2
	target, err := url.Parse(l.b.dsn)
	if err != nil {
		return err
	}
	file, err := l.b.makeLeads(l.ctx, rows)
	if err != nil {
		return err
	}
	const table = "plain_leads"
	q := target.Query()
	q.Set("tablename", table)
	target.RawQuery = q.Encode()
	ours := func() (time.Duration, error) {
		if err := l.empty(table); err != nil {
			return 0, err
		}
		took, _, err := timed(l.b.ours(l.ctx, "load", file, "--table", table, "--schema", "leads", "--mode", "append"))
		return took, err
	}
	peer := func() (time.Duration, error) {
		if err := l.empty(table); err != nil {
			return 0, err
		}
		took, _, err := timed(exec.CommandContext(l.ctx, tool, "--type", "csv", "--field", strings.ReplaceAll(leadsColumns, " ", ""),
			"--with", "skip header = 1", "--with", "fields terminated by ','", "--with", "fields optionally enclosed by '\"'", file, target.String()))
		if err == nil {
			err = l.holds(table, rows)
		}
		return took, err
	}
	a, p, err := pairs(3, ours, peer)
	if err != nil {
		return err
	}
	l.b.atLeast(fmt.Sprintf("plain table, %d rows, against pgloader", rows), spreadOf(ratios(a, p)), 20)
	return nil
}
