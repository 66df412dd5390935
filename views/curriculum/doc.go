// Package curriculum is the pane of phases, weeks and sessions: a tree with what is done in each, that
// can be folded and filtered, and from which a session is opened.
package curriculum
