package sql

import (
	"cmp"
	"slices"
	"strings"

	"pipewright/engine"
)

// Table is a table or view that can be completed.
type Table struct {
	Schema, Name string
	Columns      []string
}

// Names are the tables of a backend, as they are now.
type Names struct {
	Backend engine.Backend
	Tables  []Table
}

// offered is how many completions are shown at most.
const offered = 8

// choice is one completion.
type choice struct {
	text string // what is put in
	what string // "table", "column of leads", "keyword"
	rank int
}

// popup is what completes the word before the cursor.
type popup struct {
	choices []choice
	at      int // the one that tab takes
	from    int // byte offset of the word in the cursor's line
	more    int // choices that there was no room for
}

func (p *popup) open() bool { return len(p.choices) > 0 }

// known are a backend's names, ready to be looked for.
type known struct {
	tables []Table
	low    []string // names of tables in lower case
}

func (k *known) take(n Names) {
	k.tables = n.Tables
	k.low = make([]string, len(n.Tables))
	for i, t := range n.Tables {
		k.low[i] = strings.ToLower(t.Name)
	}
}

// near is what the words around the cursor say about what is wanted.
type near struct {
	prefix  string
	owner   string   // the name before a dot
	table   bool     // a table is wanted: behind from, join, update, into, table
	tables  []string // names behind from and join in the statement, in lower case
	aliases map[string]string
}

// context reads what stands around the cursor; it gives false in a comment or a string.
func (e *editor) context() (near, bool) {
	line, at := e.lines[e.at.row], e.at.col
	from := at
	for from > 0 && identPart(line[from-1]) && at-from < 128 {
		from--
	}
	n := near{prefix: line[from:at], aliases: map[string]string{}}
	if from > 0 && line[from-1] == '.' {
		i := from - 1
		for i > 0 && identPart(line[i-1]) {
			i--
		}
		n.owner = strings.ToLower(line[i : from-1])
	}
	words, here, inside := e.around(from)
	n.read(words, here)
	return n, !inside
}

// around gives the words of the statement that the cursor is in, in lower case, and which of them begins
// at from; inside says that the cursor is in a comment or a string. Only so much of the statement is
// looked at as a person may have on screen.
func (e *editor) around(from int) (words []string, here int, inside bool) {
	const lines = 100
	first, last := max(e.at.row-lines, 0), min(e.at.row+lines, len(e.lines)-1)
	s, at := e.state(first), e.at.col
	here = -1
	over := false
	for row := first; row <= last && !over; row++ {
		l := e.lines[row]
		if len(l) > longest {
			s.line(row, l, func(int, int, kind) {})
			continue
		}
		s.line(row, l, func(a, b int, k kind) {
			switch {
			case over:
			case k == endKind && (row < e.at.row || row == e.at.row && b <= at):
				words, here = words[:0], -1
			case k == endKind:
				over = true
			case k == commentKind || k == stringKind:
				inside = inside || row == e.at.row && within(a, b, at, k == commentKind || s.mode != inNothing)
			default:
				if here < 0 && (row > e.at.row || row == e.at.row && b > from) {
					here = len(words)
				}
				words = append(words, strings.ToLower(strings.Trim(l[a:b], `"`)))
			}
		})
	}
	if here < 0 {
		here = len(words)
	}
	return words, here, inside
}

// within says whether a cursor at a column is between a and b; at b itself it is while what stands there is
// open.
func within(a, b, at int, open bool) bool { return a < at && (at < b || at == b && open) }

// read finds the tables and their aliases among a statement's words.
func (n *near) read(words []string, here int) {
	if here > 0 {
		switch words[here-1] {
		case "from", "join", "update", "into", "table", "describe", "summarize":
			n.table = true
		}
	}
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "from", "join", "update", "into", ",":
		default:
			continue
		}
		j := i + 1
		if j == here && n.prefix != "" || !named(words[j]) {
			continue
		}
		if j+2 < len(words) && words[j+1] == "." {
			j += 2
		}
		name := words[j]
		n.tables = append(n.tables, name)
		if j+2 < len(words) && words[j+1] == "as" {
			j++
		}
		if j+1 < len(words) && j+1 != here && named(words[j+1]) {
			n.aliases[words[j+1]] = name
		}
	}
}

