package sql

import (
	"path/filepath"
	"strings"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/widget"
)

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case edit, open, backend, edBackend, edLeave, edStop:
		return true
	case run, runAll, edRun, edRunAll:
		return p.state != running && !p.ed.empty()
	case sortBy, filter:
		return p.grid.open && !p.grid.static && p.state != running && len(p.grid.columns) > 0 && p.view.base != "" && wraps(p.view.base, p.from)
	case export:
		return p.grid.open && p.state != running && p.view.base != ""
	case edOlder:
		return p.hist.at > 0
	case edNewer:
		return p.hist.at < len(p.hist.list)
	}
	if strings.HasPrefix(string(id), "sql.") {
		return p.grid.open && len(p.grid.columns) > 0
	}
	return true
}

// Do carries out an action. What reaches beyond the pane comes back as an intent.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	p.hint = ""
	switch id {
	case run, edRun:
		return p.run()
	case runAll, edRunAll:
		return p.launch(ran{sql: p.ed.text(), version: p.ed.version})
	case backend, edBackend:
		return p.turn()
	}
	switch p.place {
	case Editing:
		return p.inEditor(id)
	case Asking:
		return p.inLine(id)
	case Value:
		return p.inValue(id)
	}
	return p.inRows(id)
}

// run runs the statement that the cursor is in.
func (p *Pane) run() keys.Intent {
	sql, from, ok := p.current()
	if !ok {
		p.hint = "there is no statement here"
		return nil
	}
	return p.launch(ran{sql: sql, from: from, version: p.ed.version})
}

// launch asks for a run.
func (p *Pane) launch(r ran) keys.Intent {
	if p.state == running {
		p.hint = "a query runs already; cancel it first"
		return nil
	}
	if r.backend == "" {
		r.backend = p.backend
	}
	if r.view.base == "" && r.export == "" {
		p.hist.add(strings.TrimRight(r.sql, blanks+"\n"))
	}
	p.pop, p.ask.open = popup{}, false
	p.ran, p.state, p.asked, p.job = r, running, true, 0
	p.outcomes, p.left, p.note, p.err, p.fault, p.wrote = nil, 0, "", nil, fault{}, ""
	p.began, p.progress = p.now, engine.Progress{}
	if p.place == Asking {
		p.place = Place
	}
	if r.export != "" {
		return keys.ExportSQL{SQL: r.sql, Backend: string(r.backend), Format: formatOf(r.export), Path: r.export, Replace: r.replace}
	}
	return keys.RunSQL{SQL: r.sql, Backend: string(r.backend)}
}

// turn asks the other backend from now on.
func (p *Pane) turn() keys.Intent {
	if p.backend == engine.Postgres {
		p.backend = engine.DuckDB
	} else {
		p.backend = engine.Postgres
	}
	p.pop = popup{}
	return keys.Refresh{Place: Place}
}

func (p *Pane) inRows(id keys.ID) keys.Intent {
	g := &p.grid
	page := max(g.h-1, 1)
	switch id {
	case edit:
		p.place = Editing
	case open:
		if _, ok := g.value(); !g.open || !ok {
			p.place = Editing
			return nil
		}
		p.place = Value
		p.value = newValue(g)
	case sortBy:
		return p.sort()
	case filter:
		return p.filter()
	case export:
		p.place = Asking
		p.ask = line{open: true, export: true}
		p.ask.input.Set("reports/query.csv")
	case copyRow, copyCol, copyAll:
		return p.copy(id)
	case narrower:
		g.widen(-2)
	case wider:
		g.widen(2)
	case up:
		g.move(-1)
	case down:
		g.move(1)
	case pageUp:
		g.move(-page)
	case pageDown:
		g.move(page)
	case top:
		g.move(-g.row)
		g.up = false
	case bottom:
		g.end()
	case left:
		g.across(-1)
	case right:
		g.across(1)
	case firstCol:
		g.across(-len(g.columns))
	case lastCol:
		g.across(len(g.columns))
	}
	return nil
}

// sort goes on from no order to upwards, downwards, and none, in the cursor's column.
func (p *Pane) sort() keys.Intent {
	v := p.view
	if v.by != p.grid.col {
		v.by, v.order = p.grid.col, unsorted
	}
	v.order = (v.order + 1) % 3
	return p.look(v)
}

