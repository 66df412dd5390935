package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/sessions"
)

func (a *app) progressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "progress",
		Short:   "Show what is done, by session, week and phase",
		Example: "  pipewright progress\n  pipewright progress export > for-my-mentor.md",
		Args:    known,
		RunE: func(*cobra.Command, []string) error {
			rec, err := a.record()
			if err != nil {
				return err
			}
			if a.flags.json {
				return printJSON(a.out, rec.progress)
			}
			return a.printProgress(rec)
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "export",
		Short:   "Print it as Markdown, as in PROGRESS.md",
		Example: "  pipewright progress export > for-my-mentor.md",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			rec, err := a.record()
			if err != nil {
				return err
			}
			if a.flags.json {
				return printJSON(a.out, rec.progress)
			}
			_, err = fmt.Fprint(a.out, sessions.Markdown(rec.progress))
			return err
		},
	})
	return cmd
}

func (a *app) printProgress(rec *record) error {
	p := rec.progress
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d sessions done, %d of %s minutes\n", p.SessionsDone, p.SessionsTotal, p.MinutesSpent, grouped(int64(p.MinutesTotal)))
	if p.SelfReported > 0 {
		fmt.Fprintf(&b, "%s self-reported, which is not counted as done\n", count(int64(p.SelfReported), "session"))
	}
	for _, ph := range p.Phases {
		fmt.Fprintf(&b, "\nPhase %d %s   %d/%d   %d min\n", ph.Phase, ph.Title, ph.SessionsDone, ph.SessionsTotal, ph.MinutesSpent)
		for _, w := range ph.Weeks {
			absent := 0
			for _, s := range w.Sessions {
				if s.State == sessions.Listed {
					absent++
				}
			}
			fmt.Fprintf(&b, "  Week %d %s   %d/%d   %d min\n", w.Week, w.Title, w.SessionsDone, w.SessionsTotal, w.MinutesSpent)
			if absent == len(w.Sessions) {
				continue
			}
			for i := range w.Sessions {
				b.WriteString(a.progressLine(&w.Sessions[i]))
			}
		}
	}
	if _, err := os.Stat(a.ws.Progress()); err == nil {
		fmt.Fprintf(&b, "\nfor people and git: %s\n", inert(a.ws.Progress()))
	}
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

func (a *app) progressLine(s *sessions.SessionProgress) string {
	sign := "○"
	switch s.State {
	case sessions.Done:
		sign = a.paint(green, "✓")
	case sessions.Reported:
		sign = "~"
	case sessions.Going:
		sign = "●"
	case sessions.Listed:
		sign = "·"
	}
	line := fmt.Sprintf("    %s %s %s", sign, s.ID, s.Title)
	if verified, total := s.Ticks(); total > 0 {
		line += fmt.Sprintf("   %d of %d proven", verified, total)
	}
	if s.MinutesSpent > 0 {
		line += fmt.Sprintf("   %d of %d min", s.MinutesSpent, s.Minutes)
	}
	if s.State == sessions.Listed || s.State == sessions.Reported {
		line += "   " + words(s.State)
	}
	return line + "\n"
}