// named says whether a word can be a name.
func named(w string) bool {
	if w == "" || !identStart(w[0]) {
		return false
	}
	_, key := keyword(w)
	return !key
}

// complete finds what the word before the cursor may become. Asked for says that the person has pressed a
// key for it: then a word of one letter, or none behind a dot or FROM, is completed too.
func (k *known) complete(e *editor, asked bool) popup {
	n, ok := e.context()
	least := 2
	if asked {
		least = 1
	}
	if !ok || len(n.prefix) < least && n.owner == "" && (!n.table || !asked) {
		return popup{}
	}
	all := k.candidates(n)
	slices.SortStableFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(len(a.text), len(b.text)), strings.Compare(a.text, b.text))
	})
	all = slices.CompactFunc(all, func(a, b choice) bool { return a.text == b.text })
	if whole(all, n.prefix, asked) {
		return popup{}
	}
	return popup{choices: all[:min(len(all), offered)], from: e.at.col - len(n.prefix), more: max(len(all)-offered, 0)}
}

// columns adds the columns of the table before the dot, or of the statement's tables.
func (k *known) columns(n near, add func(name, what string, rank int)) {
	want := n.tables
	if n.owner != "" {
		want = []string{n.owner}
		if t, ok := n.aliases[n.owner]; ok {
			want = []string{t}
		}
	} else if n.table {
		return
	}
	for i, t := range k.tables {
		if slices.Contains(want, k.low[i]) {
			for _, c := range t.Columns {
				add(quoteName(c), "column of "+t.Name, 1)
			}
		}
	}
}

// cased gives a keyword in the case in which its beginning was typed.
func cased(word, prefix string) string {
	if prefix != "" && prefix == strings.ToUpper(prefix) && prefix != strings.ToLower(prefix) {
		return strings.ToUpper(word)
	}
	return word
}

// quoteName is a name as SQL takes it: in quotes where it needs them.
func quoteName(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			plain = false
			break
		}
	}
	if _, key := keyword(s); plain && !hardName[s] && (!key || softName[s]) {
		return s
	}
	return quoted(s)
}

// quoted is a name in quotes.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// hardName are names that PostgreSQL or DuckDB reserve beside the keywords.
var hardName = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("analyse asymmetric authorization binary current_catalog current_role current_schema current_user freeze initially isnull localtime localtimestamp notnull placing session_user symmetric user variadic") {
		m[w] = true
	}
	return m
}()

// softName are keywords that are columns more often, and need no quotes as such.
var softName = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("date day hour key language level minute month rename role rows schema second text time timestamp type uuid value view year zone count avg sum max min comment domain function owner sequence share sample") {
		m[w] = true
	}
	return m
}()

// whole says whether the word needs no completion: it is all that fits, or a keyword that nobody asked to
// have completed.
func whole(all []choice, prefix string, asked bool) bool {
	if len(all) == 1 && strings.EqualFold(all[0].text, prefix) {
		return true
	}
	return !asked && slices.ContainsFunc(all, func(c choice) bool {
		return c.what == "keyword" && strings.EqualFold(c.text, prefix)
	})
}

// candidates are the columns, tables and keywords that begin with what was typed or hold it.
func (k *known) candidates(n near) []choice {
	low := strings.ToLower(n.prefix)
	var all []choice
	add := func(name, what string, rank int) {
		l := strings.ToLower(name)
		switch {
		case strings.HasPrefix(l, low):
		case len(low) >= 2 && strings.Contains(l, low):
			rank += 10
		default:
			return
		}
		all = append(all, choice{name, what, rank})
	}
	k.columns(n, add)
	if n.owner == "" {
		for i, t := range k.tables {
			if strings.Contains(k.low[i], low) {
				add(quoteName(t.Name), "table", map[bool]int{true: 0, false: 3}[n.table])
			}
		}
		if !n.table {
			for _, w := range reserved {
				if strings.HasPrefix(w, low) {
					all = append(all, choice{cased(w, n.prefix), "keyword", 2})
				}
			}
		}
	} else {
		for _, t := range k.tables {
			if strings.EqualFold(t.Schema, n.owner) {
				add(quoteName(t.Name), "table", 1)
			}
		}
	}
	return all
}
