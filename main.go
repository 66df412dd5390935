// Command pipewright is a terminal workbench in which a person becomes a data engineer by building one
// CRM data platform. Without arguments it opens the shell; with arguments it is the same engine from
// the command line.
package main

import (
	"os"

	"pipewright/tui"
	"pipewright/tui/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, tui.Run))
}
