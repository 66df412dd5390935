// Package keys holds the vocabulary of what a person can ask of the shell: actions, the keys that call
// them, and the intents that a pane hands back when it cannot do the thing by itself.
package keys
