package widget

import (
	"strings"

	"pipewright/tui/theme"
)

// TableColumn is one column of a table.
type TableColumn struct {
	Title string
	Min   int  // cells that it gets at least
	Max   int  // cells that it gets at most; 0 is no limit
	Right bool // numbers stand at the right
}

// Rows is where a table gets its rows from. Only those in the window are asked for.
type Rows interface {
	Len() int
	// Row gives the cells of row i, from 0, as they are in the data; the table makes them inert.
	Row(i int) []string
}

// Table draws the window of some rows that fits. Cursor is the selected row; -1 selects none.
type Table struct {
	Columns []TableColumn
	Cursor  int
	Scroll  Scroll
	Ink     func(row, col int) theme.Ink // of a cell that is not under the cursor; nil draws all alike
}

const gap = 2

// Draw draws a title line and the rows of the window, h lines of w cells in all.
func (t *Table) Draw(th *theme.Theme, rows Rows, w, h int) []string {
	if h < 1 {
		return nil
	}
	t.Scroll.Fit(rows.Len(), h-1)
	if t.Cursor >= 0 {
		t.Cursor = min(t.Cursor, max(rows.Len()-1, 0))
		t.Scroll.Follow(t.Cursor)
	}
	last := min(t.Scroll.Top+t.Scroll.H, rows.Len())
	cells := make([][]string, 0, t.Scroll.H)
	for i := t.Scroll.Top; i < last; i++ {
		row := rows.Row(i)
		out := make([]string, len(t.Columns))
		for c := range out {
			if c < len(row) {
				out[c] = Inert(row[c])
			}
		}
		cells = append(cells, out)
	}
	widths := t.widths(cells, w-2)
	lines := make([]string, 0, h)
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	lines = append(lines, " "+th.Muted.On(t.line(titles, widths, w-2, nil))+" ")
	for i, row := range cells {
		n := i + t.Scroll.Top
		if t.Cursor >= 0 && n == t.Cursor {
			lines = append(lines, th.Select.On(" "+t.line(row, widths, w-2, nil)+" "))
			continue
		}
		var ink func(col int) theme.Ink
		if t.Ink != nil {
			ink = func(col int) theme.Ink { return t.Ink(n, col) }
		}
		lines = append(lines, " "+t.line(row, widths, w-2, ink)+" ")
	}
	return Box(lines, w, h)
}

func (t *Table) line(cells []string, widths []int, w int, ink func(col int) theme.Ink) string {
	var b strings.Builder
	for i, c := range t.Columns {
		if widths[i] == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(spaces[:gap])
		}
		cell := Fit(cells[i], widths[i])
		if c.Right {
			cell = FitRight(cells[i], widths[i])
		}
		if ink != nil {
			cell = ink(i).On(cell)
		}
		b.WriteString(cell)
	}
	return Fit(b.String(), w)
}

// widths shares w cells among the columns: each gets what its widest cell in the window needs, within
// its limits; what is missing is taken from the widest.
func (t *Table) widths(cells [][]string, w int) []int {
	out := make([]int, len(t.Columns))
	total := -gap
	for i, c := range t.Columns {
		n := max(Width(c.Title), c.Min)
		for _, row := range cells {
			n = max(n, Width(row[i]))
		}
		if c.Max > 0 {
			n = min(n, c.Max)
		}
		out[i] = n
		total += n + gap
	}
	for total > w {
		widest := 0
		for i := range out {
			if out[i]-t.Columns[i].Min > out[widest]-t.Columns[widest].Min {
				widest = i
			}
		}
		if out[widest] <= 1 {
			break
		}
		out[widest]--
		total--
	}
	return out
}
