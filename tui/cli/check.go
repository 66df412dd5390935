package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/sessions"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check ID",
		Short: "Check a session's criteria and tick what is proven",
		Long: "Checks every criterion of a session, records the evidence, and rewrites PROGRESS.md. It exits\n" +
			"0 when all of them hold, 1 when one does not, and 3 when a backend is not there to tell.",
		Example:           "  pipewright check 1.4",
		Args:              exactly("an ID"),
		ValidArgsFunction: completeSession,
		RunE: func(_ *cobra.Command, args []string) error {
			rec, err := a.record()
			if err != nil {
				return err
			}
			s, err := rec.cat.Open(args[0])
			if err != nil {
				return err
			}
			report, err := a.evaluate(rec, s)
			if a.flags.json && (err == nil || len(report.Criteria) > 0) {
				err = errors.Join(err, printJSON(a.out, checkDocument(report, err)))
			}
			if err != nil {
				return err
			}
			return verdict(report)
		},
	}
}

// evaluate checks a session's criteria and prints each as it is known, unless JSON was asked for.
func (a *app) evaluate(rec *record, s *sessions.Session) (sessions.Report, error) {
	l, err := a.open()
	if err != nil {
		return sessions.Report{}, err
	}
	var held []string
	width := 0
	for _, c := range s.Criteria {
		width = max(width, displaywidth.String(inert(c.Title)))
	}
	report, err := sessions.Evaluate(a.ctx, narrated{l, a.say}, a.ws, rec.journal, s, func(e engine.Evidence) {
		held = append(held, a.evidenceText(e, width))
	})
	a.say.clear()
	if a.flags.json || len(held) == 0 {
		return report, err
	}
	passed := 0
	for _, e := range report.Criteria {
		if e.Passed && e.Err == nil {
			passed++
		}
	}
	_, printed := fmt.Fprintf(a.out, "%s %s   %d of %d\n%s", s.ID, s.Title, passed, len(s.Criteria), strings.Join(held, ""))
	return report, errors.Join(err, printed)
}

// evidenceText is one line of a checklist. A failure has four parts, each at most a line: what was
// expected, what was seen, the likely cause, the next step.
// The titles of a checklist are padded to one width.
func (a *app) evidenceText(e engine.Evidence, width int) string {
	title := inert(e.Title)
	title += strings.Repeat(" ", max(0, width-displaywidth.String(title)))
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s %s   could not be checked\n  %s\n", a.paint(yellow, "?"), title, inert(e.Err.Error()))
	case e.Passed:
		text := fmt.Sprintf("%s %s   %s", a.paint(green, "✓"), title, inert(e.Observed))
		if e.On != "" {
			text += "   on " + inert(e.On)
		}
		return text + "\n"
	}
	text := fmt.Sprintf("%s %s   expected %s, saw %s\n", a.paint(red, "✗"), title, inert(e.Expected), inert(e.Observed))
	if e.Cause != "" {
		text += "  " + inert(e.Cause) + "\n"
	}
	if e.Next != "" {
		text += "  → " + inert(e.Next) + "\n"
	}
	return text
}

// verdict is the outcome of a check: what nobody could look at counts more than what failed, since the
// verdict is not known before it was looked at.
func verdict(r sessions.Report) error {
	if r.Passed {
		return nil
	}
	for _, e := range r.Criteria {
		if e.Err != nil {
			return outcome{told(e.Err).Kind}
		}
	}
	return outcome{engine.Failed}
}

// checkJSON is the document of a check.
type checkJSON struct {
	Session  string          `json:"session"`
	Passed   bool            `json:"passed"`
	Criteria []criterionJSON `json:"criteria"`
	Error    *failure        `json:"error,omitempty"`
}

type criterionJSON struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Passed   bool     `json:"passed"`
	Observed string   `json:"observed"`
	Expected string   `json:"expected"`
	Cause    string   `json:"cause"`
	Next     string   `json:"next"`
	Seconds  float64  `json:"seconds"`
	On       string   `json:"on"`
	At       string   `json:"at"`
	Error    *failure `json:"error,omitempty"` // it could not be carried out: neither passed nor failed
}

func checkDocument(r sessions.Report, err error) checkJSON {
	doc := checkJSON{Session: r.Session, Passed: r.Passed, Criteria: []criterionJSON{}}
	if err != nil {
		f := failureOf(told(err))
		doc.Error = &f
	}
	for _, e := range r.Criteria {
		c := criterionJSON{ID: e.Criterion, Title: e.Title, Passed: e.Passed && e.Err == nil, Observed: e.Observed, Expected: e.Expected,
			Cause: e.Cause, Next: e.Next, Seconds: e.Elapsed.Seconds(), On: e.On, At: e.At.UTC().Format(rfc3339)}
		if e.Err != nil {
			f := failureOf(e.Err)
			c.Error = &f
		}
		doc.Criteria = append(doc.Criteria, c)
	}
	return doc
}

const rfc3339 = "2006-01-02T15:04:05.999Z07:00"

// narrated is a submitter whose jobs tell their progress and notes while somebody else reads them.
type narrated struct {
	engine.Submitter
	say *narrator
}

// Submit implements engine.Submitter.
func (n narrated) Submit(ctx context.Context, r engine.Request) (engine.Job, error) {
	job, err := n.Submitter.Submit(ctx, r)
	if err != nil {
		return nil, err
	}
	return narratedJob{job, n.say}, nil
}

type narratedJob struct {
	engine.Job
	say *narrator
}

// Next implements engine.Job.
func (j narratedJob) Next(ctx context.Context) (engine.Event, bool) {
	ev, ok := j.Job.Next(ctx)
	switch ev := ev.(type) {
	case engine.Progress:
		j.say.progress(ev)
	case engine.Note:
		j.say.note(ev.Text)
	}
	return ev, ok
}

func (a *app) hintCommand() *cobra.Command {
	criterion := ""
	cmd := &cobra.Command{
		Use:               "hint ID",
		Short:             "Show the next rung of help for what is not proven yet",
		Example:           "  pipewright hint 1.4",
		Args:              exactly("an ID"),
		ValidArgsFunction: completeSession,
		RunE: func(_ *cobra.Command, args []string) error {
			rec, err := a.record()
			if err != nil {
				return err
			}
			s, err := rec.cat.Open(args[0])
			if err != nil {
				return err
			}
			h, err := sessions.NextHint(rec.cat, rec.journal, s, criterion)
			if err != nil {
				return err
			}
			if a.flags.json {
				return printJSON(a.out, struct {
					Session   string `json:"session"`
					Criterion string `json:"criterion"`
					Title     string `json:"title"`
					Rung      int    `json:"rung"`
					Of        int    `json:"of"`
					Text      string `json:"text"`
				}{s.ID, h.Criterion, h.Title, h.Rung, h.Of, h.Text})
			}
			_, err = fmt.Fprintf(a.out, "%s   hint %d of %d\n%s\n", inert(h.Title), h.Rung, h.Of, safeText(h.Text))
			return err
		},
	}
	cmd.Flags().StringVar(&criterion, "criterion", "", "for the criterion with this `ID` (default: the first that is not proven)")
	return cmd
}
