package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/engine/lab"
)

// onScreen is how many rows of a result a table shows unless --limit says otherwise.
const onScreen = 1000

// longestSQL is how much SQL text is taken, in bytes.
const longestSQL = 16 << 20

// queryFlags are what `query` was asked.
type queryFlags struct {
	file    string
	backend *choice
	format  *choice
	limit   *wholeNumber
	limited bool
	out     string
}

func (a *app) queryCommand() *cobra.Command {
	q := queryFlags{
		backend: oneOf(string(engine.Postgres), backends()...),
		format:  oneOf("table", "table", "csv", "json", "parquet"),
		limit:   &wholeNumber{},
	}
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Run SQL and print what it returns",
		Long: "Runs one or more statements; the SQL is the argument, the text of -f FILE, or standard input.\n" +
			"A table shows up to 1,000 rows, and says so when there are more; csv and json give all, unless\n" +
			"--limit says otherwise. --out writes csv, parquet or json (one object a line) to a file.\n" +
			"In JSON a text of several statements gives {\"results\":[…]}, one document for each statement.",
		Example: "  pipewright query 'select status, count(*) from leads group by 1'\n" +
			"  pipewright query -f report.sql --out reports/report.parquet",
		Args: between(0, "SQL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.limited = cmd.Flags().Changed("limit")
			if !cmd.Flags().Changed("format") {
				q.format.value = formatFor(q.out, a.flags.json)
			}
			return a.query(&q, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&q.file, "file", "f", "", "read the SQL from a `FILE`")
	addChoice(cmd, q.backend, "backend", "where to run it")
	f.Var(q.limit, "limit", "at most that many rows of each result, 0 for all (default: 1000 for a table, else all)")
	addChoice(cmd, q.format, "format", "how to print or write the result")
	f.StringVar(&q.out, "out", "", "write the result to a `FILE` (csv, parquet or json by its ending)")
	return cmd
}

// formatFor is the format that nobody named.
func formatFor(out string, asJSON bool) string {
	switch strings.ToLower(filepath.Ext(out)) {
	case ".parquet", ".pq":
		return "parquet"
	case ".json", ".jsonl", ".ndjson":
		return "json"
	}
	switch {
	case out != "":
		return "csv"
	case asJSON:
		return "json"
	}
	return "table"
}

func (a *app) query(q *queryFlags, args []string) error {
	if err := a.checkQuery(q); err != nil {
		return err
	}
	sql, err := a.sqlText(q.file, args)
	if err != nil {
		return err
	}
	statements := lab.Statements(sql)
	if statements == 0 {
		return misused("there is no SQL", "for example: pipewright query 'select 1'")
	}
	req := engine.RunQuery{SQL: sql, Backend: engine.Backend(q.backend.value), Limit: q.limit.value}
	if q.out != "" {
		form := map[string]engine.ExportFormat{"csv": engine.FormatCSV, "json": engine.FormatJSONLines, "parquet": engine.FormatParquet}
		req.Export = &engine.Export{Format: form[q.format.value], Path: q.out}
	} else if q.format.value == "table" && !q.limited {
		req.Limit = onScreen
	}
	to := a.printer(q, statements > 1)
	failed := a.follow(req, func(ev engine.Event) error {
		switch ev := ev.(type) {
		case engine.ResultStart:
			return to.start(ev)
		case engine.ResultRows:
			return to.rows(ev)
		case engine.ResultEnd:
			if ev.Truncated {
				a.say.line(truncated(ev, req.Limit))
			}
			return to.end(ev)
		}
		return nil
	})
	return errors.Join(failed, to.finish(failed))
}

func truncated(ev engine.ResultEnd, limit int64) string {
	if ev.RowCount > limit {
		return fmt.Sprintf("truncated: %s of %s rows; --limit 0 gives all", grouped(limit), grouped(ev.RowCount))
	}
	return fmt.Sprintf("truncated: the first %s; there are more, --limit 0 gives all", count(limit, "row"))
}

func (a *app) checkQuery(q *queryFlags) error {
	format := q.format.value
	switch {
	case a.flags.json && format != "json" && q.out == "":
		return misused("--json and --format "+format+" cannot both be", "leave one of them out")
	case format == "parquet" && q.out == "":
		return misused("Parquet is a file, not a text", "name the file with --out")
	case format == "table" && q.out != "":
		return misused("a file cannot be a table for people", "use --format csv, json or parquet")
	}
	return nil
}

// printer picks the form of the results.
func (a *app) printer(q *queryFlags, several bool) resultPrinter {
	switch {
	case q.out != "":
		return &filePrinter{app: a, several: several}
	case q.format.value == "json":
		return newJSONPrinter(a.out, several)
	case q.format.value == "csv":
		return newCSVPrinter(a.out)
	}
	return newTablePrinter(a.out)
}

// sqlText finds the SQL: the argument, a file, or standard input.
func (a *app) sqlText(file string, args []string) (string, error) {
	switch {
	case file != "" && len(args) > 0:
		return "", misused("there is SQL on the command line and in -f", "leave one of them out")
	case file != "" && file != "-":
		f, err := os.Open(file)
		if err != nil {
			return "", &engine.Error{Kind: engine.Failed, What: "the SQL cannot be read: " + cause(err), Where: file, Next: "name a file that can", Err: err}
		}
		defer f.Close()
		return a.readSQL(f, file)
	case len(args) > 0 && args[0] != "-":
		return args[0], nil
	case len(args) == 0 && file == "" && (a.in == nil || terminalWidth(a.in) > 0):
		return "", misused("query needs SQL", "for example: pipewright query 'select 1'")
	}
	return a.readSQL(a.in, "standard input")
}

func (a *app) readSQL(r io.Reader, name string) (string, error) {
	text, err := readAll(a.ctx, r, longestSQL)
	if err != nil {
		if a.ctx.Err() != nil {
			return "", err
		}
		return "", &engine.Error{Kind: engine.Failed, What: "the SQL cannot be read: " + cause(err), Where: name, Next: "name a file that can", Err: err}
	}
	return string(text), nil
}

// readAll reads a bounded stream; a reader that never comes back does not hold up a cancel.
func readAll(ctx context.Context, r io.Reader, most int64) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(r, most+1))
		if err == nil && int64(len(text)) > most {
			err = errors.New("there is more than " + size(most) + " of it")
		}
		done <- result{text, err}
	}()
	select {
	case res := <-done:
		return res.text, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
