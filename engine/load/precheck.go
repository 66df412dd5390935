package load

import (
	"os"

	"pipewright/engine/load/csvscan"
)

// Precheck looks at a regular file as far as its header, so that a path that is wrong or no table is told
// before any backend is asked for. Standard input and a FIFO are left alone: what is read from them is
// gone. The error is an *engine.Error.
func Precheck(path string) error {
	if info, err := os.Stat(path); path == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	s, err := csvscan.OpenFile(path, nil, csvscan.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}