// filter asks for a text, or takes the filter off.
func (p *Pane) filter() keys.Intent {
	if p.view.filter != "" {
		v := p.view
		v.filter, v.column = "", ""
		return p.look(v)
	}
	name := p.grid.columns[p.grid.col].Name
	for i, c := range p.grid.columns {
		if c.Name == name && i != p.grid.col {
			p.hint = "two columns have this name; give one another with AS to filter by it"
			return nil
		}
	}
	p.place = Asking
	p.ask = line{open: true, column: name}
	return nil
}

// look runs the statement again for another view of its rows.
func (p *Pane) look(v view) keys.Intent {
	return p.launch(ran{sql: v.sql(p.from), backend: p.from, from: -1, view: v})
}

// copy copies the row, the column or everything that is on screen.
func (p *Pane) copy(id keys.ID) keys.Intent {
	g := &p.grid
	if id == copyRow {
		if row, ok := g.at(g.row); ok {
			return keys.Copy{What: "the row", Text: tabbed(row)}
		}
		return nil
	}
	var b strings.Builder
	n := int64(0)
	if id == copyAll {
		names := make([]engine.Cell, len(g.columns))
		for i, c := range g.columns {
			names[i].Text = c.Name
		}
		b.WriteString(tabbed(names) + "\n")
	}
	for r := g.top; r < min(g.top+max(g.h, 1), g.count()); r++ {
		row, ok := g.at(r)
		if !ok {
			continue
		}
		n++
		if id == copyAll {
			b.WriteString(tabbed(row) + "\n")
		} else if g.col < len(row) {
			b.WriteString(tabbed(row[g.col:g.col+1]) + "\n")
		}
	}
	what := widget.Plural(n, "row", "rows")
	if id == copyCol {
		what = widget.Plural(n, "value", "values") + " of " + widget.Inert(g.columns[g.col].Name)
	}
	return keys.Copy{What: what, Text: b.String()}
}

