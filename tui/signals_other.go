//go:build !unix

package tui

import (
	"context"
	"os"

	tea "charm.land/bubbletea/v2"
)

// heed has nothing to see to where there are no such signals.
func heed(context.Context, context.CancelFunc, *tea.Program, *os.File) {}

// suspend cannot.
func suspend() tea.Cmd { return nil }
