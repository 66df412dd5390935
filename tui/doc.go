// Package tui is the shell: the root model that routes, the table of actions, the overlays, and the one
// bridge from the engine's events to messages. It draws no pane and does no work of the engine's.
//
// Bubble Tea 2.1.1 leaves some manners to its programs, and they are here: SIGHUP restores the terminal
// and ends the program, NO_COLOR counts with any value, a paste of bytes that are not UTF-8 is mended
// before it is read, and nothing waits for a terminal to answer a query. A panic restores the terminal
// and says where the log is.
package tui
