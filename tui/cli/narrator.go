package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/clipperhouse/displaywidth"

	"pipewright/engine"
)

// How often progress is told: a bar is redrawn, lines are added, the first of them soon. What lasts less than
// brief is not worth a line.
const (
	redraw    = 80 * time.Millisecond
	firstLine = time.Second
	perLine   = 3 * time.Second
	brief     = 400 * time.Millisecond
)

// narrator writes to standard error: notes as lines, progress as a bar that is redrawn on a terminal and
// as a line every few seconds elsewhere. It may be used from several goroutines.
type narrator struct {
	w     io.Writer
	flags *flags

	mu      sync.Mutex
	drawn   bool        // a bar is on the screen
	due     time.Time   // when progress may be told again
	stage   string      // that was told last
	pending *time.Timer // prints what is going on, if it goes on for long enough
}

func newNarrator(w io.Writer, f *flags) *narrator { return &narrator{w: w, flags: f} }

// bar says whether progress is redrawn in place, and how wide the terminal is.
func (n *narrator) bar() (int, bool) {
	width := terminalWidth(n.w)
	return width, width > 0 && !n.flags.plain && os.Getenv("TERM") != "dumb"
}

// note says one sentence, unless --quiet. One that ends in … tells what is going on: a terminal shows it until
// something else is shown, and elsewhere it is told when it lasts.
func (n *narrator) note(text string) {
	if n.flags.quiet {
		return
	}
	if !strings.HasSuffix(text, "…") {
		n.line(text)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget()
	if width, bar := n.bar(); bar {
		n.draw(inert(text), width)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(brief, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.pending == timer {
			n.pending = nil
			fmt.Fprintln(n.w, inert(text))
		}
	})
	n.pending = timer
}

// forget drops what was not told yet.
func (n *narrator) forget() {
	if n.pending != nil {
		n.pending.Stop()
		n.pending = nil
	}
}

// line says one sentence in any case.
func (n *narrator) line(text string) { n.raw(inert(text) + "\n") }

// raw writes text as it is, above the bar.
func (n *narrator) raw(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget()
	n.wipe()
	fmt.Fprint(n.w, text)
}

// clear takes the bar away.
func (n *narrator) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget()
	n.wipe()
	n.due, n.stage = time.Time{}, ""
}

func (n *narrator) draw(text string, width int) {
	fmt.Fprint(n.w, "\r"+fitted(text, width-1)+"\x1b[K")
	n.drawn = true
}

func (n *narrator) wipe() {
	if n.drawn {
		fmt.Fprint(n.w, "\r\x1b[K")
		n.drawn = false
	}
}

// progress tells how far a job is, as often as it helps.
func (n *narrator) progress(p engine.Progress) {
	if n.flags.quiet {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	width, bar := n.bar()
	text := barText(p, width)
	if text == inert(p.Stage) {
		return // without figures; a note tells what is going on
	}
	now := time.Now()
	if bar {
		if p.Stage == n.stage && now.Before(n.due) {
			return
		}
		n.due, n.stage = now.Add(redraw), p.Stage
		n.draw(text, width)
		return
	}
	if n.due.IsZero() {
		n.due = now.Add(firstLine)
	}
	if now.Before(n.due) {
		return
	}
	n.due = now.Add(perLine)
	n.forget()
	fmt.Fprintln(n.w, text)
}

// barText is progress in one line; width 0 leaves the drawn bar out.
func barText(p engine.Progress, width int) string {
	parts := []string{inert(p.Stage)}
	if p.Total > 0 {
		share := min(1, float64(p.Done)/float64(p.Total))
		if width >= 60 {
			full := int(share * 20)
			parts = append(parts, strings.Repeat("█", full)+strings.Repeat("░", 20-full))
		}
		parts = append(parts, fmt.Sprintf("%3.0f %%", share*100))
	}
	if p.Unit == "bytes" && p.Done > 0 {
		parts = append(parts, sizeOf(p.Done, p.Total))
	} else if p.Unit != "" && p.Unit != "rows" && p.Total > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s %s", grouped(p.Done), grouped(p.Total), inert(p.Unit)))
	}
	if rows := max(p.Rows, rowsDone(p)); rows > 0 {
		parts = append(parts, grouped(rows)+" rows")
	}
	if p.Rate > 0 {
		parts = append(parts, rate(p))
	}
	if p.Left > 0 {
		parts = append(parts, clock(p.Left)+" left")
	}
	if p.Rejected > 0 {
		parts = append(parts, grouped(p.Rejected)+" rejected")
	}
	if p.Duplicates > 0 {
		parts = append(parts, grouped(p.Duplicates)+" duplicates")
	}
	return strings.Join(parts, "  ")
}

func rowsDone(p engine.Progress) int64 {
	if p.Unit == "rows" {
		return p.Done
	}
	return 0
}

func rate(p engine.Progress) string {
	if p.Unit == "bytes" && p.Rows == 0 {
		return size(int64(p.Rate)) + "/s"
	}
	return grouped(int64(p.Rate)) + "/s"
}

// fitted cuts a line to a width in columns.
func fitted(s string, width int) string {
	if displaywidth.String(s) <= width {
		return s
	}
	return displaywidth.TruncateString(s, max(width, 1), "…")
}
