package sessions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pipewright/engine"
	"pipewright/engine/lab/labtest"
)

// TestMain lets the test binary be a writer that can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PIPEWRIGHT_TEST_WRITER"); dir != "" {
		writeForever(dir)
		return
	}
	labtest.Main(m)
}

// writeForever appends entries and acknowledges each on standard output once Append has returned.
func writeForever(dir string) {
	j, err := OpenJournal(engine.Workspace{Dir: dir})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), i)
		if err := j.Append(Entry{Type: PredictedType, Session: "1.4", Predicted: &Predicted{Prediction: id, Guess: strings.Repeat("x", i%5000)}}); err != nil {
			panic(err)
		}
		fmt.Println(id)
	}
}

func journalIn(t *testing.T) (*Journal, engine.Workspace) {
	t.Helper()
	ws := engine.Workspace{Dir: t.TempDir()}
	if err := Prepare(ws); err != nil {
		t.Fatal(err)
	}
	j, err := OpenJournal(ws)
	if err != nil {
		t.Fatal(err)
	}
	return j, ws
}

// TestKilledWriters kills two writers, which share a journal, at seeded random moments, many times over.
// Every entry that was acknowledged must be there, once, and the only troubles are torn lines.
func TestKilledWriters(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	j, ws := journalIn(t)
	rng := rand.New(rand.NewPCG(14, 41))
	acknowledged := map[string]bool{}
	var mu sync.Mutex
	for range 25 {
		var wg sync.WaitGroup
		for range 2 {
			lines := 1 + rng.IntN(60) // kill after so many acknowledgements, then a little later
			delay := time.Duration(rng.IntN(3000)) * time.Microsecond
			wg.Go(func() {
				for _, id := range killedWriter(t, ws.Dir, lines, delay) {
					mu.Lock()
					acknowledged[id] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	entries, troubles, err := j.Read()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range entries {
		seen[e.Predicted.Prediction]++
	}
	for id := range acknowledged {
		if seen[id] != 1 {
			t.Errorf("acknowledged entry %s is there %d times", id, seen[id])
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("entry %s is there %d times", id, n)
		}
	}
	if len(acknowledged) < 100 || len(entries) < len(acknowledged) {
		t.Errorf("%d acknowledged, %d in the journal", len(acknowledged), len(entries))
	}
	t.Logf("%d acknowledged, %d in the journal, %d torn lines", len(acknowledged), len(entries), len(troubles))
}

// killedWriter starts a writer, kills it delay after so many acknowledgements, and gives all those that
// it had made.
func killedWriter(t *testing.T, dir string, lines int, delay time.Duration) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PIPEWRIGHT_TEST_WRITER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	var ids []string
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		ids = append(ids, sc.Text())
		if len(ids) == lines {
			time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // it was killed
	return ids
}

func TestTornLineIsReportedAndLosesNothing(t *testing.T) {
	for name, tail := range map[string]string{"half an entry": `{"v":1,"at":"2026-01-01T00:0`, "zeros": "\x00\x00\x00\x00", "no line end": ""} {
		j, ws := journalIn(t)
		if err := j.Append(Opened("1.1")); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(ws.Journal())
		if err != nil {
			t.Fatal(err)
		}
		if tail == "" {
			whole = bytes.TrimSuffix(whole, []byte("\n"))
		}
		if err := os.WriteFile(ws.Journal(), append(whole, tail...), 0o644); err != nil {
			t.Fatal(err)
		}
		wantTroubles := min(1, len(tail))
		if entries, troubles, err := j.Read(); err != nil || len(entries) != 1 || len(troubles) != wantTroubles {
			t.Fatalf("%s: %d entries, %v, %v", name, len(entries), troubles, err)
		}
		if err := j.Append(Opened("1.2"), Opened("1.3")); err != nil {
			t.Fatal(err)
		}
		entries, troubles, err := j.Read()
		if err != nil || len(entries) != 3 || len(troubles) != wantTroubles || entries[2].Session != "1.3" {
			t.Fatalf("%s: %d entries, %v, %v", name, len(entries), troubles, err)
		}
		if wantTroubles == 1 && (troubles[0].Line != 2 || !strings.Contains(troubles[0].String(), "journal line 2")) {
			t.Fatalf("%s: %v", name, troubles)
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	_, ws := journalIn(t)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			j, err := OpenJournal(ws) // a window of its own
			for i := 0; err == nil && i < 25; i++ {
				err = j.Append(Timed("1.1", "review", time.Duration(w*25+i)*time.Second))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	j, _ := OpenJournal(ws)
	entries, troubles, err := j.Read()
	if err != nil || len(entries) != 100 || len(troubles) != 0 {
		t.Fatalf("%d entries, %v, %v", len(entries), troubles, err)
	}
}

func TestJournalOfANewerVersion(t *testing.T) {
	j, ws := journalIn(t)
	lines := `{"v":2,"at":17,"type":["new"],"session":{}}` + "\n" + `{"v":1,"at":"2026-01-01T00:00:00Z","type":"danced","session":"1.1"}` + "\n"
	if err := os.WriteFile(ws.Journal(), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	entries, troubles, err := j.Read()
	if err != nil || len(entries) != 2 || len(troubles) != 0 {
		t.Fatalf("%v %v %v", entries, troubles, err)
	}
	cat, _ := Load()
	if p := ProgressOf(cat, entries[:1]); p.Last != "" {
		t.Fatalf("an entry of a newer version counted: %+v", p.Last)
	}
}

func TestJournalRefusesWhatItCouldNotRead(t *testing.T) {
	j, ws := journalIn(t)
	for _, e := range []Entry{
		{Type: CheckRanType, Session: "1.1"},
		{Session: "1.1"},
		{Type: PredictedType, Session: "1.1", Predicted: &Predicted{Guess: strings.Repeat("x", maxEntry)}},
	} {
		if err := j.Append(Opened("1.1"), e); err == nil {
			t.Errorf("appended %+v", e.Type)
		}
	}
	if _, err := os.Stat(ws.Journal()); err == nil {
		t.Error("part of a refused append was written")
	}
	if _, err := OpenJournal(engine.Workspace{Dir: filepath.Join(ws.Dir, "nowhere")}); err == nil {
		t.Error("opened a journal nowhere")
	}
}

func TestReadOnlyJournalIsRead(t *testing.T) {
	j, ws := journalIn(t)
	if err := j.Append(Opened("1.1")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(ws.Journal() + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(ws.State(), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(ws.State(), 0o755) })
	if entries, _, err := j.Read(); err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
}

// FuzzJournal reads anything, and appends after anything: nothing panics, what was whole stays, what is
// appended is there.
func FuzzJournal(f *testing.F) {
	good, _ := json.Marshal(Entry{V: 1, At: time.Unix(0, 0).UTC(), Type: SessionOpened, Session: "1.1"})
	f.Add(append(good, '\n'))
	f.Add(append(append([]byte{}, good...), good...))
	f.Add(good[:20])
	f.Add([]byte("\n\n{}\n{\"v\":9}\n\x00\xff"))
	f.Add([]byte(`{"v":1,"at":"2026-01-01T00:00:00Z","type":"check_ran","session":"1.4","check":{"criterion":"read","passed":true,"seconds":1e300}}`))
	cat, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before, _, err := readEntries(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		p := ProgressOf(cat, before)
		if p.SessionsTotal != 57 || p.MinutesSpent < 0 {
			t.Fatalf("%+v", p)
		}
		_ = Markdown(p)
		j, ws := journalIn(t)
		if err := os.WriteFile(ws.Journal(), data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := j.Append(Opened("9.9")); err != nil {
			t.Fatal(err)
		}
		after, _, err := j.Read()
		if err != nil || len(after) != len(before)+1 || after[len(before)].Session != "9.9" {
			t.Fatalf("%d entries before, %d after, %v", len(before), len(after), err)
		}
	})
}
