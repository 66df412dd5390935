package cli

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// columns lays out a small table for people: a heading, two blanks between columns, no lines. A heading
// that begins with > aligns its column to the right. Cells are made inert.
func columns(heads []string, rows [][]string) string {
	right := make([]bool, len(heads))
	all := make([][]string, 0, len(rows)+1)
	head := make([]string, len(heads))
	for i, h := range heads {
		head[i], right[i] = strings.CutPrefix(h, ">")
	}
	all = append(all, head)
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = inert(cell)
		}
		all = append(all, safe)
	}
	widths := make([]int, len(heads))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-displaywidth.String(cell))
			if right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				line += "  "
			}
			line += cell
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// pairs lays out names and what they stand for, without a heading.
func pairs(rows [][]string) string {
	_, text, _ := strings.Cut(columns([]string{"", ""}, rows), "\n")
	return text
}

// shortened cuts text to a width, and makes it inert first, so that what was cut shows as cut.
func shortened(s string, width int) string { return fitted(inert(s), width) }
