package progress

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pipewright/sessions"
)

// Proof is a criterion whose latest check passed.
type Proof struct {
	Session, Title, Observed string
	At                       time.Time
}

// Next is the session that is worth opening now, and why.
type Next struct {
	ID, Title, Reason string
	Minutes           int
}

// Overview is all that the pane shows.
type Overview struct {
	sessions.Progress
	Today    time.Time
	Week     [7]bool // days worked of this week, from Monday on
	Days     int     // days worked in all
	Proofs   []Proof // the latest first
	Next     *Next   // nil when all that can be opened is done
	Reported int     // criteria that are ticked by the learner's own word
}

// proofs is how many of the last proofs are kept.
const proofs = 20

// Of folds the journal into an Overview. Days are those of now's time zone; a week begins on Monday, as ISO
// 8601 has it.
func Of(cat *sessions.Catalogue, entries []sessions.Entry, now time.Time) Overview {
	o := Overview{Progress: sessions.ProgressOf(cat, entries), Today: now}
	monday := now.AddDate(0, 0, -(int(now.Weekday())+6)%7)
	week := map[string]int{}
	for i := range o.Week {
		week[monday.AddDate(0, 0, i).Format(time.DateOnly)] = i
	}
	days := map[string]bool{}
	for _, e := range entries {
		if e.Session == "" || e.Type == sessions.SessionOpened { // a look inside is no work yet
			continue
		}
		day := e.At.In(now.Location()).Format(time.DateOnly)
		days[day] = true
		if i, ok := week[day]; ok {
			o.Week[i] = true
		}
	}
	o.Days = len(days)
	o.eachSession(func(s *sessions.SessionProgress) {
		for _, c := range s.Criteria {
			switch {
			case c.State == sessions.Verified && c.ProvenAt != nil:
				o.Proofs = append(o.Proofs, Proof{Session: s.ID, Title: c.Title, Observed: c.Observed, At: c.ProvenAt.In(now.Location())})
			case c.State == sessions.SelfReported:
				o.Reported++
			}
		}
	})
	slices.SortStableFunc(o.Proofs, func(a, b Proof) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
	o.Proofs = o.Proofs[:min(len(o.Proofs), proofs)]
	o.Next = o.next()
	return o
}

func (o *Overview) eachSession(do func(*sessions.SessionProgress)) {
	for i := range o.Phases {
		for j := range o.Phases[i].Weeks {
			for k := range o.Phases[i].Weeks[j].Sessions {
				do(&o.Phases[i].Weeks[j].Sessions[k])
			}
		}
	}
}

// worked says how many days of this week were worked on.
func (o *Overview) worked() int {
	n := 0
	for _, w := range o.Week {
		if w {
			n++
		}
	}
	return n
}

// next picks what to open: the session of last time while it is not proven, else the first that was begun,
// else the first that has not been, else one that rests on the learner's word.
func (o *Overview) next() *Next {
	var begun, open, reported, before *sessions.SessionProgress
	why := ""
	o.eachSession(func(s *sessions.SessionProgress) {
		switch {
		case s.State == sessions.Going && (begun == nil || s.ID == o.Last):
			begun = s
		case s.State == sessions.Open && open == nil:
			if open = s; before != nil {
				why = fmt.Sprintf("it follows %s, which is done", before.ID)
			}
		case s.State == sessions.Reported && reported == nil:
			reported = s
		}
		if s.State == sessions.Done {
			before = s
		} else if s.State != sessions.Listed {
			before = nil
		}
	})
	give := func(s *sessions.SessionProgress, reason string) *Next {
		return &Next{ID: s.ID, Title: s.Title, Minutes: s.Minutes, Reason: reason}
	}
	switch {
	case begun != nil:
		reason := "it is begun"
		if done, all := begun.Ticks(); all > 0 {
			reason = fmt.Sprintf("it is begun: %d of %d proven", done, all)
		}
		if begun.ID == o.Last {
			reason += ", and the last you worked on"
		}
		return give(begun, reason)
	case open != nil:
		if why == "" {
			why = "it is the first that has not been begun"
		}
		return give(open, why)
	case reported != nil:
		return give(reported, "it rests on your word; v in it proves it")
	}
	return nil
}
