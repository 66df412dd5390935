package sql

// The bounds of what is kept from one run of the program to the next.
const (
	maxHistory      = 200     // statements
	maxHistoryBytes = 1 << 20 // of all of them
	maxKept         = 4 << 20 // bytes of half-written SQL
)

// history is what was run, the latest last, and where the person is in it.
type history struct {
	list  []string
	at    int    // index into list; len(list) is the text that is being written
	draft string // that text, while an older one is looked at
}

// add puts a text at the end. One that is there already is moved.
func (h *history) add(text string) {
	if len(text) > maxHistoryBytes/4 {
		h.at = len(h.list)
		return
	}
	kept := h.list[:0:0]
	size := len(text)
	for i := len(h.list) - 1; i >= 0 && len(kept) < maxHistory-1; i-- {
		if s := h.list[i]; s != text {
			if size += len(s); size > maxHistoryBytes {
				break
			}
			kept = append(kept, s)
		}
	}
	h.list = h.list[:0:0]
	for i := len(kept) - 1; i >= 0; i-- {
		h.list = append(h.list, kept[i])
	}
	h.list = append(h.list, text)
	h.at, h.draft = len(h.list), ""
}

// move goes n texts on, back where n is negative, and gives what stands there. now is the editor's text.
func (h *history) move(n int, now string) (string, bool) {
	to := h.at + n
	if to < 0 || to > len(h.list) {
		return "", false
	}
	if h.at == len(h.list) {
		h.draft = now
	}
	h.at = to
	if to == len(h.list) {
		return h.draft, true
	}
	return h.list[to], true
}
