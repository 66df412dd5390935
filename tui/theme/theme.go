package theme

import (
	"fmt"
	"image/color"
	"strconv"

	xansi "github.com/charmbracelet/x/ansi"
)

// Name says which palette a theme draws with.
type Name string

// The palettes.
const (
	Dark    Name = "dark"
	Light   Name = "light"
	Sixteen Name = "16"
	Plain   Name = "plain" // no colour; bold and reverse remain
)

// Ink is how a piece of text is drawn: the sequence that opens it. The empty Ink draws text as it is.
type Ink string

const reset = "\x1b[m"

// On draws s in the ink. s must hold no escape sequences of its own.
func (i Ink) On(s string) string {
	if i == "" || s == "" {
		return s
	}
	return string(i) + s + reset
}

// Theme is a set of inks by meaning. Each meaning that matters also has a sign or a word on screen, so
// that nothing is lost where two inks look alike.
type Theme struct {
	Name   Name
	Text   Ink // the terminal's own foreground
	Muted  Ink // what may be overlooked
	Rule   Ink // lines between regions
	Accent Ink // where you are
	Strong Ink // headings, names
	Title  Ink // the product's name
	Good   Ink
	Bad    Ink
	Warn   Ink
	Key    Ink // a key in a hint
	Select Ink // the row under the cursor
	Code   Ink
}

// Pair is one foreground of a palette with the backgrounds that it must be readable on.
type Pair struct {
	Name string
	Fore string
	On   []string
}

// palette is a theme's colours as hex strings; empty means the terminal's own.
type palette struct {
	muted, rule, accent, good, bad, warn, code string
	selFore, selBack                           string
	on                                         []string // backgrounds that terminals of this kind usually have
}

var palettes = map[Name]palette{
	Dark: {
		muted: "#a3adb8", rule: "#56606b", accent: "#eba66a", good: "#86cf93", bad: "#f7938a", warn: "#e6c577", code: "#9fc9e8",
		selFore: "#ffffff", selBack: "#4a3a2c",
		on: []string{"#000000", "#1e1e1e", "#282c34", "#002b36"},
	},
	Light: {
		muted: "#575f68", rule: "#b4b9bf", accent: "#8f4708", good: "#17693a", bad: "#ab1f17", warn: "#775000", code: "#1c5684",
		selFore: "#1b1206", selBack: "#f3dcc4",
		on: []string{"#ffffff", "#fafafa", "#fdf6e3"},
	},
	// The terminal's own sixteen, which its owner has chosen to be readable.
	Sixteen: {muted: "", rule: "8", accent: "3", good: "2", bad: "1", warn: "3", code: "6"},
	Plain:   {},
}

// New gives the theme of a name; an unknown name gives the plain one.
func New(n Name) *Theme {
	p, ok := palettes[n]
	if !ok {
		n = Plain
	}
	t := &Theme{
		Name:   n,
		Muted:  ink(p.muted, false),
		Rule:   ink(p.rule, false),
		Accent: ink(p.accent, true),
		Strong: ink("", true),
		Title:  ink(p.accent, true),
		Good:   ink(p.good, false),
		Bad:    ink(p.bad, true),
		Warn:   ink(p.warn, false),
		Key:    ink(p.accent, true),
		Code:   ink(p.code, false),
		Select: Ink(xansi.NewStyle().Reverse(true).String()),
	}
	if p.selBack != "" {
		t.Select = Ink(xansi.NewStyle().Bold().ForegroundColor(parse(p.selFore)).BackgroundColor(parse(p.selBack)).String())
	}
	return t
}

// Pairs lists the foregrounds of a palette with what they stand on, for the contrast test. Rules are
// ornament and carry nothing to read.
func Pairs(n Name) []Pair {
	p := palettes[n]
	out := []Pair{{"select", p.selFore, []string{p.selBack}}}
	for _, c := range []struct{ name, hex string }{
		{"muted", p.muted}, {"accent", p.accent}, {"good", p.good}, {"bad", p.bad}, {"warn", p.warn}, {"code", p.code},
	} {
		out = append(out, Pair{c.name, c.hex, p.on})
	}
	return out
}

func ink(hex string, bold bool) Ink {
	s := xansi.NewStyle()
	if bold {
		s = s.Bold()
	}
	if hex != "" {
		s = s.ForegroundColor(parse(hex))
	}
	if len(s) == 0 {
		return ""
	}
	return Ink(s.String())
}

// parse reads "#rrggbb" or the number of one of the sixteen colours.
func parse(s string) color.Color {
	if n, err := strconv.ParseUint(s, 10, 8); err == nil && n < 16 {
		return xansi.BasicColor(n)
	}
	var r, g, b uint8
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &r, &g, &b); err != nil {
		return nil
	}
	return color.RGBA{R: r, G: g, B: b, A: 255}
}
