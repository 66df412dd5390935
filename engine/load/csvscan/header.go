package csvscan

import (
	"fmt"
	"strings"

	"pipewright/engine"
)

// CheckHeader tells whether names can name columns: none may be empty, and no two the same but for case
// and surrounding space. It gives nil when they can.
func CheckHeader(names []string) *engine.Error {
	seen := make(map[string]int, len(names))
	for i, n := range names {
		key := strings.ToLower(strings.TrimSpace(n))
		if key == "" {
			return &engine.Error{
				Kind: engine.Failed,
				What: fmt.Sprintf("column %s has no name in the header", number(int64(i+1))),
				Next: "give each column a name in the first line",
			}
		}
		if first, ok := seen[key]; ok {
			return &engine.Error{
				Kind: engine.Failed,
				What: fmt.Sprintf("columns %s and %s are both named %q",
					number(int64(first+1)), number(int64(i+1)), strings.TrimSpace(n)),
				Next: "give each column a name of its own in the first line",
			}
		}
		seen[key] = i
	}
	return nil
}
