package sql

import (
	"slices"
	"unicode/utf8"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/widget"
)

// The bounds of the grid.
const (
	windowRows   = 256     // rows that are asked for at once
	leastRows    = 64      // and where rows are large
	windowBytes  = 4 << 20 // text of one window from which on fewer rows are asked for
	mostWindows  = 3
	mostCell     = 40 // cells that a column gets unless the person wants more
	mostWide     = 400
	staticRows   = 1000 // rows that are kept of a result that cannot be scrolled
	shownOfValue = 4 * mostWide
)

// Rows is the answer to a keys.FetchRows.
type Rows struct {
	Seq    uint64
	Window engine.RowWindow
	Err    error
}

// grid is a window onto the rows of an open result. Rows are counted from 0. No more than mostWindows parts
// of the result are in memory.
type grid struct {
	open    bool
	static  bool // the rows are all there will be; the result itself is not open
	columns []engine.Column
	wins    []engine.RowWindow
	total   int64 // -1 while unknown
	seen    int64 // rows from the first on that are known to be there
	row     int64
	top     int64
	col     int
	left    int
	h       int64 // rows that are drawn
	up      bool  // the last move went up
	step    int64 // rows that are asked for at once

	widths []int // of the widest value seen, bounded
	wanted []int // as the person has set them; 0: not

	seq     uint64
	pending *keys.FetchRows
	toEnd   bool // the end has been asked for and is not known yet
	err     error
}

func (g *grid) begin(columns []engine.Column, static bool) {
	*g = grid{open: true, static: static, columns: columns, total: -1, step: windowRows, seq: g.seq, h: max(g.h, leastRows/4),
		widths: make([]int, len(columns)), wanted: make([]int, len(columns))}
	for i, c := range columns {
		g.widths[i] = min(max(widget.Width(widget.Inert(clip(c.Name)))+2, 3), mostCell)
	}
}

// take takes rows. Those of an older question are dropped.
func (g *grid) take(r Rows) {
	if g.pending == nil || r.Seq != g.pending.Seq {
		return
	}
	asked := *g.pending
	g.pending = nil
	if r.Err != nil {
		g.err, g.toEnd = r.Err, false
		return
	}
	w := r.Window
	g.err = nil
	end := w.First + int64(len(w.Rows))
	switch {
	case len(w.Rows) == 0 && asked.First >= 0:
		g.total = min(g.count(), asked.First) // the rows ended where the last window did
	case w.Total >= 0:
		g.total = w.Total
	}
	g.seen = max(g.seen, end, g.total)
	if g.toEnd && g.total >= 0 {
		g.toEnd, g.up = false, true
		g.row = max(g.total-1, 0)
	}
	g.row = max(min(g.row, g.count()-1), 0)
	g.follow()
	g.keep(w)
}

// keep puts a window among those in memory, and lets go of the one that is farthest from what is shown.
func (g *grid) keep(w engine.RowWindow) {
	if len(w.Rows) == 0 {
		return
	}
	size := 0
	for _, row := range w.Rows {
		for c, v := range row {
			size += len(v.Text)
			if c < len(g.widths) && g.widths[c] < mostCell {
				g.widths[c] = max(g.widths[c], min(widget.Width(widget.Inert(clip(v.Text))), mostCell))
			}
		}
	}
	if size > windowBytes {
		g.step = max(g.step/2, leastRows)
	}
	g.wins = append(g.wins, w)
	middle := g.top + g.h/2
	for len(g.wins) > mostWindows {
		far, at := int64(-1), 0
		for i, w := range g.wins {
			d := max(w.First-middle, middle-w.First-int64(len(w.Rows)), 0)
			if d >= far {
				far, at = d, i
			}
		}
		g.wins = slices.Delete(g.wins, at, at+1)
	}
}

// clip is as much of a value as may be shown in a cell.
func clip(s string) string {
	if len(s) <= shownOfValue {
		return s
	}
	i := shownOfValue
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return s[:i]
}

