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
// zero gets at least one cell where there are that many.
func Parts(t *theme.Theme, w int, total int64, parts []int64, inks []theme.Ink, glyphs []string) string {
	if w < 1 {
		return ""
	}
	waiting := 0 // parts that are still to be drawn
	for _, p := range parts {
		if p > 0 {
			waiting++
		}
	}
	var b strings.Builder
	used, sum := 0, int64(0)
	for i, p := range parts {
		if total <= 0 || p <= 0 {
			continue
		}
		waiting--
		sum += p
		end := int(math.Round(float64(sum) / float64(total) * float64(w))) // rounding the sum leaves no gap at the end
		n := max(min(max(end-used, 1), w-used-waiting), 0)
		used += n
		b.WriteString(inks[i].On(strings.Repeat(glyphs[i], n)))
	}
	b.WriteString(t.Rule.On(strings.Repeat("░", w-used)))
	return b.String()
}
