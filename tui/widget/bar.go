package widget

import (
	"math"
	"strings"

	"pipewright/tui/theme"
)

var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// Bar draws a share between 0 and 1 as a bar of w cells; anything beyond is drawn as the nearer end.
func Bar(share float64, w int) string {
	if w < 1 {
		return ""
	}
	if math.IsNaN(share) || share < 0 {
		share = 0
	}
	share = min(share, 1)
	n := int(share * float64(w) * 8)
	if n == 0 && share > 0 {
		n = 1
	}
	full, part := n/8, eighths[n%8]
	rest := w - full
	if part != "" {
		rest--
	}
	return strings.Repeat("█", full) + part + strings.Repeat("░", rest)
}

// Pulse draws a bar of w cells for work whose size is unknown; step moves the lit part along.
func Pulse(step, w int) string {
	if w < 1 {
		return ""
	}
	lit := max(w/5, 1)
	at := step % (w + lit)
	cells := []rune(strings.Repeat("░", w))
	for i := at - lit; i < at; i++ {
		if i >= 0 && i < w {
			cells[i] = '█'
		}
	}
	return string(cells)
}

// Parts draws several shares of a whole side by side in w cells, each in its ink. A part that is not
// zero gets at least one cell.
func Parts(t *theme.Theme, w int, total int64, parts []int64, inks []theme.Ink, glyphs []string) string {
	if w < 1 {
		return ""
	}
	var b strings.Builder
	used := 0
	for i, p := range parts {
		if total <= 0 || p <= 0 || used >= w {
			continue
		}
		n := max(int(math.Round(float64(p)/float64(total)*float64(w))), 1)
		n = min(n, w-used)
		used += n
		b.WriteString(inks[i].On(strings.Repeat(glyphs[i], n)))
	}
	b.WriteString(t.Rule.On(strings.Repeat("░", w-used)))
	return b.String()
}
