package tui

import (
	"testing"
	"time"
)

func TestTheClockCountsReadingAndNotAbsence(t *testing.T) {
	at := func(min float64) time.Time { return noon.Add(time.Duration(min * float64(time.Minute))) }
	var c clock
	if s := c.turn(at(0), "1.4", "review"); s.d != 0 {
		t.Fatalf("a fresh clock gave %v", s)
	}
	c.awake(at(2))
	if s := c.take(at(2), "concept"); s != (spell{"1.4", "review", 2 * time.Minute}) {
		t.Fatalf("got %v", s)
	}
	c.awake(at(60)) // away from the seventh minute on
	if got := c.spent(at(60)); got != 7*time.Minute {
		t.Fatalf("%v count, want 7 minutes", got)
	}
	c.awake(at(61))
	if got := c.spent(at(61)); got != 8*time.Minute {
		t.Fatalf("%v count, want 8 minutes", got)
	}
	if s := c.turn(at(61), "1.5", "review"); s.session != "1.4" || s.step != "concept" {
		t.Fatalf("leaving gave %v", s)
	}
	if got := c.spent(at(61)); got != 0 {
		t.Fatalf("the next session begins with %v", got)
	}
}
