package layout

import (
	"testing"

	"pgregory.net/rapid"
)

// Every frame is covered by its rectangles exactly once.
func TestFrameIsCoveredOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 300).Draw(t, "w"), rapid.IntRange(1, 120).Draw(t, "h")
		f := Compute(w, h, rapid.Bool().Draw(t, "below"), rapid.Bool().Draw(t, "zoom"))
		if small := w < MinWidth || h < MinHeight; small != f.TooSmall {
			t.Fatalf("%d×%d: too small is %v", w, h, f.TooSmall)
		}
		if f.TooSmall {
			return
		}
		seen := make([]int, w*h)
		for n, r := range f.Rects {
			if r.W < 1 || r.H < 1 || r.X < 0 || r.Y < 0 || r.X+r.W > w || r.Y+r.H > h {
				t.Fatalf("%s is %+v in %d×%d", n, r, w, h)
			}
			for y := r.Y; y < r.Y+r.H; y++ {
				for x := r.X; x < r.X+r.W; x++ {
					seen[y*w+x]++
				}
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("%d×%d: cell %d,%d is in %d rectangles", w, h, i%w, i/w, n)
			}
		}
	})
}

func TestMainIsWideEnoughToRead(t *testing.T) {
	for w := WideWidth; w <= 300; w++ {
		if m := Compute(w, 40, true, false).At(Main); m.W < 44 {
			t.Fatalf("at %d columns the lesson has %d", w, m.W)
		}
	}
}
