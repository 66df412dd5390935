package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"pipewright/engine"
	"pipewright/engine/lab"
)

// resultPrinter prints the results of a query while they arrive.
type resultPrinter interface {
	start(engine.ResultStart) error
	rows(engine.ResultRows) error
	end(engine.ResultEnd) error
	// finish comes last, with what made the query fail, or nil.
	finish(failed error) error
}

// written is how much output is gathered before it goes out.
const written = 64 << 10

// csvPrinter writes what PostgreSQL's COPY … (FORMAT csv, HEADER) writes, byte for byte: NULL is nothing,
// an empty string is "".
type csvPrinter struct {
	w    *bufio.Writer
	line []byte
}

func newCSVPrinter(w io.Writer) *csvPrinter { return &csvPrinter{w: bufio.NewWriterSize(w, written)} }

func (p *csvPrinter) start(ev engine.ResultStart) error {
	if len(ev.Columns) == 0 {
		return nil
	}
	names := make([]engine.Cell, len(ev.Columns))
	for i, c := range ev.Columns {
		names[i].Text = c.Name
	}
	return p.row(names)
}

func (p *csvPrinter) rows(ev engine.ResultRows) error {
	for _, row := range ev.Rows {
		if err := p.row(row); err != nil {
			return err
		}
	}
	return nil
}

func (p *csvPrinter) row(row []engine.Cell) error {
	p.line = p.line[:0]
	for i, cell := range row {
		if i > 0 {
			p.line = append(p.line, ',')
		}
		if !cell.Null {
			p.line = appendCSV(p.line, cell.Text, len(row) == 1)
		}
	}
	p.line = append(p.line, '\n')
	_, err := p.w.Write(p.line)
	return err
}

// appendCSV quotes what CopyAttributeOutCSV in PostgreSQL's copyto.c quotes.
func appendCSV(dst []byte, text string, alone bool) []byte {
	if text != "" && !strings.ContainsAny(text, ",\"\n\r") && (!alone || text != `\.`) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}

func (p *csvPrinter) end(engine.ResultEnd) error { return p.w.Flush() }

func (p *csvPrinter) finish(error) error { return p.w.Flush() }

// jsonPrinter writes the one document while the rows arrive, a row on a line. A query that fails in the
// middle of it leaves a valid document, with the error in it.
type jsonPrinter struct {
	w       *bufio.Writer
	several bool
	results int
	open    bool // a result is
	kinds   []engine.ValueKind
	n       int64
	line    []byte
}

func newJSONPrinter(w io.Writer, several bool) *jsonPrinter {
	return &jsonPrinter{w: bufio.NewWriterSize(w, written), several: several}
}

// columnJSON describes a column of a result.
type columnJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (p *jsonPrinter) start(ev engine.ResultStart) error {
	switch {
	case p.several && p.results == 0:
		p.put(`{"results":[`)
	case p.results > 0:
		p.put("},\n")
	}
	p.results++
	p.open, p.n, p.kinds = true, 0, nil
	heads := []columnJSON{}
	for _, c := range ev.Columns {
		heads = append(heads, columnJSON{c.Name, c.Type})
		p.kinds = append(p.kinds, c.Kind)
	}
	text, err := json.Marshal(heads)
	if err != nil {
		return err
	}
	p.put(`{"columns":` + string(text) + `,"rows":[`)
	return nil
}

// put writes text; the writer keeps the first error for Flush.
func (p *jsonPrinter) put(text string) { _, _ = p.w.WriteString(text) }

func (p *jsonPrinter) rows(ev engine.ResultRows) error {
	for _, row := range ev.Rows {
		p.line = p.line[:0]
		if p.n > 0 {
			p.line = append(p.line, ',')
		}
		p.line = append(p.line, '\n', '[')
		for i, cell := range row {
			if i > 0 {
				p.line = append(p.line, ',')
			}
			p.line = lab.AppendJSON(p.line, p.kinds[i], cell)
		}
		p.line = append(p.line, ']')
		p.n++
		if _, err := p.w.Write(p.line); err != nil {
			return err
		}
	}
	return nil
}

func (p *jsonPrinter) end(ev engine.ResultEnd) error {
	p.open = false
	tail, err := json.Marshal(struct {
		RowCount  int64   `json:"row_count"`
		Truncated bool    `json:"truncated"`
		Seconds   float64 `json:"seconds"`
		Tag       string  `json:"tag"`
	}{ev.RowCount, ev.Truncated, ev.Elapsed.Seconds(), ev.Tag})
	if err != nil {
		return err
	}
	// The brace is left open: what fails behind the result is told in the document too.
	p.put("]," + string(tail[1:len(tail)-1]))
	return nil
}

func (p *jsonPrinter) finish(failed error) error {
	if p.results == 0 {
		return p.w.Flush() // the failure is the document
	}
	trouble := ""
	if failed != nil {
		text, err := json.Marshal(failureOf(told(failed)))
		if err != nil {
			return err
		}
		trouble = `,"error":` + string(text)
	}
	if p.open {
		p.put(fmt.Sprintf(`],"row_count":%d,"truncated":true`, p.n))
	}
	if p.several {
		p.put("}]")
	}
	p.put(trouble + "}")
	p.put("\n")
	return p.w.Flush()
}

// filePrinter tells where results were written.
type filePrinter struct {
	app     *app
	several bool
	open    []columnJSON
	done    []exportJSON
}

// exportJSON is a result that went to a file.
type exportJSON struct {
	Columns   []columnJSON `json:"columns"`
	RowCount  int64        `json:"row_count"`
	Truncated bool         `json:"truncated"`
	Seconds   float64      `json:"seconds"`
	Tag       string       `json:"tag"`
	File      string       `json:"file,omitempty"`
}

func (p *filePrinter) start(ev engine.ResultStart) error {
	p.open = []columnJSON{}
	for _, c := range ev.Columns {
		p.open = append(p.open, columnJSON{c.Name, c.Type})
	}
	return nil
}

func (p *filePrinter) rows(engine.ResultRows) error {
	return errors.New("rows arrived that belong in a file")
}

func (p *filePrinter) end(ev engine.ResultEnd) error {
	p.done = append(p.done, exportJSON{p.open, ev.RowCount, ev.Truncated, ev.Elapsed.Seconds(), ev.Tag, ev.Exported})
	if p.app.flags.json || ev.Exported == "" {
		return nil
	}
	_, err := fmt.Fprintf(p.app.out, "%s → %s in %s\n", count(ev.RowCount, "row"), inert(ev.Exported), seconds(ev.Elapsed))
	return err
}

func (p *filePrinter) finish(failed error) error {
	switch {
	case !p.app.flags.json || failed != nil:
		return nil
	case p.several:
		return printJSON(p.app.out, map[string]any{"results": p.done})
	case len(p.done) == 0:
		return nil
	}
	return printJSON(p.app.out, p.done[0])
}
