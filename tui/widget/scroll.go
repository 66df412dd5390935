package widget

import "fmt"

// Scroll is a window of H lines onto N lines that begins at line Top.
type Scroll struct{ Top, N, H int }

// Fit takes the sizes of what is shown and keeps the window inside it.
func (s *Scroll) Fit(n, h int) {
	s.N, s.H = n, h
	s.Top = max(min(s.Top, n-h), 0)
}

// By moves the window by a number of lines and says whether it moved.
func (s *Scroll) By(n int) bool {
	was := s.Top
	s.Top = max(min(s.Top+n, s.N-s.H), 0)
	return s.Top != was
}

// Follow moves the window as little as needed for line i to be in it.
func (s *Scroll) Follow(i int) {
	if i < s.Top {
		s.Top = i
	}
	if i >= s.Top+s.H {
		s.Top = i - s.H + 1
	}
	s.Top = max(s.Top, 0)
}

// Slice gives the lines in the window.
func (s *Scroll) Slice(lines []string) []string {
	lo := min(max(s.Top, 0), len(lines))
	return lines[lo:min(lo+max(s.H, 0), len(lines))]
}

// More says in words what is out of sight, or nothing when all is in sight.
func (s *Scroll) More() string {
	if s.N <= s.H || s.H <= 0 {
		return ""
	}
	below := s.N - s.H - s.Top
	switch {
	case s.Top == 0:
		return fmt.Sprintf("%d more ↓", below)
	case below <= 0:
		return fmt.Sprintf("%d more ↑", s.Top)
	default:
		return fmt.Sprintf("%d ↑ %d ↓", s.Top, below)
	}
}
