package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pipewright/tui/theme"
)

// Input is one line that a person types into.
type Input struct {
	runes []rune
	at    int
}

// Value is what has been typed.
func (in *Input) Value() string { return string(in.runes) }

// Set replaces what has been typed and puts the cursor behind it.
func (in *Input) Set(s string) {
	in.runes = []rune(oneLine(s))
	in.at = len(in.runes)
}

// maxInput is where an input stops taking text.
const maxInput = 4096

// Type puts text in at the cursor. Line breaks become spaces; other control characters and invalid
// bytes are dropped, so that a paste can hold anything.
func (in *Input) Type(s string) {
	r := []rune(oneLine(s))
	r = r[:min(len(r), max(maxInput-len(in.runes), 0))]
	in.runes = append(in.runes[:in.at], append(r, in.runes[in.at:]...)...)
	in.at += len(r)
}

func oneLine(s string) string {
	if len(s) > maxInput*utf8.UTFMax {
		s = s[:maxInput*utf8.UTFMax]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == utf8.RuneError || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Key takes a key that edits the line and says whether it was one.
func (in *Input) Key(k string) bool {
	switch k {
	case "backspace", "ctrl+h":
		if in.at > 0 {
			in.runes = append(in.runes[:in.at-1], in.runes[in.at:]...)
			in.at--
		}
	case "delete":
		if in.at < len(in.runes) {
			in.runes = append(in.runes[:in.at], in.runes[in.at+1:]...)
		}
	case "left", "ctrl+b":
		in.at = max(in.at-1, 0)
	case "right", "ctrl+f":
		in.at = min(in.at+1, len(in.runes))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.runes)
	case "ctrl+u":
		in.runes, in.at = append([]rune(nil), in.runes[in.at:]...), 0
	case "ctrl+w", "alt+backspace":
		i := in.at
		for i > 0 && in.runes[i-1] == ' ' {
			i--
		}
		for i > 0 && in.runes[i-1] != ' ' {
			i--
		}
		in.runes = append(in.runes[:i], in.runes[in.at:]...)
		in.at = i
	default:
		return false
	}
	return true
}

// Draw draws the line in w cells, with a reversed cell where the cursor is.
func (in *Input) Draw(t *theme.Theme, prompt string, w int) string {
	room := max(w-Width(prompt)-1, 1)
	lo := in.at
	for n := 0; lo > 0; lo-- { // as much as fits before the cursor
		n += Width(string(in.runes[lo-1]))
		if n >= room {
			break
		}
	}
	before, under, after := string(in.runes[lo:in.at]), " ", ""
	if in.at < len(in.runes) {
		under, after = string(in.runes[in.at]), string(in.runes[in.at+1:])
	}
	return Fit(t.Key.On(prompt)+before+theme.Ink("\x1b[7m").On(under)+after, w)
}
