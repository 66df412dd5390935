package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/engine"
)

// commands is the table of commands: one row each, in the order of the help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.sessionCommand(),
		a.runCommand(),
		a.checkCommand(),
		a.hintCommand(),
		a.progressCommand(),
		a.loadCommand(),
		a.queryCommand(),
		a.dataCommand(),
		a.dbCommand(),
		a.doctorCommand(),
		a.authorCommand(),
		a.completionCommand(),
		a.versionCommand(),
	}
}

func (a *app) root() *cobra.Command {
	cobra.EnableCommandSorting = false // the table's order is the help's
	showVersion := false
	root := &cobra.Command{
		Use:   "pipewright",
		Short: "Learn data engineering by building one CRM data platform",
		Long: "Pipewright is a workbench for learning data engineering on real components.\n" +
			"Without a command it opens the shell; without a terminal it loads and checks\n" +
			"session 1.4 in plain lines.",
		Example: "  pipewright\n  pipewright load leads.csv --table leads",
		Args:    known,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				return a.printVersion()
			}
			return a.bare()
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	if a.in != nil {
		root.SetIn(a.in)
	}
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usage)
	root.SetHelpTemplate(`{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`)
	root.Flags().BoolVar(&showVersion, "version", false, "print the version")
	f := root.PersistentFlags()
	f.StringVar(&a.flags.workspace, "workspace", "", "the learner's folder, `DIR` (default: PIPEWRIGHT_WORKSPACE, the nearest parent with .pipewright/, or ~/pipewright)")
	f.StringVar(&a.flags.dsn, "dsn", "", "the `URL` of a PostgreSQL of your own (default: DATABASE_URL, or the embedded one)")
	f.BoolVar(&a.flags.json, "json", a.flags.json, "print one JSON document on standard output")
	f.BoolVar(&a.flags.plain, "plain", false, "plain lines: no full screen, nothing redrawn, no colour")
	f.BoolVar(&a.flags.quiet, "quiet", false, "no narration and no progress")
	for _, name := range []string{"workspace"} {
		if err := root.MarkPersistentFlagDirname(name); err != nil {
			panic(err)
		}
	}
	root.AddCommand(a.commands()...)
	root.SetHelpCommand(a.helpCommand(root))
	return root
}

const usage = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND [flags]{{end}}{{if .HasExample}}

Example:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

// known refuses what is no command, with the one that was probably meant.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	next := "see " + cmd.CommandPath() + " --help"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		next = "did you mean " + cmd.CommandPath() + " " + near[0] + "?"
	}
	return misused(fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0]), next)
}

// group makes a command that only holds others.
func group(cmd *cobra.Command, of ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(of...)
	cmd.Args = known
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		return misused(cmd.CommandPath()+" needs to know what to do", "say one of "+strings.Join(names, ", "))
	}
	return cmd
}

// exactly refuses any other number of arguments than those named.
func exactly(names ...string) cobra.PositionalArgs { return between(len(names), names...) }

// between takes at least that many of the arguments named, and at most all.
func between(least int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		example := "see " + cmd.CommandPath() + " --help"
		if cmd.Example != "" {
			example = "for example: " + strings.TrimSpace(strings.SplitN(cmd.Example, "\n", 2)[0])
		}
		if len(args) < least {
			return misused(cmd.CommandPath()+" needs "+strings.Join(names[len(args):least], " and "), example)
		}
		if len(args) > len(names) {
			return misused(fmt.Sprintf("%s does not take %q", cmd.CommandPath(), args[len(names)]), example)
		}
		return nil
	}
}

func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [COMMAND]",
		Short:  "Show the help of a command",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return known(root, args)
			}
			return cmd.Help()
		},
	}
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print the completion script of a shell",
		Long:      "Prints a script that completes Pipewright's commands, flags and session ids in\nbash, zsh, fish or powershell.",
		Example:   "  source <(pipewright completion bash)\n  pipewright completion fish > ~/.config/fish/completions/pipewright.fish",
		Args:      exactly("bash, zsh, fish or powershell"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.flags.json {
				return misused("a completion script is no JSON", "leave --json out")
			}
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return misused(fmt.Sprintf("there is no completion for %q", args[0]), "it takes "+oneOf("", shells...).words())
		},
	}
}

// backends are the values of --backend.
func backends() []string { return []string{string(engine.Postgres), string(engine.DuckDB)} }
