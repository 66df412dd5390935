package cli

import (
	"bufio"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"pipewright/engine"
)

// A table's widths come from its first rows: that many, or as many as hold that many bytes. What is wider
// further down moves its line's end to the right; the rest of the result is never held in memory.
const (
	measuredRows  = 1000
	measuredBytes = 8 << 20
)

// tablePrinter prints results as psql's aligned format does, its border 1 and its ASCII lines.
type tablePrinter struct {
	w      *bufio.Writer
	cols   []engine.Column
	held   [][]engine.Cell // rows that wait for the widths
	bytes  int
	widths []int // nil until they are fixed
}

func newTablePrinter(w io.Writer) *tablePrinter {
	return &tablePrinter{w: bufio.NewWriterSize(w, written)}
}

func (p *tablePrinter) start(ev engine.ResultStart) error {
	p.cols, p.held, p.bytes, p.widths = ev.Columns, nil, 0, nil
	return nil
}

func (p *tablePrinter) rows(ev engine.ResultRows) error {
	for _, row := range ev.Rows {
		if p.widths != nil {
			p.row(row)
			continue
		}
		p.held = append(p.held, row)
		for _, cell := range row {
			p.bytes += len(cell.Text)
		}
		if len(p.held) >= measuredRows || p.bytes >= measuredBytes {
			p.measure()
		}
	}
	if p.widths != nil {
		return p.w.Flush()
	}
	return nil
}

// measure fixes the widths and prints what was held.
func (p *tablePrinter) measure() {
	p.widths = make([]int, len(p.cols))
	names := make([]string, len(p.cols))
	for i, c := range p.cols {
		names[i] = inert(c.Name)
		p.widths[i] = displaywidth.String(names[i])
	}
	for _, row := range p.held {
		for i, cell := range row {
			for _, line := range cellLines(cell.Text) {
				p.widths[i] = max(p.widths[i], displaywidth.String(line))
			}
		}
	}
	for i, name := range names {
		if i > 0 {
			p.put("|")
		}
		pad := p.widths[i] - displaywidth.String(name)
		p.put(" " + strings.Repeat(" ", pad/2) + name + strings.Repeat(" ", pad-pad/2) + " ")
	}
	p.put("\n")
	for i := range p.cols {
		if i > 0 {
			p.put("+")
		}
		p.put(strings.Repeat("-", p.widths[i]+2))
	}
	p.put("\n")
	for _, row := range p.held {
		p.row(row)
	}
	p.held = nil
}

// put writes text; the writer keeps the first error for Flush.
func (p *tablePrinter) put(s string) { _, _ = p.w.WriteString(s) }

// row prints one row: over several lines when a cell has them, each but its last marked with +.
func (p *tablePrinter) row(row []engine.Cell) {
	lines := make([][]string, len(row))
	high := 1
	for i, cell := range row {
		lines[i] = cellLines(cell.Text)
		high = max(high, len(lines[i]))
	}
	for n := range high {
		for i := range row {
			text, more := "", n+1 < len(lines[i])
			if n < len(lines[i]) {
				text = lines[i][n]
			}
			if i > 0 {
				p.put("|")
			}
			p.put(" ")
			pad := strings.Repeat(" ", max(0, p.widths[i]-displaywidth.String(text)))
			last := i == len(row)-1
			switch {
			case p.cols[i].Kind == engine.NumberValue:
				p.put(pad + text)
			case last && !more:
				p.put(text)
			default:
				p.put(text + pad)
			}
			if more {
				p.put("+")
			} else if !last {
				p.put(" ")
			}
		}
		p.put("\n")
	}
}

// cellLines gives a cell's lines as they go to the screen: tabs as blanks to the next multiple of eight,
// everything else that would act on a terminal as psql writes it.
func cellLines(s string) []string {
	if clean(s) {
		return []string{s}
	}
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, cellLine(line))
	}
	return lines
}

func cellLine(s string) string {
	if !strings.Contains(s, "\t") {
		return inert(s)
	}
	var b strings.Builder
	for i, part := range strings.Split(s, "\t") {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", 8-displaywidth.String(b.String())%8))
		}
		b.WriteString(inert(part))
	}
	return b.String()
}

func (p *tablePrinter) end(ev engine.ResultEnd) error {
	if len(p.cols) == 0 {
		if ev.Tag != "" {
			p.put(inert(ev.Tag) + "\n")
		}
		return p.w.Flush()
	}
	if p.widths == nil {
		p.measure()
	}
	p.put("(" + count(shown(ev), "row") + ")\n\n")
	return p.w.Flush()
}

// shown is how many rows of a result were delivered.
func shown(ev engine.ResultEnd) int64 { return ev.RowCount }

// finish shows the rows that had arrived before a failure.
func (p *tablePrinter) finish(failed error) error {
	if failed != nil && len(p.held) > 0 {
		p.measure()
	}
	return p.w.Flush()
}
