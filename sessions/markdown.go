package sessions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pipewright/engine"
)

// progressMark is how PROGRESS.md is known as Pipewright's own.
const progressMark = "<!-- Written by Pipewright from .pipewright/journal.jsonl. Changes made here are lost. -->"

// WriteProgress rewrites PROGRESS.md from the journal, atomically. A file of that name that Pipewright did not
// write is kept beside it as PROGRESS.before-pipewright.md.
func WriteProgress(ws engine.Workspace, cat *Catalogue, j *Journal) error {
	entries, _, err := j.Read()
	if err != nil {
		return err
	}
	return j.locked(func() error {
		// Another window may have added something since; what is on disk under the lock is the truth.
		if f, err := os.Open(j.path); err == nil {
			entries, _, err = readEntries(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return j.failure(err)
			}
		}
		text := Markdown(ProgressOf(cat, entries))
		have, err := os.ReadFile(ws.Progress())
		if err == nil && string(have) == text {
			return nil
		}
		if err == nil && !bytes.Contains(have, []byte(progressMark)) {
			kept := filepath.Join(ws.Dir, "PROGRESS.before-pipewright.md")
			if err := os.Link(ws.Progress(), kept); err != nil && !errors.Is(err, fs.ErrExist) {
				return j.failure(err)
			}
		}
		err = writeAtomically(ws.Progress(), true, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
		if err != nil {
			return &engine.Error{Kind: engine.Failed, What: "PROGRESS.md cannot be written", Where: ws.Progress(), Next: "look at the folder's permissions and the free space", Err: err}
		}
		return nil
	})
}

// Markdown is progress as checkboxes by phase, week and session, for people and for git. Times are UTC.
func Markdown(p Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Progress\n\n%s\n\n%d of %d sessions done, %d minutes spent.\n", progressMark, p.SessionsDone, p.SessionsTotal, p.MinutesSpent)
	for _, ph := range p.Phases {
		fmt.Fprintf(&b, "\n## Phase %d: %s\n\n", ph.Phase, ph.Title)
		fmt.Fprintf(&b, "- [%s] Phase %d: %d of %d sessions\n", box(ph.SessionsDone == ph.SessionsTotal), ph.Phase, ph.SessionsDone, ph.SessionsTotal)
		for _, w := range ph.Weeks {
			fmt.Fprintf(&b, "\n### Week %d: %s\n\n", w.Week, w.Title)
			fmt.Fprintf(&b, "- [%s] Week %d: %d of %d sessions\n", box(w.SessionsDone == w.SessionsTotal), w.Week, w.SessionsDone, w.SessionsTotal)
			for _, s := range w.Sessions {
				b.WriteString(sessionLine(s))
				for _, c := range s.Criteria {
					fmt.Fprintf(&b, "    - %s\n", criterionLine(c))
				}
			}
		}
	}
	return b.String()
}

func box(done bool) string {
	if done {
		return "x"
	}
	return " "
}

func sessionLine(s SessionProgress) string {
	line := fmt.Sprintf("  - [%s] Session %s - %s", box(s.State == Done), s.ID, s.Title)
	switch s.State {
	case Listed:
		line += " (no content yet)"
	case Reported:
		line += " (self-reported in part, not verified)"
	}
	if s.MinutesSpent > 0 {
		line += fmt.Sprintf(", %d of %d minutes", s.MinutesSpent, s.Minutes)
	}
	return line + "\n"
}

func criterionLine(c CriterionProgress) string {
	switch c.State {
	case Verified:
		return fmt.Sprintf("[x] %s: %s, expected %s; measured %s on %s", c.Title, code(c.Observed), code(c.Expected), utc(c.At), code(c.On))
	case SelfReported:
		return fmt.Sprintf("[x] %s (self-reported %s, not verified)%s", c.Title, utc(c.At), proven(c))
	case Unproven:
		return fmt.Sprintf("[ ] %s: saw %s, expected %s; checked %s on %s%s", c.Title, code(c.Observed), code(c.Expected), utc(c.At), code(c.On), proven(c))
	}
	return "[ ] " + c.Title + proven(c)
}

func proven(c CriterionProgress) string {
	if c.ProvenAt == nil {
		return ""
	}
	return "; was proven " + utc(c.ProvenAt)
}

func utc(t *time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// code quotes a value, so that what was observed cannot become markup.
func code(s string) string {
	return "`" + strings.ReplaceAll(inert(s, 200), "`", "'") + "`"
}
