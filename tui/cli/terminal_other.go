//go:build !unix

package cli

// terminalWidth is 0, "no terminal", where nothing here can ask: the plain form works everywhere.
func terminalWidth(any) int { return 0 }
