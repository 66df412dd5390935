package widget

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"pipewright/tui/theme"
)

// Doc is Markdown laid out in lines.
type Doc struct {
	Lines []string
	Code  []CodeBlock
}

// CodeBlock is one fenced block of a Doc.
type CodeBlock struct {
	Line int // where it begins in Lines
	Lang string
	Text string // as it was written
}

var markdown = newParser()

func newParser() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Parser()
}

// Markdown lays Markdown out in lines of at most w cells. It draws the same parts that glamour does, in
// the theme's inks; glamour itself builds its 250 syntax lexers when the program starts, 12 ms of every
// run of every command. Control characters in the source are shown, not obeyed.
func Markdown(t *theme.Theme, src string, w int) Doc {
	m := &mark{t: t, src: []byte(strings.Join(InertLines(src), "\n"))}
	root := markdown.Parse(text.NewReader(m.src))
	m.blocks(root, max(w, 8), "", "")
	return Doc{Lines: m.out, Code: m.code}
}

// mark is one rendering. first and rest are what begins the first and the later lines of a block.
type mark struct {
	t    *theme.Theme
	src  []byte
	out  []string
	code []CodeBlock
}

func (m *mark) blocks(parent ast.Node, w int, first, rest string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if n != parent.FirstChild() && !tight(n) {
			m.out = append(m.out, strings.TrimRight(rest, " "))
		}
		m.block(n, w, first, rest)
		first = rest
	}
}

// tight says whether a block follows the one before it without an empty line.
func tight(n ast.Node) bool {
	if l, ok := n.Parent().(*ast.List); ok {
		return l.IsTight
	}
	if p := n.PreviousSibling(); p != nil {
		_, list := n.(*ast.List)
		return list && p.Kind() == ast.KindTextBlock
	}
	return false
}

func (m *mark) block(n ast.Node, w int, first, rest string) {
	switch n := n.(type) {
	case *ast.Heading:
		in := m.t.Strong
		if n.Level <= 2 {
			in = m.t.Accent
		}
		m.flow(m.inline(n, in), w, first, rest)
	case *ast.FencedCodeBlock:
		m.fence(string(n.Language(m.src)), n.Lines(), w, first, rest)
	case *ast.CodeBlock:
		m.fence("", n.Lines(), w, first, rest)
	case *ast.HTMLBlock:
		for _, l := range m.text(n.Lines()) {
			m.flow([]piece{{m.t.Muted, l}}, w, first, rest)
		}
	case *ast.ThematicBreak:
		m.out = append(m.out, first+m.t.Rule.On(strings.Repeat("─", max(w-Width(first), 1))))
	case *ast.Blockquote:
		bar := m.t.Rule.On("▏ ")
		m.blocks(n, w, first+bar, rest+bar)
	case *ast.List:
		m.list(n, w, first, rest)
	case *east.Table:
		m.table(n, w, first)
	default:
		ps := m.inline(n, "")
		if len(ps) > 0 && strings.HasPrefix(ps[0].text, "? ") { // a question to the reader
			ps[0].text = ps[0].text[2:]
			first, rest = first+m.t.Accent.On("? "), rest+"  "
		}
		m.flow(ps, w, first, rest)
	}
}

func (m *mark) list(l *ast.List, w int, first, rest string) {
	num := l.Start
	for n := l.FirstChild(); n != nil; n = n.NextSibling() {
		if n != l.FirstChild() && !l.IsTight {
			m.out = append(m.out, strings.TrimRight(rest, " "))
		}
		sign := "• "
		if l.IsOrdered() {
			sign = fmt.Sprintf("%d. ", num)
			num++
		}
		m.blocks(n, w, first+m.t.Accent.On(sign), rest+Blank(Width(sign)))
		first = rest
	}
}

func (m *mark) text(lines *text.Segments) []string {
	var out []string
	for i := range lines.Len() {
		s := lines.At(i)
		out = append(out, strings.TrimRight(string(s.Value(m.src)), "\n"))
	}
	return out
}

// fence draws a block of code beside a quiet line. What is too long for a line goes on in the next one,
// marked, so that nothing is hidden.
func (m *mark) fence(lang string, lines *text.Segments, w int, first, rest string) {
	body := m.text(lines)
	m.code = append(m.code, CodeBlock{Line: len(m.out), Lang: lang, Text: strings.Join(body, "\n") + "\n"})
	room := max(w-Width(rest)-2, 4)
	for _, l := range body {
		sign := "│ "
		for {
			head := l
			if Width(l) > room {
				head = cutExact(l, room)
			}
			m.out = append(m.out, first+m.t.Rule.On(sign)+m.t.Code.On(head))
			first = rest
			l, sign = l[len(head):], "┊ "
			if l == "" {
				break
			}
		}
	}
}

// cutExact gives the longest beginning of s that takes at most w cells, and at least one rune.
func cutExact(s string, w int) string {
	n := 0
	for i, r := range s {
		n += Width(string(r))
		if n > w && i > 0 {
			return s[:i]
		}
	}
	return s
}

