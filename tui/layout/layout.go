package layout

// Region names one rectangle of the screen.
type Region string

// The regions. Not every frame has all of them.
const (
	Header     Region = "header"
	HeaderRule Region = "header rule"
	Tabs       Region = "tabs"
	TabsRule   Region = "tabs rule"
	Tree       Region = "tree"
	TreeRule   Region = "tree rule" // vertical, right of the tree
	Main       Region = "main"      // the lesson; when narrow or zoomed, whatever has the focus
	SideRule   Region = "side rule" // vertical, left of the side
	Side       Region = "side"      // the checklist
	BelowRule  Region = "below rule"
	Below      Region = "below" // the open pane
	FootRule   Region = "foot rule"
	Footer     Region = "footer"
)

// The sizes at which the shape of the screen changes.
const (
	MinWidth, MinHeight   = 60, 15
	WideWidth, WideHeight = 120, 24
)

// Rect is a rectangle in cells; X and Y count from 0.
type Rect struct{ X, Y, W, H int }

// Has says whether a cell is inside.
func (r Rect) Has(x, y int) bool { return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H }

// Frame is one layout of the screen.
type Frame struct {
	W, H     int
	TooSmall bool // nothing but a sentence fits
	Wide     bool // tree, main and side stand beside each other
	Rects    map[Region]Rect
}

// At gives a region's rectangle; a region that the frame does not have is empty.
func (f Frame) At(r Region) Rect { return f.Rects[r] }

// Find gives the region that a cell is in.
func (f Frame) Find(x, y int) (Region, bool) {
	for n, r := range f.Rects {
		if r.Has(x, y) {
			return n, true
		}
	}
	return "", false
}

// Compute lays out a screen of w by h cells. below says whether a pane is open under the lesson; zoom
// gives the whole body to one thing.
func Compute(w, h int, below, zoom bool) Frame {
	f := Frame{W: w, H: h, Rects: map[Region]Rect{}}
	if w < MinWidth || h < MinHeight {
		f.TooSmall = true
		return f
	}
	f.Rects[Header] = Rect{0, 0, w, 1}
	f.Rects[FootRule] = Rect{0, h - 2, w, 1}
	f.Rects[Footer] = Rect{0, h - 1, w, 1}
	if w < WideWidth || h < WideHeight {
		f.Rects[Tabs] = Rect{0, 1, w, 1}
		f.Rects[TabsRule] = Rect{0, 2, w, 1}
		f.Rects[Main] = Rect{0, 3, w, h - 5}
		return f
	}
	f.Rects[HeaderRule] = Rect{0, 1, w, 1}
	if zoom {
		f.Rects[Main] = Rect{0, 2, w, h - 4}
		return f
	}
	f.Wide = true
	body := h - 4
	if below {
		b := min(max(body*2/5, 9), 22)
		body -= b + 1
		f.Rects[BelowRule] = Rect{0, 2 + body, w, 1}
		f.Rects[Below] = Rect{0, 3 + body, w, b}
	}
	tree := min(max(w/4, 30), 42)
	side := min(max(w/3, 42), 66)
	f.Rects[Tree] = Rect{0, 2, tree, body}
	f.Rects[TreeRule] = Rect{tree, 2, 1, body}
	f.Rects[Main] = Rect{tree + 1, 2, w - tree - side - 2, body}
	f.Rects[SideRule] = Rect{w - side - 1, 2, 1, body}
	f.Rects[Side] = Rect{w - side, 2, side, body}
	return f
}
