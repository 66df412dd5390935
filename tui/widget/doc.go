// Package widget holds the pieces that panes draw with: text made inert and fitted to its cells, bars,
// the windowed table, scrolling, Markdown and a one-line input. Widgets know sizes and inks, and nothing
// of what they show.
package widget
