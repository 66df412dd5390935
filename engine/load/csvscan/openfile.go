package csvscan

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pipewright/engine"
)

// OpenFile opens the file or FIFO at path, or stdin for "-", and gives its source, as [Open] does. The
// options' name and size are taken from the file where they are not set. Close the source at the end.
func OpenFile(path string, stdin io.Reader, o Options) (*Source, error) {
	if o.Name == "" {
		o.Name = path
	}
	switch {
	case path == "":
		return nil, &engine.Error{Kind: engine.Usage, What: "no file was named", Next: "give a path, or - for standard input"}
	case path == "-" && stdin == nil:
		return nil, &engine.Error{Kind: engine.Usage, What: "there is no standard input here", Next: "give a path"}
	case path == "-":
		return Open(stdin, o)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	if info.IsDir() {
		return nil, &engine.Error{
			Kind: engine.Failed, What: "this is a folder, not a file", Where: path,
			Next: "name a file in it" + inFolder(path),
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	if o.Size == 0 && info.Mode().IsRegular() {
		o.Size = info.Size()
	}
	s, err := Open(f, o)
	if err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	s.file = f
	return s, nil
}

// cannotOpen puts an error of opening in words.
func cannotOpen(path string, err error) error {
	e := &engine.Error{Kind: engine.Failed, Where: path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.What = "there is no such file"
		folder := filepath.Dir(path)
		entries, dirErr := os.ReadDir(folder)
		switch near := nearNames(filepath.Base(path), entries); {
		case errors.Is(dirErr, fs.ErrNotExist):
			e.What = "there is no folder " + folder
			e.Next = "check the path"
		case len(near) > 0:
			e.Next = "did you mean " + strings.Join(near, " or ") + "?"
		default:
			e.Next = "check the path"
		}
	case errors.Is(err, fs.ErrPermission):
		e.What = "you may not read this file"
		e.Next = "give yourself the right to (chmod u+r), or copy it to where you have it"
	default:
		e.What = "the file cannot be opened: " + plainCause(err)
		e.Next = "check the path"
	}
	return e
}

// plainCause gives what the system said, without the path and the call.
func plainCause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// inFolder names a few files of a folder that may be meant.
func inFolder(path string) string {
	entries, err := os.ReadDir(path)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if strings.Contains(strings.ToLower(e.Name()), ".csv") && len(names) < 3 {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", such as " + strings.Join(names, " or ")
}

// nearNames gives up to three names in a folder that are a slip away from name, the nearest first.
func nearNames(name string, entries []fs.DirEntry) []string {
	type near struct {
		name string
		far  int
	}
	var found []near
	limit := max(2, len(name)/4)
	for _, e := range entries {
		if e.IsDir() || len(e.Name()) > 255 {
			continue
		}
		far := distance(strings.ToLower(name), strings.ToLower(e.Name()))
		if stem(e.Name()) == stem(name) {
			far = min(far, 1) // another ending: leads.csv.gz for leads.csv
		}
		if far <= limit {
			found = append(found, near{e.Name(), far})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.far - b.far })
	var names []string
	for _, n := range found[:min(len(found), 3)] {
		names = append(names, n.name)
	}
	return names
}

func stem(name string) string {
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return strings.ToLower(name)
}

// distance is Levenshtein's edit distance, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
