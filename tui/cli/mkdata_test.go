package cli

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// mkdata KIND FILE [N] makes an input that no archive of texts can hold.
func mkdata(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mkdata KIND FILE [N]")
	}
	n := 0
	if len(args) > 2 {
		var err error
		n, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	makers := map[string]func(io.Writer, int) error{
		"leads": leadRows, "longline": longLine, "columns": manyColumns, "binary": binary, "nul": withNULs,
		"bomb": bomb, "bombrows": bombRows, "gzip": zipped, "cutgzip": cutGzip, "escapes": escapes, "numbers": numbers,
	}
	make := makers[args[0]]
	if make == nil {
		ts.Fatalf("there is no data %q", args[0])
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	w := bufio.NewWriterSize(f, 1<<20)
	ts.Check(make(w, n))
	ts.Check(w.Flush())
	ts.Check(f.Close())
}

const leadsHeader = "company_name,contact_person,email,industry,status,created_at\n"

// leadRows are n good leads.
func leadRows(w io.Writer, n int) error {
	if _, err := io.WriteString(w, leadsHeader); err != nil {
		return err
	}
	for i := range n {
		if _, err := fmt.Fprintf(w, "Company %d,Person %d,person%d@example.com,Retail,New,2025-03-01 10:00:00\n", i, i, i); err != nil {
			return err
		}
	}
	return nil
}

// longLine is a good row, one of n bytes, and a good row.
func longLine(w io.Writer, n int) error {
	if _, err := io.WriteString(w, leadsHeader+"First,A,a@example.com,Retail,New,2025-03-01\n"); err != nil {
		return err
	}
	chunk := strings.Repeat("x", 1<<20)
	for left := n; left > 0; left -= len(chunk) {
		if _, err := io.WriteString(w, chunk[:min(left, len(chunk))]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\nLast,B,b@example.com,Retail,New,2025-03-01\n")
	return err
}

func manyColumns(w io.Writer, n int) error {
	for _, row := range []string{"c", ""} {
		for i := range n {
			if i > 0 {
				if _, err := io.WriteString(w, ","); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprintf(w, "%s%d", row, i); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return nil
}

// binary is an ELF header and what follows one.
func binary(w io.Writer, _ int) error {
	b := append([]byte("\x7fELF\x02\x01\x01\x00"), make([]byte, 4096)...)
	for i := 64; i < len(b); i++ {
		b[i] = byte(i * 7919 >> 3)
	}
	_, err := w.Write(b)
	return err
}

func withNULs(w io.Writer, _ int) error {
	_, err := io.WriteString(w, leadsHeader+"Acme\x00Ltd,Ann,ann@example.com,Retail,New,2025-03-01\nBeta,Bob,bob@example.com,Retail,New,2025-03-01\n")
	return err
}

// escapes are cells that would clear the screen, set the title and turn the text around.
func escapes(w io.Writer, _ int) error {
	_, err := io.WriteString(w, leadsHeader+
		"\x1b[2J\x1b]0;owned\x07Acme,Ann,esc@example.com,Retail,New,2025-03-01\n"+
		"Beta,Bob,\x1b[31mnot-an-address\x1b[0m,Retail,New,2025-03-01\n"+
		"Gamma,\u202eCleo,\u009b31mnope,Retail,New,2025-03-01\n")
	return err
}

func zipped(w io.Writer, n int) error {
	z := gzip.NewWriter(w)
	if err := leadRows(z, n); err != nil {
		return err
	}
	return z.Close()
}

// cutGzip is a gzip file whose end is missing.
func cutGzip(w io.Writer, n int) error {
	var b strings.Builder
	if err := zipped(&b, n); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String()[:b.Len()*2/3])
	return err
}

// bomb is n megabytes of one byte behind a header, in a thousandth of the space: one row that never ends.
func bomb(w io.Writer, n int) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(z, leadsHeader); err != nil {
		return err
	}
	chunk := make([]byte, 1<<20)
	for i := range chunk {
		chunk[i] = 'A'
	}
	for range n {
		if _, err := z.Write(chunk); err != nil {
			return err
		}
	}
	return z.Close()
}

// bombRows is n megabytes of the same row over and over, in a thousandth of the space.
func bombRows(w io.Writer, n int) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(z, leadsHeader); err != nil {
		return err
	}
	chunk := strings.Repeat("Same,Same,same@example.com,Retail,New,2025-03-01 10:00:00\n", 1<<20/59)
	for range n {
		if _, err := io.WriteString(z, chunk); err != nil {
			return err
		}
	}
	return z.Close()
}

// numbers is one column of n rows.
func numbers(w io.Writer, n int) error {
	if _, err := io.WriteString(w, "n\n"); err != nil {
		return err
	}
	for i := range n {
		if _, err := fmt.Fprintln(w, i+1); err != nil {
			return err
		}
	}
	return nil
}
