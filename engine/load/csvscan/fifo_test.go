//go:build unix

package csvscan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A FIFO is read as it comes, and closing the source ends a wait for more.
func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leads")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	const rows = 100_000
	more := make(chan error, 1)
	var w *os.File
	go func() {
		var err error
		if w, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			for i := range rows {
				if _, err = fmt.Fprintf(w, "%d,name %d,%d@example.com\n", i, i, i); err != nil {
					break
				}
			}
		}
		more <- err // and the FIFO stays open
	}()
	s, err := OpenFile(path, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Next()
	if err != nil || c.FirstRow != 1 {
		t.Fatal(err)
	}
	ended := make(chan error)
	got := c.Rows
	go func() {
		for {
			c, err := s.Next()
			if err != nil {
				ended <- err
				return
			}
			got += c.Rows
			c.Release()
		}
	}()
	if err := <-more; err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, fs.ErrClosed) {
		t.Fatal(err)
	}
	if got >= rows {
		t.Fatalf("%d rows", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
