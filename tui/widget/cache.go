package widget

import "pipewright/tui/theme"

// Cache keeps the lines that a pane drew last, for as long as nothing that they depend on has changed.
type Cache struct {
	lines   []string
	w, h    int
	version int
	focused bool
	theme   *theme.Theme
}

// Lines gives the kept lines, or those of draw when the size, the theme, the focus or the version is
// another than last time.
func (c *Cache) Lines(t *theme.Theme, w, h, version int, focused bool, draw func() []string) []string {
	if c.lines == nil || c.theme != t || c.w != w || c.h != h || c.version != version || c.focused != focused {
		c.lines = Box(draw(), w, h)
		c.theme, c.w, c.h, c.version, c.focused = t, w, h, version, focused
	}
	return c.lines
}

// Heading is the first line of a pane: its name with a mark when it has the focus, and a note at the
// right.
func Heading(t *theme.Theme, focused bool, name, rest, note string, w int) string {
	mark, ink := " ", t.Strong
	if focused {
		mark, ink = t.Accent.On("▌"), t.Accent
	}
	left := mark + ink.On(name)
	if rest != "" {
		left += "  " + rest
	}
	if note != "" {
		note += " "
	}
	return Spread(left, note, w)
}
