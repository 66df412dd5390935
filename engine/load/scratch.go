package load

import (
	"os"
)

// scratch makes temporary files in one folder, on first use. A file has no name as soon as it is open, so
// that nothing is left behind however the process ends.
type scratch struct {
	dir   string
	files []*os.File
}

func (s *scratch) create() (*os.File, error) {
	if s.dir != "" {
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			return nil, err
		}
	}
	f, err := os.CreateTemp(s.dir, "load-*.tmp")
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	return f, os.Remove(f.Name())
}

func (s *scratch) close() {
	for _, f := range s.files {
		_ = f.Close() // it has no name and nobody reads it any more
	}
	s.files = nil
}

// place names the folder for people.
func (s *scratch) place() string {
	if s.dir != "" {
		return s.dir
	}
	return os.TempDir()
}
