// Package views holds what every pane is to the shell, what a pane can ask of it, and the catalogue of
// panes. A new pane is one package below this one and one row of the catalogue.
package views
