//go:build !unix

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// heed has nothing to see to where there are no such signals.
func heed(context.Context, context.CancelFunc, *tea.Program) {}

// suspend cannot.
func suspend() tea.Cmd { return nil }
