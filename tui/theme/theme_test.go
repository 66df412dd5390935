package theme

import (
	"image/color"
	"math"
	"strings"
	"testing"
)

// luminance and contrast are WCAG 2.2's definitions of relative luminance and contrast ratio.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	lin := func(v uint32) float64 {
		s := float64(v) / 65535
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func TestContrastIsAA(t *testing.T) {
	if got := contrast(color.Black, color.White); math.Abs(got-21) > 0.01 {
		t.Fatalf("black on white is %.2f, want 21", got)
	}
	for _, n := range []Name{Dark, Light} {
		for _, p := range Pairs(n) {
			for _, on := range p.On {
				if got := contrast(parse(p.Fore), parse(on)); got < 4.5 {
					t.Errorf("%s: %s %s on %s has contrast %.2f, want 4.5", n, p.Name, p.Fore, on, got)
				}
			}
		}
	}
}

func TestPlainHasNoColour(t *testing.T) {
	th := New(Plain)
	for _, i := range []Ink{th.Muted, th.Accent, th.Good, th.Bad, th.Warn, th.Select, th.Code, th.Rule} {
		if s := string(i); strings.Contains(s, "[3") || strings.Contains(s, ";3") || strings.Contains(s, "[4") {
			t.Errorf("ink %q holds a colour", s)
		}
	}
}
