package load

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// openBeside makes a file in the folder of path that has no name yet, so that nothing is left when the process
// is killed; where the file system has no such files it gets a hidden name.
func openBeside(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return os.CreateTemp(dir, hiddenName(path)+"*")
	}
	return os.NewFile(uintptr(fd), ""), nil
}

// takePlace gives the file that openBeside made the name path, in place of whatever has it, and closes it.
func takePlace(f *os.File, path string) error {
	defer func() { _ = f.Close() }() // it has been synced
	if f.Name() != "" {
		return os.Rename(f.Name(), path)
	}
	// A link cannot replace a file, and a rename can.
	hidden := filepath.Join(filepath.Dir(path), hiddenName(path)+strconv.Itoa(os.Getpid())+"-"+strconv.Itoa(int(f.Fd())))
	if err := unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(int(f.Fd())), unix.AT_FDCWD, hidden, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.PathError{Op: "link", Path: hidden, Err: err}
	}
	err := os.Rename(hidden, path)
	if err != nil {
		_ = os.Remove(hidden) // the first error is the one to tell
	}
	return err
}

// dropBeside forgets the file.
func dropBeside(f *os.File) {
	_ = f.Close() // what is in it is thrown away
	if f.Name() != "" {
		_ = os.Remove(f.Name()) // a leftover is hidden and harmless
	}
}

func hiddenName(path string) string { return "." + filepath.Base(path) + "." }
