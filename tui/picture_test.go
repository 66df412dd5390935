package tui_test

import (
	"flag"
	"fmt"
	"html"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"

	"pipewright/engine/lab/labtest"
)

var pictures = flag.String("picture", "", "folder for the README's pictures; empty: draw and look, keep nothing")

// TestPicture takes the real program through session 1.4 and draws its screens as SVG.
func TestPicture(t *testing.T) {
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	for _, p := range []struct {
		file string
		w, h int
	}{{"shell.svg", 132, 38}, {"shell-80x24.svg", 80, 24}} {
		t.Run(p.file, func(t *testing.T) {
			c := open(t, labtest.Workspace(t), p.w, p.h)
			prove(c, p.w < 120)
			svg := c.svg()
			for _, word := range []string{"Pipewright", "7 of 7", "Data Validation"} {
				if !strings.Contains(svg, word) {
					t.Errorf("the picture does not show %q", word)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, p.file), []byte(svg), 0o644); err != nil {
				t.Fatal(err)
			}
			c.keys("q")
			c.ends()
		})
	}
}

// The size of a cell in the picture, in pixels, and the colours of a terminal that sets none.
const (
	cellW, cellH = 8.4, 18.0
	paper, ink   = "#16181d", "#d7dae0"
)

// svg draws the screen: a rectangle for each run of cells with a background, a text for each run of cells
// of one style.
func (c *terminal) svg() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	w, h := c.screen.Width(), c.screen.Height()
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %.1f" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`+"\n",
		float64(w)*cellW+16, float64(h)*cellH+16)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", paper)
	for y := range h {
		for x := 0; x < w; {
			x += c.run(&b, x, y, w)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// run draws the cells from x on that have one style, and says how many they are.
func (c *terminal) run(b *strings.Builder, x, y, w int) int {
	first := c.screen.CellAt(x, y)
	var text strings.Builder
	n := 0
	for x+n < w {
		cell := c.screen.CellAt(x+n, y)
		if (cell == nil) != (first == nil) || cell != nil && !cell.Style.Equal(&first.Style) {
			break
		}
		if cell == nil || cell.Content == "" {
			text.WriteByte(' ')
			n++
			continue
		}
		text.WriteString(cell.Content)
		n += max(cell.Width, 1)
	}
	n = max(n, 1)
	fg, bg, attrs := ink, "", ""
	if first != nil {
		fg, bg, attrs = look(first.Style)
	}
	px, py := 8+float64(x)*cellW, 8+float64(y)*cellH
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", px, py, float64(n)*cellW, cellH, bg)
	}
	if strings.TrimSpace(text.String()) != "" {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" xml:space="preserve" fill="%s"%s>%s</text>`+"\n",
			px, py+13.5, float64(n)*cellW, fg, attrs, html.EscapeString(text.String()))
	}
	return n
}

// look gives a style's colours and attributes for SVG.
func look(s uv.Style) (fg, bg, attrs string) {
	fg = ink
	if s.Fg != nil {
		fg = hex(s.Fg)
	}
	if s.Bg != nil {
		bg = hex(s.Bg)
	}
	if s.Attrs&uv.AttrReverse != 0 {
		if bg == "" {
			bg = paper
		}
		fg, bg = bg, fg
	}
	if s.Attrs&uv.AttrBold != 0 {
		attrs += ` font-weight="bold"`
	}
	if s.Attrs&uv.AttrItalic != 0 {
		attrs += ` font-style="italic"`
	}
	if s.Attrs&uv.AttrFaint != 0 {
		attrs += ` opacity="0.6"`
	}
	return fg, bg, attrs
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
