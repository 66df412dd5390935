//go:build !linux

package load

import (
	"os"
	"path/filepath"
)

// openBeside makes a file with a hidden name in the folder of path.
func openBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
}

// takePlace gives the file that openBeside made the name path, in place of whatever has it, and closes it.
func takePlace(f *os.File, path string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// dropBeside forgets the file.
func dropBeside(f *os.File) {
	_ = f.Close()           // what is in it is thrown away
	_ = os.Remove(f.Name()) // a leftover is hidden and harmless
}
