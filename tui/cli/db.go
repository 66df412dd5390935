package cli

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"pipewright/engine"
)

func (a *app) dbCommand() *cobra.Command {
	leaf := func(use, short, example string, run func() error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Example: "  " + example, Args: exactly(), RunE: func(*cobra.Command, []string) error { return run() }}
	}
	return group(&cobra.Command{
		Use:     "db",
		Short:   "The workspace's PostgreSQL",
		Long:    "Starts, stops and shows the PostgreSQL that the workspace has of its own, on a free port of\n127.0.0.1. Its address for your own programs is in the workspace's .env.",
		Example: "  pipewright db start\n  pipewright db psql",
	},
		leaf("start", "Start it, or adopt the one that runs", "pipewright db start", func() error {
			return a.changeDB(engine.StartBackend{Backend: engine.Postgres})
		}),
		leaf("stop", "Stop it; the data stays", "pipewright db stop", func() error {
			return a.changeDB(engine.StopBackend{Backend: engine.Postgres})
		}),
		leaf("status", "Show how it is; starts nothing", "pipewright db status --json", a.dbStatus),
		leaf("dsn", "Print its address, with the password", `psql "$(pipewright db dsn)"`, a.dbDSN),
		a.psqlCommand(),
		a.resetCommand(),
	)
}

// dbJSON is the document of the db commands.
type dbJSON struct {
	State   engine.BackendState `json:"state"`
	Version string              `json:"version"`
	Port    int                 `json:"port"`
	DataDir string              `json:"data_dir"`
	DSN     string              `json:"dsn"`
	Text    string              `json:"sentence"`
	Fix     string              `json:"fix"`
}

func (a *app) changeDB(req engine.Request) error {
	var status engine.BackendStatus
	err := a.follow(req, func(ev engine.Event) error {
		if ev, ok := ev.(engine.BackendChanged); ok {
			status = ev.Status
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.printDB(status)
}

func (a *app) dbStatus() error {
	all, err := a.diagnose()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name == engine.Postgres {
			return a.printDB(s)
		}
	}
	return a.printDB(engine.BackendStatus{Name: engine.Postgres, State: engine.StateUnknown})
}

func (a *app) printDB(s engine.BackendStatus) error {
	dsn := a.maskedDSN(s)
	if a.flags.json {
		return printJSON(a.out, dbJSON{s.State, s.Version, s.Port, s.DataDir, dsn, s.Sentence, s.Fix})
	}
	rows := [][]string{{"state", string(s.State)}}
	for _, r := range [][]string{{"version", s.Version}, {"port", number(s.Port)}, {"data", s.DataDir}, {"dsn", dsn}, {"note", s.Sentence}, {"to mend", s.Fix}} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	_, err := fmt.Fprint(a.out, columns([]string{"postgres", ""}, rows))
	return err
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// maskedDSN is the server's address without its password.
func (a *app) maskedDSN(s engine.BackendStatus) string {
	if given := a.dsn(); given != "" {
		return masked(given)
	}
	if s.Port == 0 {
		return ""
	}
	return fmt.Sprintf("postgres://postgres:***@127.0.0.1:%d/crm_dev", s.Port)
}

// secretWord finds a password in libpq's keyword form, with or without quotes.
var secretWord = regexp.MustCompile(`(?i)((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)+)`)

// masked takes the password out of a DSN of either form. One that cannot be read is not shown at all.
func masked(dsn string) string {
	if !strings.Contains(dsn, "://") {
		return secretWord.ReplaceAllString(dsn, "${1}***")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "***"
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "***")
	}
	q := u.Query()
	for key := range q {
		if strings.Contains(strings.ToLower(key), "password") {
			q.Set(key, "***")
		}
	}
	u.RawQuery = q.Encode()
	return strings.ReplaceAll(u.String(), "%2A%2A%2A", "***")
}

func (a *app) dbDSN() error {
	dsn, err := a.connString()
	if err != nil {
		return err
	}
	if a.flags.json {
		return printJSON(a.out, map[string]string{"dsn": dsn})
	}
	_, err = fmt.Fprintln(a.out, dsn)
	return err
}

// connString brings the server up, telling how far that is, and gives its address.
func (a *app) connString() (string, error) {
	if err := a.follow(engine.StartBackend{Backend: engine.Postgres}, func(engine.Event) error { return nil }); err != nil {
		return "", err
	}
	l, err := a.open()
	if err != nil {
		return "", err
	}
	return l.ConnString(a.ctx)
}

func (a *app) psqlCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "psql [-- ARGUMENT...]",
		Short:   "Open psql on it",
		Long:    "Starts the server when it is down and opens psql on it. Arguments behind -- go to psql.",
		Example: "  pipewright db psql\n  pipewright db psql -- -c '\\d leads'",
		RunE: func(_ *cobra.Command, args []string) error {
			if a.flags.json {
				return misused("psql does not speak JSON", "use pipewright query --json")
			}
			if _, err := a.connString(); err != nil {
				return err
			}
			path, argv, env, err := a.lab.Psql(a.ctx)
			if err != nil {
				return err
			}
			a.say.clear()
			a.lab.Close()
			a.sig.stop()
			argv = append(append([]string{path}, argv...), args...)
			err = syscall.Exec(path, argv, append(os.Environ(), env...))
			return &engine.Error{Kind: engine.Failed, What: "psql could not be started: " + cause(err), Where: path, Next: "pipewright query runs SQL without it", Err: err}
		},
	}
}

func (a *app) resetCommand() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:     "reset",
		Short:   "Delete its data and start it empty, after asking",
		Long:    "Deletes all databases of the workspace's own PostgreSQL and starts it empty. It says what it\nwill delete and asks; without a terminal it needs --yes. Files of the workspace stay.",
		Example: "  pipewright db reset",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			if dsn := a.dsn(); dsn != "" {
				return &engine.Error{Kind: engine.Usage, What: "the PostgreSQL at " + masked(dsn) + " is not the workspace's own", Next: "leave --dsn and DATABASE_URL out to reset the workspace's"}
			}
			ws, err := a.place()
			if err != nil {
				return err
			}
			what := "this deletes every table and database of the workspace's PostgreSQL (" + ws.Postgres() + ")"
			if !yes {
				if err := a.confirm(what); err != nil {
					return err
				}
			}
			return a.changeDB(engine.ResetBackend{Backend: engine.Postgres, Confirmed: true})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirm asks a person on the terminal. Anything but "yes" is a no.
func (a *app) confirm(what string) error {
	if a.in == nil || terminalWidth(a.in) == 0 || terminalWidth(a.err) == 0 {
		return misused(what, "confirm it with --yes")
	}
	a.say.raw(inert(what) + ".\nType yes to go on: ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n') // no answer is a no
		answer <- strings.TrimSpace(line)
	}()
	select {
	case text := <-answer:
		if text == "yes" {
			return nil
		}
		return &engine.Error{Kind: engine.Failed, What: "nothing was deleted"}
	case <-a.ctx.Done():
		return &engine.Error{Kind: engine.Interrupted, What: "nothing was deleted"}
	}
}
