package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/engine/lab"
)

func (a *app) loadCommand() *cobra.Command {
	req := engine.LoadCSV{}
	mode := oneOf(string(engine.Append), string(engine.Append), string(engine.Replace), string(engine.Upsert))
	backend := oneOf(string(engine.Postgres), backends()...)
	cmd := &cobra.Command{
		Use:   "load FILE --table TABLE",
		Short: "Load a delimited file into a table; bad rows go to a quarantine file",
		Long: "Reads a delimited file (its encoding, delimiter and quotes are found out; gzip and zstd are\n" +
			"unpacked; - is standard input), checks each row, and loads the good ones in one transaction.\n" +
			"Rows that do not fit go to a quarantine file with the reason; rows whose key was seen before\n" +
			"count as duplicates. It exits 0 when the file was read, however many rows were rejected, and\n" +
			"1 when it could not be read: then the table is as it was.",
		Example: "  pipewright load data/leads_500.csv --table leads\n" +
			"  zcat big.csv.gz | pipewright load - --table events --backend duckdb",
		Args: exactly("a FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if req.Table == "" {
				return misused("load needs a table", "name it with --table")
			}
			req.Path, req.Mode, req.Backend = args[0], engine.Mode(mode.value), engine.Backend(backend.value)
			loaded, err := a.loadFile(req)
			if err != nil {
				return err
			}
			if a.flags.json {
				return printJSON(a.out, loadDocument(loaded))
			}
			return a.printLoad(loaded)
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Table, "table", "", "the `TABLE`, such as leads or sales.leads (made when it is not there)")
	f.StringVar(&req.Schema, "schema", "", "what the rows must look like, a `NAME` of "+strings.Join(lab.Schemas(), ", ")+" (default: the one named like the table, else infer)")
	completeFlag(cmd, "schema", lab.Schemas()...)
	addChoice(cmd, backend, "backend", "where to")
	addChoice(cmd, mode, "mode", "what becomes of the rows that are there: kept, replaced, or updated by key")
	f.StringVar(&req.Quarantine, "quarantine", "", "the `FILE` for rejected rows (default: in the workspace's reports/)")
	f.BoolVar(&req.Again, "again", false, "load a file once more into a table without a key")
	return cmd
}

func (a *app) loadFile(req engine.LoadCSV) (engine.Loaded, error) {
	var loaded engine.Loaded
	err := a.follow(req, func(ev engine.Event) error {
		if l, ok := ev.(engine.Loaded); ok {
			loaded = l
		}
		return nil
	})
	return loaded, err
}

// loadJSON is the document of a load.
type loadJSON struct {
	Table         string           `json:"table"`
	RowsRead      int64            `json:"rows_read"`
	Accepted      int64            `json:"accepted"`
	Rejected      int64            `json:"rejected"`
	Duplicates    int64            `json:"duplicates"`
	Bytes         int64            `json:"bytes"`
	Seconds       float64          `json:"seconds"`
	RowsPerSecond float64          `json:"rows_per_second"`
	Quarantine    *string          `json:"quarantine"` // null when nothing was rejected
	Reasons       map[string]int64 `json:"reasons"`
	Backend       engine.Backend   `json:"backend"`
	Source        string           `json:"source"`
	Schema        string           `json:"schema"`
	Mode          engine.Mode      `json:"mode"`
	Dialect       string           `json:"dialect"`
}

func loadDocument(l engine.Loaded) loadJSON {
	doc := loadJSON{Table: l.Table, RowsRead: l.RowsRead, Accepted: l.Accepted, Rejected: l.Rejected,
		Duplicates: l.Duplicates, Bytes: l.Bytes, Seconds: l.Elapsed.Seconds(), RowsPerSecond: l.RowsPerSecond,
		Reasons: l.Reasons, Backend: l.Backend, Source: l.Source, Schema: l.Schema, Mode: l.Mode, Dialect: l.Dialect}
	if l.Quarantine != "" {
		doc.Quarantine = &l.Quarantine
	}
	if doc.Reasons == nil {
		doc.Reasons = map[string]int64{}
	}
	return doc
}

// shownRejects is how many rejected rows the summary shows; the quarantine file has all.
const shownRejects = 5

func (a *app) printLoad(l engine.Loaded) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s on %s in %s\n", inert(l.Source), inert(l.Table), l.Backend, seconds(l.Elapsed))
	fmt.Fprintf(&b, "read %s   accepted %s   rejected %s   duplicates %s   %s rows/s\n",
		grouped(l.RowsRead), grouped(l.Accepted), grouped(l.Rejected), grouped(l.Duplicates), grouped(int64(l.RowsPerSecond)))
	if l.Quarantine != "" {
		fmt.Fprintf(&b, "quarantine %s\n", inert(l.Quarantine))
	}
	if len(l.Reasons) > 0 {
		fmt.Fprint(&b, "\n", columns([]string{">rows", "reason"}, reasonRows(l.Reasons)))
	}
	if n := min(len(l.Sample), shownRejects); n > 0 {
		var rows [][]string
		for _, r := range l.Sample[:n] {
			rows = append(rows, []string{grouped(r.Row), r.Column, shortened(r.Value, 30), r.Reason})
		}
		fmt.Fprint(&b, "\n", columns([]string{">row", "column", "value", "reason"}, rows))
		if more := l.Rejected + l.Duplicates - int64(n); more > 0 {
			fmt.Fprintf(&b, "and %s more in the quarantine file\n", grouped(more))
		}
	}
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

// reasonRows gives the reasons with the most frequent one first.
func reasonRows(reasons map[string]int64) [][]string {
	names := make([]string, 0, len(reasons))
	for name := range reasons {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int {
		if reasons[x] != reasons[y] {
			if reasons[x] > reasons[y] {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
	rows := make([][]string, 0, len(names))
	for _, name := range names {
		rows = append(rows, []string{grouped(reasons[name]), name})
	}
	return rows
}
