package csvscan

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Rules that a caller builds on, one by one.
func TestRecords(t *testing.T) {
	mixed := Default()
	mixed.LineEnd = Mixed
	slashed := Default()
	slashed.Escape = '\\'
	for _, c := range []struct {
		name string
		d    Dialect
		text string
		want string // cells in brackets, those quoted with a q before, flaws after
	}{
		{"empty and quoted empty", Default(), "a,,\"\"\n", "[a][]q[]"},
		{"a bare quote", Default(), "a\"b,c\nd,e\n", "[a\"b][c] a quote inside an unquoted cell|[d][e]"},
		{"text after a quote", Default(), "\"a\"b,\"c\"\nd\n", "q[ab]q[c] text after a closing quote|[d]"},
		{"a quote after a quote", Default(), "\"a\" \"b\",c\nd\n", "q[a \"b\"][c] text after a closing quote|[d]"},
		{"a return in a cell", Default(), "a\rb,c\r\r\n", "[a\rb][c\r]"},
		{"a return at the end", Default(), "a,b\r", "[a][b]"},
		{"a return after a quote", Default(), "a,\"b\"\r\n\"c\"\r", "[a]q[b]|q[c]"},
		{"line ends in a cell", Default(), "\"a\r\nb\nc\"\n", "q[a\r\nb\nc]"},
		{"returns end lines", mixed, "a\r\rb\r\nc\n\"d\re\"\r", "[a]|[b]|[c]|q[d\re]"},
		{"backslashes", slashed, `"a\"b","\\","c\d",\e,"f""g"`, `q[a"b]q[\]q[c\d][\e]q[f"g]`},
		{"blank lines", Default(), "\n\r\n a\n\n\"\"\n\n", "[ a]|q[]"},
		{"a delimiter last", Default(), "a,\nb,", "[a][]|[b][]"},
	} {
		var got []string
		for _, r := range parseAll(c.d, []byte(c.text)) {
			s := ""
			for i, f := range r.Fields {
				if r.Quoted[i] {
					s += "q"
				}
				s += "[" + f + "]"
			}
			if r.Flaws != 0 {
				s += " " + r.Flaws.String()
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

// A record costs no allocation once the buffers have their size.
func TestNoAllocations(t *testing.T) {
	data := []byte(strings.Repeat("a,\"b \"\"c\"\" d\",é,\"\"\n", 500))
	p := NewParser(Default())
	c := &Chunk{Data: data, FirstRow: 1, FirstLine: 1}
	var rec Record
	if n := testing.AllocsPerRun(10, func() {
		p.Reset(c)
		for p.Scan(&rec) {
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// Chunks are parsed in parallel while the source goes on, and their buffers come back to it.
func TestParallel(t *testing.T) {
	const rows = 50_000
	var text bytes.Buffer
	text.WriteString("id,name\n")
	sum := int64(0)
	for i := range rows {
		fmt.Fprintf(&text, "%d,\"name\n%d\"\n", i, i)
		sum += 2 * int64(i+1)
	}
	size := int64(text.Len())
	s, err := Open(&text, Options{ChunkSize: 4000, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	chunks := make(chan *Chunk, 8)
	var seen, total atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p := NewParser(s.Dialect())
			for c := range chunks {
				p.Reset(c)
				for rec, ok := p.Next(); ok; rec, ok = p.Next() {
					if rec.Line != 2*rec.Row {
						t.Errorf("row %d on line %d", rec.Row, rec.Line)
					}
					seen.Add(1)
					total.Add(2 * rec.Row)
				}
				c.Release()
				if s.Read() > s.Size() {
					t.Errorf("%d bytes read of %d", s.Read(), s.Size())
				}
			}
		})
	}
	for {
		c, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		chunks <- c
	}
	close(chunks)
	wg.Wait()
	if seen.Load() != rows || total.Load() != sum {
		t.Fatalf("%d rows, sum %d, want %d", seen.Load(), total.Load(), sum)
	}
}
