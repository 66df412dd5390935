// Package lesson is the pane in which a session is read: its steps one at a time, laid out for the width
// that there is, with code that can be copied.
package lesson
