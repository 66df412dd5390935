package sessions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipewright/engine"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ev(criterion string, passed bool, minute int) Entry {
	e := checked("1.4", engine.Evidence{Criterion: criterion, Title: criterion, Passed: passed, Observed: "saw", Expected: "wanted", On: "data", At: noon.Add(time.Duration(minute) * time.Minute)})
	e.V = Version
	return e
}

func tick(criterion string, on bool, minute int) Entry {
	return Entry{V: Version, At: noon.Add(time.Duration(minute) * time.Minute), Type: SelfTickType, Session: "1.4", Tick: &SelfTicked{Criterion: criterion, On: on}}
}

func session14(t testing.TB) (*Catalogue, *Session) {
	t.Helper()
	cat, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := cat.Open("1.4")
	if err != nil {
		t.Fatal(err)
	}
	return cat, s
}

func criterionIn(p Progress, id string) CriterionProgress {
	return *p.Session("1.4").criterion(id)
}

func TestLatestEvidenceCounts(t *testing.T) {
	cat, _ := session14(t)
	for _, c := range []struct {
		name    string
		entries []Entry
		state   TickState
		proven  bool
	}{
		{"nothing", nil, Unticked, false},
		{"passed", []Entry{ev("read", true, 1)}, Verified, true},
		{"failed", []Entry{ev("read", false, 1)}, Unproven, false},
		{"failed, then passed", []Entry{ev("read", false, 1), ev("read", true, 2)}, Verified, true},
		{"passed, then failed", []Entry{ev("read", true, 1), ev("read", false, 2)}, Unproven, true},
		{"ticked", []Entry{tick("read", true, 1)}, SelfReported, false},
		{"ticked and unticked", []Entry{tick("read", true, 1), tick("read", false, 2)}, Unticked, false},
		{"ticked, then failed", []Entry{tick("read", true, 1), ev("read", false, 2)}, Unproven, false},
		{"ticked, then passed", []Entry{tick("read", true, 1), ev("read", true, 2)}, Verified, true},
		{"a tick adds nothing to a proof", []Entry{ev("read", true, 1), tick("read", true, 2)}, Verified, true},
		{"an untick takes no proof away", []Entry{ev("read", true, 1), tick("read", false, 2)}, Verified, true},
		{"proven, lost, ticked", []Entry{ev("read", true, 1), ev("read", false, 2), tick("read", true, 3)}, SelfReported, true},
	} {
		got := criterionIn(ProgressOf(cat, c.entries), "read")
		if got.State != c.state || (got.ProvenAt != nil) != c.proven {
			t.Errorf("%s: %+v", c.name, got)
		}
		if c.state == SelfReported && (got.Observed != "" || got.On != "") {
			t.Errorf("%s: a self-reported tick carries evidence: %+v", c.name, got)
		}
	}
	down := checked("1.4", engine.Evidence{Criterion: "read", At: noon, Err: &engine.Error{Kind: engine.Unavailable, What: "postgres is down"}})
	down.V = Version
	got := criterionIn(ProgressOf(cat, []Entry{ev("read", true, 1), down}), "read")
	if got.State != Verified || !strings.Contains(got.Error, "postgres is down") {
		t.Errorf("a check that could not be carried out changed the tick: %+v", got)
	}
}

func TestSessionIsDoneByProofAlone(t *testing.T) {
	cat, s := session14(t)
	var all, ticks []Entry
	for _, c := range s.Criteria {
		all = append(all, ev(c.ID, true, 1))
		ticks = append(ticks, tick(c.ID, true, 1))
	}
	p := ProgressOf(cat, append(all, Entry{V: Version, At: noon, Type: StepTimedType, Session: "1.4", Step: &StepTimed{Step: "review", Seconds: 90}},
		Entry{V: Version, At: noon, Type: StepTimedType, Session: "1.4", Step: &StepTimed{Step: "review", Seconds: -1e9}}))
	if p.SessionsDone != 1 || p.SessionsTotal != 57 || p.Phases[0].Weeks[0].SessionsDone != 1 || p.MinutesSpent != 2 || p.Session("1.4").State != Done {
		t.Errorf("%+v", p)
	}
	for name, entries := range map[string][]Entry{"ticks alone": ticks, "one by word": append(all[1:], ticks[0])} {
		p := ProgressOf(cat, entries)
		if p.SessionsDone != 0 || p.SelfReported != 1 || p.Session("1.4").State != Reported {
			t.Errorf("%s: %d done, %d reported, %s", name, p.SessionsDone, p.SelfReported, p.Session("1.4").State)
		}
	}
	if p := ProgressOf(cat, all[1:]); p.SessionsDone != 0 || p.Session("1.4").State != Going || p.Session("2.1").State != Listed || p.Session("1.1").State != Open {
		t.Errorf("%+v", p.Session("1.4"))
	}
	if p := ProgressOf(cat, append(all, ev("read", false, 2))); p.SessionsDone != 0 {
		t.Error("done although a check failed since")
	}
}

