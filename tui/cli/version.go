package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  pipewright version --json",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if a.flags.json {
		return printJSON(a.out, struct {
			Version string `json:"version"`
			Go      string `json:"go"`
			Commit  string `json:"commit,omitempty"`
		}{version, runtime.Version(), commit})
	}
	text := "pipewright " + version + " (" + runtime.Version()
	if commit != "" {
		text += ", commit " + commit[:min(12, len(commit))]
	}
	_, err := fmt.Fprintln(a.out, text+")")
	return err
}
