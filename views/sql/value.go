package sql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// maxValue is how much of one value is laid out, in bytes. All of it can be copied.
const maxValue = 256 << 10

// value is one whole value, wrapped; JSON is set out.
type value struct {
	name    string
	kind    string
	null    bool
	all     string
	text    string
	note    string
	scroll  widget.Scroll
	missing bool // the row is on its way

	lines []string
	w     int
}

func newValue(g *grid) value {
	if g.col >= len(g.columns) {
		return value{}
	}
	cell, ok := g.value()
	c := g.columns[g.col]
	v := value{missing: !ok, name: c.Name, kind: c.Type, null: cell.Null, all: cell.Text, text: cell.Text}
	if len(v.text) > maxValue {
		v.text = strings.ToValidUTF8(v.text[:maxValue], "")
		v.note = fmt.Sprintf("the first %s of %s; y copies all of it", widget.Size(maxValue), widget.Size(int64(len(v.all))))
		return v
	}
	if lead := strings.TrimLeft(v.text, " \t\r\n"); c.Kind == engine.JSONValue || strings.HasPrefix(lead, "{") || strings.HasPrefix(lead, "[") {
		var b bytes.Buffer
		if json.Indent(&b, []byte(lead), "", "  ") == nil {
			v.text = b.String()
		}
	}
	return v
}

// layout breaks the value into lines of at most w cells, once for each width.
func (v *value) layout(w int) {
	if v.w == w && v.lines != nil {
		return
	}
	v.w, v.lines = w, []string{}
	for _, l := range strings.Split(strings.ReplaceAll(v.text, "\r\n", "\n"), "\n") {
		var b strings.Builder
		x := 0
		for i := 0; i < len(l); {
			end, shown, n := glyph(l, i, x)
			if x+n > w && x > 0 {
				v.lines = append(v.lines, b.String())
				b.Reset()
				x = 0
				continue
			}
			b.WriteString(shown)
			i, x = end, x+n
		}
		v.lines = append(v.lines, b.String())
	}
}

func (v *value) draw(t *theme.Theme, row int64, w, h int) []string {
	v.layout(max(w-4, 1))
	v.scroll.Fit(len(v.lines), h-1)
	about := t.Muted.On(widget.Inert(v.kind) + " · row " + widget.Count(row+1))
	if v.note != "" {
		about += t.Muted.On(" · " + v.note)
	}
	out := []string{widget.Spread("  "+t.Accent.On(widget.Inert(clip(v.name)))+"  "+about, t.Muted.On(v.scroll.More())+" ", w)}
	switch {
	case v.missing:
		return append(out, "  "+t.Muted.On("the row is on its way …"))
	case v.null:
		return append(out, "  "+t.Muted.On("∅ NULL: there is no value"))
	case v.all == "":
		return append(out, "  "+t.Muted.On("an empty text"))
	}
	for _, l := range v.scroll.Slice(v.lines) {
		out = append(out, "  "+l)
	}
	return out
}

// inValue carries out an action on the value.
func (p *Pane) inValue(id keys.ID) keys.Intent {
	page := max(p.value.scroll.H-1, 1)
	switch id {
	case valClose:
		p.place, p.value = Place, value{}
	case valCopy:
		return keys.Copy{What: "the value of " + widget.Inert(p.value.name), Text: p.value.all}
	case valUp:
		p.value.scroll.By(-1)
	case valDown:
		p.value.scroll.By(1)
	case valPageUp:
		p.value.scroll.By(-page)
	case valPageDn:
		p.value.scroll.By(page)
	case valLeft:
		p.grid.across(-1)
		p.value = newValue(&p.grid)
	case valRight:
		p.grid.across(1)
		p.value = newValue(&p.grid)
	}
	return nil
}