// at gives a row, if it is in memory.
func (g *grid) at(row int64) ([]engine.Cell, bool) {
	for _, w := range g.wins {
		if row >= w.First && row < w.First+int64(len(w.Rows)) {
			return w.Rows[row-w.First], true
		}
	}
	return nil, false
}

// value is the cell under the cursor.
func (g *grid) value() (engine.Cell, bool) {
	row, ok := g.at(g.row)
	if !ok || g.col >= len(row) {
		return engine.Cell{}, false
	}
	return row[g.col], true
}

// count is the number of rows that can be gone to: all of them once that is known.
func (g *grid) count() int64 {
	if g.total >= 0 {
		return g.total
	}
	return g.seen
}

// move moves the cursor by rows.
func (g *grid) move(n int64) {
	g.up = n < 0
	g.toEnd = false
	g.row = max(min(g.row+n, g.count()-1), 0)
	g.follow()
}

func (g *grid) follow() {
	h := max(g.h, 1)
	if g.row < g.top {
		g.top = g.row
	}
	if g.row >= g.top+h {
		g.top = g.row - h + 1
	}
	g.top = max(min(g.top, g.count()-h), 0)
}

// end goes to the last row, which may have to be found first.
func (g *grid) end() {
	if g.total >= 0 {
		g.move(g.total)
		g.up = true
		return
	}
	g.toEnd = true
}

// across moves the cursor by columns.
func (g *grid) across(n int) { g.col = max(min(g.col+n, len(g.columns)-1), 0) }

// width is the width of a column.
func (g *grid) width(c int) int {
	if g.wanted[c] > 0 {
		return g.wanted[c]
	}
	return g.widths[c]
}

// widen makes the cursor's column wider or narrower.
func (g *grid) widen(n int) {
	g.wanted[g.col] = max(min(g.width(g.col)+n, mostWide), 3)
}

// fetch says which rows are wanted next: those that are looked at, else those that are looked at soon. It
// gives nothing while an answer is on its way that is still of use.
func (g *grid) fetch() (keys.FetchRows, bool) {
	if !g.open || g.static || g.err != nil {
		return keys.FetchRows{}, false
	}
	if g.toEnd && g.total < 0 {
		return g.ask(-g.step, -1, true)
	}
	if g.total == 0 {
		return keys.FetchRows{}, false
	}
	h := max(g.h, 1)
	limit := g.count()
	for r := g.top; r < min(g.top+h, limit); r++ {
		if _, ok := g.at(r); !ok {
			return g.ask(g.covering(r), r, true)
		}
	}
	if g.total < 0 && g.top+h+g.step/2 > g.seen {
		return g.ask(g.seen, g.seen, g.seen == 0)
	}
	soon := g.top + h + g.step/4
	if g.up {
		soon = g.top - g.step/4
	}
	if soon = max(soon, 0); soon < limit {
		if _, ok := g.at(soon); !ok {
			return g.ask(g.covering(soon), soon, false)
		}
	}
	return keys.FetchRows{}, false
}

// covering is the first row of the part that has a row in it and fits to what is in memory.
func (g *grid) covering(r int64) int64 {
	first := max(r/g.step*g.step, 0)
	for _, w := range g.wins { // not what is there already
		if end := w.First + int64(len(w.Rows)); !g.up && end > first && end <= r {
			first = end
		}
	}
	return first
}

// ask makes a question for the rows from first on, which have the row need in them. One that is for later
// waits for the answer that is on its way, and so does one that this answer will do for.
func (g *grid) ask(first, need int64, now bool) (keys.FetchRows, bool) {
	if p := g.pending; p != nil && (!now || p.First == first || p.First >= 0 && need >= p.First && need < p.First+p.Count) {
		return keys.FetchRows{}, false
	}
	g.seq++
	f := keys.FetchRows{First: first, Count: g.step, Seq: g.seq}
	g.pending = &f
	return f, true
}
