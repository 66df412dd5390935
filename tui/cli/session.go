package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/sessions"
)

func (a *app) sessionCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:     "session",
		Short:   "The curriculum: its sessions and their lessons",
		Example: "  pipewright session list\n  pipewright session show 1.4",
	},
		&cobra.Command{
			Use:     "list",
			Short:   "List all sessions with their state",
			Example: "  pipewright session list --json",
			Args:    exactly(),
			RunE:    func(*cobra.Command, []string) error { return a.listSessions() },
		},
		&cobra.Command{
			Use:               "show ID",
			Short:             "Print a lesson as text, with the figures of your own runs",
			Example:           "  pipewright session show 1.4",
			Args:              exactly("an ID"),
			ValidArgsFunction: completeSession,
			RunE:              func(_ *cobra.Command, args []string) error { return a.showSession(args[0]) },
		},
		&cobra.Command{
			Use:   "start ID",
			Short: "Open a session: its files are made where they are missing",
			Long: "Opens a session in the workspace: makes the data files it works on, copies its starter files,\n" +
				"and records that it was opened. A file that is there is never written over.",
			Example:           "  pipewright session start 1.4",
			Args:              exactly("an ID"),
			ValidArgsFunction: completeSession,
			RunE:              func(_ *cobra.Command, args []string) error { return a.startSession(args[0]) },
		},
	)
}

// startedJSON is an opened session.
type startedJSON struct {
	Session string     `json:"session"`
	Files   []fileJSON `json:"files"`
}

// fileJSON is one of a session's files in the workspace.
type fileJSON struct {
	Path    string `json:"path"`
	Made    bool   `json:"made"`
	Changed bool   `json:"changed"`
}

func (a *app) startSession(id string) error {
	rec, err := a.record()
	if err != nil {
		return err
	}
	s, err := rec.cat.Open(id)
	if err != nil {
		return err
	}
	states, err := sessions.Start(a.ctx, a.ws, rec.journal, s)
	if err != nil {
		return err
	}
	out := startedJSON{Session: s.ID, Files: []fileJSON{}}
	text := ""
	for _, f := range states {
		out.Files = append(out.Files, fileJSON{f.Path, f.Made, f.Changed})
		if said := f.String(); said != "" {
			text += said + "\n"
		} else {
			text += f.Path + " is there\n"
		}
	}
	if a.flags.json {
		return printJSON(a.out, out)
	}
	text += fmt.Sprintf("%s %s is open in %s; pipewright session show %s has the lesson\n", s.ID, s.Title, a.ws.Dir, s.ID)
	_, err = fmt.Fprint(a.out, text)
	return err
}

