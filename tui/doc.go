// Package tui is the shell: the root model that routes, the table of actions, the overlays, and the one
// bridge from the engine's events to messages. It draws no pane and does no work of the engine's.
//
// Bubble Tea 2.1.1 leaves some manners to its programs, and they are here: SIGHUP and SIGTERM restore the
// terminal and end the program and what it runs, even where the terminal has stopped reading; ctrl+z and
// SIGTSTP give the terminal back before the process stops, and SIGCONT draws it anew; NO_COLOR counts with
// any value; a paste of any size, of bytes that are not UTF-8 too, is mended before it is read; and
// nothing waits for a terminal to answer a query. A panic restores the terminal and says where the log is.
package tui
