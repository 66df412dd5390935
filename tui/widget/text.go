package widget

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"pipewright/tui/theme"
)

// Inert makes text from data safe to draw on one line: each control character, escape, invisible format
// character and invalid byte is replaced by something that can be seen. Variation selectors, which only
// pick between two pictures of one character and which terminals measure differently, are dropped.
func Inert(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the Unicode control pictures: ␛ for escape, ␊ for a line feed
		case r == 0x7f:
			b.WriteRune('␡')
		case r >= 0x80 && r < 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r >= 0xfe00 && r <= 0xfe0f:
		case invisible(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		case i == 0 && joins(s[:n]): // it would be drawn on top of whatever stands before it
			b.WriteRune('◌')
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// invisible says whether a rune would change what is around it without being seen: joiners, direction
// overrides, line separators, tags, unassigned and private ones.
func invisible(r rune) bool {
	return r == 0x2028 || r == 0x2029 || r == 0xfffc || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) ||
		!unicode.IsGraphic(r) || unicode.Is(prepended, r)
}

// prepended are the characters that are drawn as one with whatever follows, so that their width is not
// their own: Grapheme_Cluster_Break=Prepend of UAX #29, without those that are format characters anyway.
var prepended = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x0d4e, Hi: 0x0d4e, Stride: 1}},
	R32: []unicode.Range32{
		{Lo: 0x111c2, Hi: 0x111c3, Stride: 1}, {Lo: 0x1193f, Hi: 0x11941, Stride: 2},
		{Lo: 0x11a84, Hi: 0x11a89, Stride: 1}, {Lo: 0x11d46, Hi: 0x11d46, Stride: 1},
		{Lo: 0x11f02, Hi: 0x11f02, Stride: 1},
	},
}

// joins says whether a character combines with the one before it: accents, vowel signs, skin tones.
func joins(r string) bool {
	return ansi.StringWidth(" "+r) != 1+ansi.StringWidth(r) || ansi.StringWidth(r) == 0
}

// InertLines is Inert for text of several lines: line feeds keep their meaning, tabs become spaces.
func InertLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = Inert(strings.ReplaceAll(l, "\t", "    "))
	}
	return lines
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Width is how many cells s takes; escape sequences take none.
func Width(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// Fit makes s exactly w cells wide: cut with an ellipsis, or filled with spaces. s may hold colours.
func Fit(s string, w int) string {
	n := Width(s)
	if n > w {
		s = Cut(s, w)
		n = Width(s)
	}
	return s + Blank(w-n)
}

// FitRight is Fit with the text at the right.
func FitRight(s string, w int) string {
	n := Width(s)
	if n > w {
		s = Cut(s, w)
		n = Width(s)
	}
	return Blank(w-n) + s
}

// Cut shortens s to at most w cells, with an ellipsis where something was left out.
func Cut(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, "…")
}

// CutLeft shortens s to at most w cells from its left, for paths, whose end says most.
func CutLeft(s string, w int) string {
	n := Width(s)
	if n <= w {
		return s
	}
	if w <= 1 {
		return Cut(s, w)
	}
	return ansi.TruncateLeft(s, n-w+1, "…")
}

var spaces = strings.Repeat(" ", 512)

// Blank is n spaces; none when n is below one.
func Blank(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(spaces) {
		return spaces[:n]
	}
	return strings.Repeat(" ", n)
}

// Spread puts left and right at the two ends of a line of w cells. Where both do not fit, left is cut,
// but not to less than a third of the line.
func Spread(left, right string, w int) string {
	r := Width(right)
	if r > w*2/3 {
		right = Cut(right, w*2/3)
		r = Width(right)
	}
	if r == 0 {
		return Fit(left, w)
	}
	return Fit(left, w-r-1) + " " + right
}

// Rule is a horizontal line of w cells. Each of ups and downs is a column where a vertical line meets it
// from above or from below.
func Rule(t *theme.Theme, w int, ups, downs []int) string {
	cells := []rune(strings.Repeat("─", w))
	for _, x := range ups {
		if x >= 0 && x < w {
			cells[x] = '┴'
		}
	}
	for _, x := range downs {
		if x < 0 || x >= w {
			continue
		}
		if cells[x] == '┴' {
			cells[x] = '┼'
		} else {
			cells[x] = '┬'
		}
	}
	return t.Rule.On(string(cells))
}

// Wrap breaks plain text into lines of at most w cells, at spaces where it can.
func Wrap(s string, w int) []string {
	if w < 1 {
		return nil
	}
	return strings.Split(ansi.Wrap(s, w, ""), "\n")
}

// Box fits lines into a rectangle of w by h cells.
func Box(lines []string, w, h int) []string {
	out := make([]string, h)
	for i := range out {
		if i < len(lines) {
			out[i] = Fit(lines[i], w)
		} else {
			out[i] = Blank(w)
		}
	}
	return out
}

// Overlay lays a box of lines over a screen of lines with its corner at x, y. Every line of the box must
// have the same width.
func Overlay(screen, box []string, x, y int) []string {
	out := append([]string(nil), screen...)
	for i, b := range box {
		if y+i < 0 || y+i >= len(out) {
			continue
		}
		line := out[y+i]
		n := Width(b)
		out[y+i] = Fit(ansi.Cut(line, 0, x), x) + "\x1b[m" + b + "\x1b[m" + behind(line, x+n)
	}
	return out
}

// behind is what a line shows from cell x on. Half of a wide character is a space.
func behind(line string, x int) string {
	w := Width(line)
	s := ansi.Cut(line, x, w)
	if Width(s) > w-x {
		s = ansi.Cut(line, x+1, w)
	}
	return Blank(w-x-Width(s)) + s
}
