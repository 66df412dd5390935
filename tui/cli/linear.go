package cli

import (
	"fmt"
	"os"

	"pipewright/engine"
)

// firstFlow is the session that the linear mode runs: a file with bad rows, loaded, quarantined, proven.
const firstFlow = "1.4"

// bare is the program without a command: the shell, or the plain lines where there is no place for one.
func (a *app) bare() error {
	switch {
	case a.flags.json:
		return misused("the shell does not speak JSON", "give a command, see pipewright --help")
	case a.flags.plain:
		return a.linear("--plain was asked for")
	case os.Getenv("TERM") == "dumb":
		return a.linear("TERM=dumb cannot show the shell")
	case terminalWidth(a.in) == 0 || terminalWidth(a.out.w) == 0 || a.shell == nil:
		return a.linear("there is no terminal here")
	}
	a.stays = true
	l, err := a.open()
	if err != nil {
		return err
	}
	a.sig.stop() // the shell has its own way with signals and the terminal
	return a.shell(a.ctx, l, a.ws)
}

// linear starts the database, runs the labs of one session, checks it, and says where everything is.
func (a *app) linear(why string) error {
	a.say.line(why + ", so this is session " + firstFlow + " in plain lines; pipewright --help lists the commands")
	rec, err := a.record()
	if err != nil {
		return err
	}
	s, err := rec.cat.Open(firstFlow)
	if err != nil {
		return err
	}
	status, err := a.startPostgres()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "PostgreSQL %s is up\n\n", inert(status.Version))
	var asides []string
	for _, id := range labIDs(s) {
		lab, err := a.runLab(rec, s, id)
		if err != nil {
			return err
		}
		if lab.Load != nil && lab.Load.Quarantine != nil {
			asides = append(asides, *lab.Load.Quarantine)
		}
		fmt.Fprintln(a.out)
	}
	report, err := a.evaluate(rec, s)
	if err != nil {
		return err
	}
	fmt.Fprint(a.out, "\n", pairs(a.places(status, asides)))
	return verdict(report)
}

func (a *app) startPostgres() (engine.BackendStatus, error) {
	var status engine.BackendStatus
	err := a.follow(engine.StartBackend{Backend: engine.Postgres}, func(ev engine.Event) error {
		if ev, ok := ev.(engine.BackendChanged); ok {
			status = ev.Status
		}
		return nil
	})
	return status, err
}

// places says where everything is that the linear mode made.
func (a *app) places(status engine.BackendStatus, asides []string) [][]string {
	rows := [][]string{{"workspace", a.ws.Dir}}
	for _, p := range [][2]string{{"progress", a.ws.Progress()}, {"reports", a.ws.Reports()}, {"connection", a.ws.Env()}} {
		if _, err := os.Stat(p[1]); err == nil {
			rows = append(rows, []string{p[0], p[1]})
		}
	}
	for _, path := range asides {
		rows = append(rows, []string{"quarantine", path})
	}
	if dsn := a.maskedDSN(status); dsn != "" {
		rows = append(rows, []string{"database", dsn})
	}
	if a.dsn() == "" {
		stop := "pipewright db stop"
		if a.flags.workspace != "" {
			stop += " --workspace " + a.flags.workspace
		}
		rows = append(rows, []string{"to stop it", stop})
	}
	return rows
}