// TestFoldIsPure folds any entries twice, and in two halves of which the second is a repetition: the
// same in, the same out, and the numbers stay within bounds.
func TestFoldIsPure(t *testing.T) {
	cat, s := session14(t)
	ids := []string{"nonsense"}
	for _, c := range s.Criteria {
		ids = append(ids, c.ID)
	}
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entry {
			id, minute := rapid.SampledFrom(ids).Draw(t, "id"), rapid.IntRange(0, 100).Draw(t, "minute")
			switch rapid.IntRange(0, 3).Draw(t, "type") {
			case 0:
				return tick(id, rapid.Bool().Draw(t, "on"), minute)
			case 1:
				e := Timed(rapid.SampledFrom([]string{"1.4", "1.1", "0.0"}).Draw(t, "session"), "concept", time.Duration(minute)*time.Minute)
				e.V, e.At = Version, noon
				return e
			}
			return ev(id, rapid.Bool().Draw(t, "passed"), minute)
		}), 0, 60).Draw(t, "entries")
		before, _ := json.Marshal(entries)
		p, q := ProgressOf(cat, entries), ProgressOf(cat, entries)
		after, _ := json.Marshal(entries)
		if !reflect.DeepEqual(p, q) || string(before) != string(after) {
			t.Fatal("not a pure function")
		}
		verified, total := p.Session("1.4").Ticks()
		if p.SessionsDone > 1 || verified > total || (p.SessionsDone == 1) != (verified == total) {
			t.Fatalf("%d done, %d of %d verified", p.SessionsDone, verified, total)
		}
		if strings.Count(Markdown(p), "measured 2026") != verified {
			t.Fatal("PROGRESS.md disagrees")
		}
	})
}

func TestMarkdownTellsProofFromWord(t *testing.T) {
	cat, _ := session14(t)
	bad := ev("accepted", false, 3)
	bad.Check.Observed = "`rm`\n## Phase 9\n- [x] forged"
	text := Markdown(ProgressOf(cat, []Entry{ev("read", true, 1), tick("clean", true, 2), ev("accepted", true, 2), bad}))
	for _, want := range []string{
		"0 of 57 sessions done",
		"## Phase 1: Foundation\n\n- [ ] Phase 1: 0 of 21 sessions",
		"### Week 2: Expand Schema & Add Complexity",
		"  - [ ] Session 1.4 - Data Validation\n",
		"    - [x] 500 rows read: `saw`, expected `wanted`; measured 2026-03-01 12:01 UTC on `data`",
		"    - [x] no row in leads breaks a rule (self-reported 2026-03-01 12:02 UTC, not verified)",
		"    - [ ] 400 rows accepted: saw `'rm' ## Phase 9 - [x] forged`, expected `wanted`; checked 2026-03-01 12:03 UTC on `data`; was proven 2026-03-01 12:02 UTC",
		"  - [ ] Session 2.1 - Relational Design (no content yet)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(text, "\n## Phase 9") {
		t.Error("what was observed became markup")
	}
}

func TestProgressFileKeepsAForeignOne(t *testing.T) {
	cat, s := session14(t)
	j, ws := journalIn(t)
	if err := os.WriteFile(ws.Progress(), []byte("my own notes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := SelfTick(ws, j, s, "read", true); err != nil {
		t.Fatal(err)
	}
	if err := WriteProgress(ws, cat, j); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(ws.Dir, "PROGRESS.before-pipewright.md"))
	if err != nil || string(kept) != "my own notes\n" {
		t.Fatalf("%q %v", kept, err)
	}
	if b, err := os.ReadFile(ws.Progress()); err != nil || !strings.Contains(string(b), "self-reported") {
		t.Fatalf("%s %v", b, err)
	}
	if err := SelfTick(ws, j, s, "nonsense", true); err == nil {
		t.Fatal("ticked a criterion that does not exist")
	}
	if left, _ := filepath.Glob(filepath.Join(ws.Dir, ".PROGRESS*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestProgressJSON(t *testing.T) {
	cat, _ := session14(t)
	b, err := json.Marshal(ProgressOf(cat, []Entry{ev("read", true, 1)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"sessions_total":57`, `"sessions_done":0`, `"minutes_spent":0`, `"phases":[{"phase":1`, `"last_session":"1.4"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in the document", want)
		}
	}
}
