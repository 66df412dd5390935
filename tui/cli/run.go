package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/sessions"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "run ID [LAB]",
		Short:   "Run a session's labs, or one of them, and record the result",
		Long:    "Runs a session's labs in their order, or the one that is named, makes the files that they\nneed, and records what came out. The first that fails ends it.",
		Example: "  pipewright run 1.4",
		Args:    between(1, "an ID", "a LAB"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return completeLab(args[0]), cobra.ShellCompDirectiveNoFileComp
			}
			return completeSession(cmd, args, word)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			rec, err := a.record()
			if err != nil {
				return err
			}
			s, err := rec.cat.Open(args[0])
			if err != nil {
				return err
			}
			labs := args[1:]
			if len(labs) == 0 {
				if labs = labIDs(s); len(labs) == 0 {
					return &engine.Error{Kind: engine.Failed, What: "session " + s.ID + " has no labs", Next: "pipewright session show " + s.ID + " has the lesson"}
				}
			}
			return a.runLabs(rec, s, labs)
		},
	}
}

func completeLab(id string) []string {
	cat, err := sessions.Load()
	if err != nil {
		return nil
	}
	s, err := cat.Session(id)
	if err != nil {
		return nil
	}
	var out []string
	for _, l := range s.Labs {
		out = append(out, l.ID+"\t"+l.Title)
	}
	return out
}

// labJSON is one lab that ran. Lab is null, in the document of a run of several labs, beside Labs.
type labJSON struct {
	Session string          `json:"session"`
	Lab     *string         `json:"lab"`
	Title   string          `json:"title,omitempty"`
	State   engine.JobState `json:"state"`
	Seconds float64         `json:"seconds"`
	Load    *loadJSON       `json:"load,omitempty"`
	Query   *labQueryJSON   `json:"query,omitempty"`
	Error   *failure        `json:"error,omitempty"`
	Labs    []labJSON       `json:"labs,omitempty"`
}

// labQueryJSON is what a lab's query gave: its size and its first rows as text.
type labQueryJSON struct {
	Columns  []string   `json:"columns"`
	Rows     [][]string `json:"rows"`
	RowCount int64      `json:"row_count"`
	File     string     `json:"file,omitempty"`
}

func (a *app) runLabs(rec *record, s *sessions.Session, labs []string) error {
	begun := time.Now()
	doc := labJSON{Session: s.ID, State: engine.JobDone}
	var failed error
	for _, id := range labs {
		one, err := a.runLab(rec, s, id)
		doc.Labs = append(doc.Labs, one)
		if err != nil {
			failed, doc.State, doc.Error = err, one.State, one.Error
			break
		}
	}
	doc.Seconds = time.Since(begun).Seconds()
	if !a.flags.json {
		return failed
	}
	if len(labs) == 1 {
		doc = doc.Labs[0]
	}
	return errors.Join(failed, printJSON(a.out, doc))
}

func (a *app) runLab(rec *record, s *sessions.Session, id string) (labJSON, error) {
	doc := labJSON{Session: s.ID, Lab: &id, State: engine.JobDone}
	for _, l := range s.Labs {
		if l.ID == id {
			doc.Title = l.Title
		}
	}
	l, err := a.open()
	if err != nil {
		return doc, err
	}
	begun := time.Now()
	var loaded engine.Loaded
	table := newTablePrinter(a.out)
	res, err := sessions.RunLab(a.ctx, l, a.ws, rec.journal, s, id, func(ev engine.Event) {
		switch ev := ev.(type) {
		case engine.Progress:
			a.say.progress(ev)
		case engine.Note:
			a.say.note(ev.Text)
		case engine.Loaded:
			loaded = ev
		case engine.ResultStart, engine.ResultRows, engine.ResultEnd:
			if !a.flags.json {
				_ = printResult(table, ev) // the first error sticks to standard output
			}
		}
	})
	a.say.clear()
	doc.Seconds = time.Since(begun).Seconds()
	if err != nil {
		e := told(err)
		f := failureOf(e)
		doc.State, doc.Error = engine.JobFailed, &f
		if e.Kind == engine.Interrupted {
			doc.State = engine.JobCancelled
		}
		return doc, err
	}
	if res.Load != nil {
		load := loadDocument(loaded)
		doc.Load = &load
		if !a.flags.json {
			err = a.printLoad(loaded)
		}
	}
	if q := res.Query; q != nil {
		doc.Query = &labQueryJSON{q.Columns, q.Rows, q.RowCount, q.Exported}
		if !a.flags.json && q.Exported != "" {
			_, err = fmt.Fprintf(a.out, "%s → %s\n", count(q.RowCount, "row"), inert(q.Exported))
		}
	}
	return doc, err
}

// printResult hands a result's events to a printer.
func printResult(p resultPrinter, ev engine.Event) error {
	switch ev := ev.(type) {
	case engine.ResultStart:
		return p.start(ev)
	case engine.ResultRows:
		return p.rows(ev)
	case engine.ResultEnd:
		if ev.Exported == "" {
			return p.end(ev)
		}
	}
	return nil
}