// tabbed is a row as TSV. What would break it is escaped as COPY does; NULL is empty.
func tabbed(row []engine.Cell) string {
	var b strings.Builder
	escape := strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
	for i, c := range row {
		if i > 0 {
			b.WriteByte('\t')
		}
		if strings.ContainsAny(c.Text, "\t\n\r") {
			b.WriteString(escape.Replace(c.Text))
		} else {
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

// line is one line that the person is asked for: a filter's text or an export's path.
type line struct {
	open    bool
	export  bool
	column  string
	replace string // the file that may be replaced
	input   widget.Input
	wrong   string // why what was typed will not do
}

// formatOf is the format of a file by its ending, or empty.
func formatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return string(engine.FormatCSV)
	case ".jsonl", ".ndjson", ".json":
		return string(engine.FormatJSONLines)
	case ".parquet", ".pq":
		return string(engine.FormatParquet)
	}
	return ""
}

func (p *Pane) inLine(id keys.ID) keys.Intent {
	if id == askDrop {
		p.place, p.ask = Place, line{}
		return nil
	}
	text := p.ask.input.Value()
	if p.ask.export {
		path := strings.TrimSpace(text)
		if formatOf(path) == "" {
			p.ask.wrong = "the ending says the form: .csv, .jsonl or .parquet"
			return nil
		}
		return p.launch(ran{sql: p.view.sql(p.from), backend: p.from, from: -1, view: p.view, export: path, replace: path == p.ask.replace})
	}
	if text == "" {
		p.place, p.ask = Place, line{}
		return nil
	}
	v := p.view
	v.filter, v.column = text, p.ask.column
	return p.look(v)
}

// Type takes a key or text that no action has.
func (p *Pane) Type(key, text string) {
	p.hint = ""
	switch p.place {
	case Asking:
		if text != "" {
			p.ask.input.Type(text)
		} else if !p.ask.input.Key(key) {
			return
		}
		p.ask.wrong = ""
	case Editing:
		if text == "" {
			return
		}
		if !p.ed.insert(text) {
			p.hint = "the editor holds " + widget.Size(maxText) + " at most"
		}
		p.fault = fault{}
		p.pop = popup{}
		if len(text) == 1 && (identPart(text[0]) || text[0] == '.') {
			p.pop = p.completions(false)
		}
	default:
		return
	}
	p.version++
}

func (p *Pane) completions(asked bool) popup {
	k := p.names[p.backend]
	if k == nil {
		k = &known{}
	}
	return k.complete(p.ed, asked)
}

// inEditor carries out an action of the editor.
func (p *Pane) inEditor(id keys.ID) keys.Intent {
	version, pop := p.ed.version, p.pop
	if id != edTab && id != edBackTab && id != edUp && id != edDown {
		p.pop = popup{}
	}
	switch id {
	case edLeave:
		if !pop.open() {
			p.place = Place
		}
	case edStop:
		switch {
		case p.state == running && p.job != 0:
			return keys.CancelJob{Job: int64(p.job)}
		case p.state != running:
			p.place = Place
		}
	case edKeys:
		return keys.ShowKeys{}
	case edCopy:
		what, text := p.Copy()
		return keys.Copy{What: what, Text: text}
	case edTab:
		p.tab()
	case edBackTab:
		p.pop.at = max(p.pop.at-1, 0)
	case edUp, edDown:
		p.vertical(id)
	case edOlder:
		p.recall(-1)
	case edNewer:
		p.recall(1)
	case edClear:
		p.ed.set("")
	default:
		p.keystroke(id)
	}
	if p.ed.version != version {
		p.fault = fault{}
		if id == edBack && pop.open() {
			p.pop = p.completions(false)
		}
	}
	return nil
}

// keystroke moves the cursor or takes something out.
func (p *Pane) keystroke(id keys.ID) {
	e := p.ed
	page := max(p.shape.editH-1, 1)
	switch id {
	case edUndo:
		e.back()
	case edRedo:
		e.forth()
	case edEnter:
		e.newline()
	case edLeft:
		e.left()
	case edRight:
		e.right()
	case edWordL:
		e.goTo(e.wordLeft())
	case edWordR:
		e.goTo(e.wordRight())
	case edHome:
		e.goTo(pos{e.at.row, 0})
	case edEnd:
		e.goTo(pos{e.at.row, len(e.lines[e.at.row])})
	case edTop:
		e.goTo(pos{})
	case edBottom:
		e.goTo(e.last())
	case edPageUp:
		e.down(-page)
	case edPageDn:
		e.down(page)
	case edBack:
		e.backspace()
	case edDelete:
		e.delete()
	case edWordBk:
		e.drop(e.wordLeft())
	case edWordFw:
		e.drop(e.wordRight())
	case edCutL:
		e.drop(pos{e.at.row, 0})
	case edCutR:
		if e.at.col == len(e.lines[e.at.row]) {
			e.delete()
		} else {
			e.drop(pos{e.at.row, len(e.lines[e.at.row])})
		}
	}
}

// tab takes the completion, or asks for one, or indents.
func (p *Pane) tab() {
	if !p.pop.open() {
		line, at := p.ed.lines[p.ed.at.row], p.ed.at.col
		if at == 0 || strings.TrimLeft(line[:at], " \t") == "" {
			p.ed.insert("  ")
			return
		}
		p.pop = p.completions(true)
		if len(p.pop.choices) != 1 {
			return
		}
	}
	c := p.pop.choices[p.pop.at]
	p.ed.sealed = true
	p.ed.replace(pos{p.ed.at.row, p.pop.from}, p.ed.at, c.text)
	p.ed.sealed = true
	p.pop = popup{}
}

// vertical moves among the completions, or by a line, or from the text's edge to another text.
func (p *Pane) vertical(id keys.ID) {
	n := 1
	if id == edUp {
		n = -1
	}
	if p.pop.open() {
		m := len(p.pop.choices)
		p.pop.at = (p.pop.at + n + m) % m
		return
	}
	row := p.ed.at.row
	p.ed.down(n)
	if p.ed.at.row == row {
		p.recall(n)
	}
}

// recall puts an older or newer text in the place of this one.
func (p *Pane) recall(n int) {
	text, ok := p.hist.move(n, p.ed.text())
	if !ok {
		return
	}
	p.ed.set(text)
	if n < 0 {
		p.ed.goTo(pos{0, len(p.ed.lines[0])})
	}
	p.fault = fault{}
}