func (m *mark) table(t *east.Table, w int, first string) {
	var rows [][]string
	cols := 0
	for r := t.FirstChild(); r != nil; r = r.NextSibling() {
		var row []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			var b strings.Builder
			for _, p := range m.inline(c, "") {
				b.WriteString(p.text)
			}
			row = append(row, b.String())
		}
		cols = max(cols, len(row))
		rows = append(rows, row)
	}
	widths := make([]int, cols)
	total := -gap
	for c := range widths {
		for _, r := range rows {
			if c < len(r) {
				widths[c] = max(widths[c], Width(r[c]))
			}
		}
		total += widths[c] + gap
	}
	for room := w - Width(first); total > room; total-- {
		widest := 0
		for c := range widths {
			if widths[c] > widths[widest] {
				widest = c
			}
		}
		if widths[widest] <= 3 {
			break
		}
		widths[widest]--
	}
	for i, r := range rows {
		m.tableRow(r, widths, first, i == 0)
	}
}

func (m *mark) tableRow(r []string, widths []int, first string, head bool) {
	cells := make([][]string, len(widths))
	height := 1
	for c := range widths {
		if c < len(r) {
			cells[c] = Wrap(r[c], widths[c])
		}
		height = max(height, len(cells[c]))
	}
	for y := range height {
		var b strings.Builder
		for c, n := range widths {
			s := ""
			if y < len(cells[c]) {
				s = cells[c][y]
			}
			b.WriteString(Fit(s, n))
			b.WriteString(spaces[:gap])
		}
		line := strings.TrimRight(b.String(), " ")
		if head {
			line = m.t.Muted.On(line)
		}
		m.out = append(m.out, first+line)
	}
}

// piece is a run of text in one ink.
type piece struct {
	ink  theme.Ink
	text string
}

func (m *mark) inline(n ast.Node, in theme.Ink) []piece {
	var out []piece
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			s := string(c.Segment.Value(m.src))
			switch {
			case c.HardLineBreak():
				s += "\n"
			case c.SoftLineBreak():
				s += " "
			}
			out = append(out, piece{in, s})
		case *ast.String:
			out = append(out, piece{in, string(c.Value)})
		case *ast.CodeSpan:
			for _, p := range m.inline(c, m.t.Code) {
				out = append(out, piece{m.t.Code, p.text})
			}
		case *ast.Emphasis:
			ink := theme.Ink("\x1b[3m") + in
			if c.Level == 2 {
				ink = m.t.Strong + in
			}
			out = append(out, m.inline(c, ink)...)
		case *ast.Link:
			out = append(out, m.inline(c, in)...)
			out = append(out, piece{m.t.Muted, " (" + string(c.Destination) + ")"})
		case *ast.AutoLink:
			out = append(out, piece{m.t.Code, string(c.URL(m.src))})
		case *ast.RawHTML:
			for i := range c.Segments.Len() {
				s := c.Segments.At(i)
				out = append(out, piece{in, string(s.Value(m.src))})
			}
		default:
			out = append(out, m.inline(c, in)...)
		}
	}
	return out
}

// flow breaks pieces into lines of at most w cells, between words.
func (m *mark) flow(ps []piece, w int, first, rest string) {
	var line strings.Builder
	prefix, used, gapped := first, 0, false
	flush := func() {
		m.out = append(m.out, prefix+line.String())
		line.Reset()
		prefix, used, gapped = rest, 0, false
	}
	for _, word := range words(ps) {
		if word.brk {
			flush()
			continue
		}
		if word.space {
			gapped = used > 0
			continue
		}
		room := w - Width(prefix)
		if used > 0 && gapped && used+1+word.width > room {
			flush()
			room = w - Width(prefix)
		}
		if gapped {
			line.WriteByte(' ')
			used++
			gapped = false
		}
		for _, p := range word.parts {
			for Width(p.text) > room-used && room > 0 {
				if _, n := utf8.DecodeRuneInString(p.text); used > 0 && Width(p.text[:n]) > room-used {
					flush() // not even one more character fits
					room = w - Width(prefix)
					continue
				}
				head := cutExact(p.text, max(room-used, 1))
				line.WriteString(p.ink.On(head))
				p.text = p.text[len(head):]
				flush()
				room = w - Width(prefix)
			}
			line.WriteString(p.ink.On(p.text))
			used += Width(p.text)
		}
	}
	if used > 0 || prefix == first {
		flush()
	}
}

type word struct {
	parts []piece
	width int
	space bool
	brk   bool
}

// words splits pieces at their spaces; a word can have parts in several inks.
func words(ps []piece) []word {
	var out []word
	open := false
	for _, p := range ps {
		for s := p.text; s != ""; {
			switch s[0] {
			case '\n':
				out, open, s = append(out, word{brk: true}), false, s[1:]
			case ' ':
				out, open, s = append(out, word{space: true}), false, strings.TrimLeft(s, " ")
			default:
				i := strings.IndexAny(s, " \n")
				if i < 0 {
					i = len(s)
				}
				if !open {
					out, open = append(out, word{}), true
				}
				last := &out[len(out)-1]
				last.parts = append(last.parts, piece{p.ink, s[:i]})
				last.width += Width(s[:i])
				s = s[i:]
			}
		}
	}
	return out
}