// completeSession offers the sessions that can be opened.
func completeSession(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	if cat, err := sessions.Load(); err == nil && len(args) == 0 {
		for _, s := range cat.Sessions() {
			if s.Available() {
				ids = append(ids, s.ID+"\t"+s.Title)
			}
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// record is the catalogue with what the journal says of it.
type record struct {
	cat      *sessions.Catalogue
	journal  *sessions.Journal
	entries  []sessions.Entry
	progress sessions.Progress
}

// record reads the workspace's journal. Lines that could not be read are told, and left out.
func (a *app) record() (*record, error) {
	cat, err := sessions.Load()
	if err != nil {
		return nil, err
	}
	ws, err := a.workspace()
	if err != nil {
		return nil, err
	}
	j, err := sessions.OpenJournal(ws)
	if err != nil {
		return nil, err
	}
	entries, trouble, err := j.Read()
	if err != nil {
		return nil, err
	}
	for _, t := range trouble {
		a.say.note(t.String())
	}
	return &record{cat, j, entries, sessions.ProgressOf(cat, entries)}, nil
}

// sessionJSON is one session of the list.
type sessionJSON struct {
	ID      string                `json:"id"`
	Title   string                `json:"title"`
	Phase   int                   `json:"phase"`
	Week    int                   `json:"week"`
	Minutes int                   `json:"minutes"`
	State   sessions.SessionState `json:"state"`
}

func (a *app) listSessions() error {
	rec, err := a.record()
	if err != nil {
		return err
	}
	list := []sessionJSON{}
	for _, s := range rec.cat.Sessions() {
		state := sessions.Listed
		if p := rec.progress.Session(s.ID); p != nil {
			state = p.State
		}
		list = append(list, sessionJSON{s.ID, s.Title, s.Phase, s.Week, s.Minutes, state})
	}
	if a.flags.json {
		return printJSON(a.out, list)
	}
	var rows [][]string
	absent := 0
	for _, s := range list {
		if s.State == sessions.Listed {
			absent++
		}
		rows = append(rows, []string{s.ID, s.Title, fmt.Sprint(s.Phase), fmt.Sprint(s.Week), fmt.Sprint(s.Minutes), words(s.State)})
	}
	text := columns([]string{"id", "title", ">phase", ">week", ">minutes", "state"}, rows)
	if absent > 0 {
		text += fmt.Sprintf("%d are in the plan and have no content in this version.\n", absent)
	}
	_, err = fmt.Fprint(a.out, text)
	return err
}

// words gives a session's state for people.
func words(s sessions.SessionState) string {
	switch s {
	case sessions.Listed:
		return "in the plan"
	case sessions.Reported:
		return "self-reported"
	}
	return string(s)
}

// screenJSON is one screen of a lesson.
type screenJSON struct {
	Step  string `json:"step"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (a *app) showSession(id string) error {
	rec, err := a.record()
	if err != nil {
		return err
	}
	s, err := rec.cat.Open(id)
	if err != nil {
		return err
	}
	figures := sessions.FiguresOf(rec.entries, s.ID)
	screens := []screenJSON{}
	for _, sc := range s.Screens {
		screens = append(screens, screenJSON{sc.Step, sc.Title, strings.TrimSpace(figures.Fill(s, sc.Text))})
	}
	if a.flags.json {
		return printJSON(a.out, struct {
			sessionJSON
			Concepts []string     `json:"concepts"`
			Tasks    []string     `json:"tasks"`
			Labs     []string     `json:"labs"`
			Screens  []screenJSON `json:"screens"`
		}{sessionJSON{s.ID, s.Title, s.Phase, s.Week, s.Minutes, rec.progress.Session(s.ID).State}, s.Concepts, s.Tasks, labIDs(s), screens})
	}
	_, err = fmt.Fprint(a.out, lessonText(s, screens))
	return err
}

func labIDs(s *sessions.Session) []string {
	ids := []string{}
	for _, l := range s.Labs {
		ids = append(ids, l.ID)
	}
	return ids
}

// lessonText lays out a lesson as plain text: its prose is Markdown, which reads as it is.
func lessonText(s *sessions.Session, screens []screenJSON) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\nweek %d, %d minutes\n", s.ID, s.Title, s.Week, s.Minutes)
	step := ""
	for _, sc := range screens {
		if sc.Step != step {
			step = sc.Step
			fmt.Fprintf(&b, "\n── %s, %d minutes ──\n", step, s.StepMinutes.Of(step))
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", sc.Title, safeText(sc.Text))
	}
	if len(s.Labs) > 0 {
		var rows [][]string
		for _, l := range s.Labs {
			rows = append(rows, []string{"pipewright run " + s.ID + " " + l.ID, l.Title})
		}
		fmt.Fprint(&b, "\n", columns([]string{"labs", ""}, rows))
	}
	fmt.Fprintf(&b, "\npipewright check %s proves the checklist.\n", s.ID)
	return b.String()
}

// safeText makes text of several lines inert and keeps its lines.
func safeText(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, cellLine(strings.TrimSuffix(line, "\r")))
	}
	return strings.Join(lines, "\n")
}
