package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/engine"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look at every backend: found, version, settings, how to mend it",
		Long: "Looks at every backend and starts none. It exits 0 when all of them work or can be started,\n" +
			"and 1 when one cannot work; the line \"to mend\" says what to do.",
		Example: "  pipewright doctor",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return a.doctor() },
	}
}

// backendJSON is one backend in doctor's document.
type backendJSON struct {
	Name     engine.Backend      `json:"name"`
	State    engine.BackendState `json:"state"`
	Version  string              `json:"version"`
	Path     string              `json:"path"`
	Fix      string              `json:"fix"`
	Sentence string              `json:"sentence"`
	DataDir  string              `json:"data_dir"`
	Port     int                 `json:"port"`
	Settings []settingJSON       `json:"settings"`
}

type settingJSON struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

func (a *app) diagnose() ([]engine.BackendStatus, error) {
	var all []engine.BackendStatus
	err := a.follow(engine.Diagnose{}, func(ev engine.Event) error {
		if d, ok := ev.(engine.Diagnosis); ok {
			all = d.Backends
		}
		return nil
	})
	return all, err
}

func (a *app) doctor() error {
	all, err := a.diagnose()
	if err != nil {
		return err
	}
	if a.flags.json {
		err = printJSON(a.out, map[string]any{"backends": doctorDocument(all)})
	} else {
		err = a.printDoctor(all)
	}
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.State == engine.StateFailed || s.State == engine.StateMissing {
			return outcome{engine.Failed}
		}
	}
	return nil
}

func doctorDocument(all []engine.BackendStatus) []backendJSON {
	out := []backendJSON{}
	for _, s := range all {
		b := backendJSON{s.Name, s.State, s.Version, s.Path, s.Fix, s.Sentence, s.DataDir, s.Port, []settingJSON{}}
		for _, x := range s.Settings {
			b.Settings = append(b.Settings, settingJSON(x))
		}
		out = append(out, b)
	}
	return out
}

func (a *app) printDoctor(all []engine.BackendStatus) error {
	var rows [][]string
	for _, s := range all {
		rows = append(rows, []string{string(s.Name), string(s.State), s.Version, s.Path})
	}
	var b strings.Builder
	b.WriteString(columns([]string{"backend", "state", "version", "path"}, rows))
	for _, s := range all {
		var lines [][]string
		for _, l := range [][]string{{"note", s.Sentence}, {"data", s.DataDir}, {"port", number(s.Port)}, {"to mend", s.Fix}} {
			if l[1] != "" {
				lines = append(lines, l)
			}
		}
		for _, x := range s.Settings {
			value := x.Value
			if x.Source != "" {
				value += "  (" + x.Source + ")"
			}
			lines = append(lines, []string{x.Name, value})
		}
		if len(lines) > 0 {
			b.WriteString("\n" + columns([]string{string(s.Name), ""}, lines))
		}
	}
	_, err := fmt.Fprintf(a.out, "%s\nworkspace %s\n", b.String(), inert(a.ws.Dir))
	return err
}
