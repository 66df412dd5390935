package sql

import "strings"

// kind is what a piece of SQL is, for how it is drawn.
type kind uint8

const (
	plainKind kind = iota
	wordKind
	keywordKind
	stringKind
	nameKind // a quoted name
	numberKind
	commentKind
	endKind // the semicolon that ends a statement
)

// mode is what the end of a line stands inside of.
type mode uint8

const (
	inNothing mode = iota
	inString
	inEscape // an E” string
	inName
	inDollar
	inComment
)

// pos is a place in a text: a line and a byte offset in it, both from 0.
type pos struct{ row, col int }

func (p pos) before(q pos) bool { return p.row < q.row || p.row == q.row && p.col < q.col }

// span is a part of a text: from the first place up to, and without, the second.
type span struct{ from, to pos }

// scanner reads SQL line by line, following psql's psqlscan.l as engine/query.Split does: quotes, E”
// strings and their continuation, dollar quotes, nested comments, parentheses, and the bodies of CREATE
// FUNCTION … BEGIN ATOMIC … END hold no end of a statement. It is a value: a copy goes on by itself.
type scanner struct {
	mode   mode
	depth  int    // of comments in comments
	tag    string // of the dollar quote
	afterE bool   // an E” string has ended, and one on a later line continues it

	parens, begins, idents int
	head                   [4]byte // first letters of the words that make it a CREATE FUNCTION or PROCEDURE
	begun                  bool    // the statement has a token
	verb                   string
	with                   bool
	start                  pos  // of its first token
	last                   span // the statement that ended before it; empty when none did
	ended                  bool // last is set
}

const blanks = " \t\f\v\r"

// line reads one line, tells each piece of it, and stands at the beginning of the next line afterwards.
func (s *scanner) line(row int, text string, tell func(from, to int, k kind)) {
	i := 0
	if s.mode != inNothing {
		from := i
		k := map[mode]kind{inString: stringKind, inEscape: stringKind, inName: nameKind, inDollar: stringKind, inComment: commentKind}[s.mode]
		i = s.inside(text, i)
		tell(from, i, k)
	}
	for i < len(text) {
		from := i
		c, rest := text[i], text[i:]
		switch {
		case strings.IndexByte(blanks, c) >= 0:
			i++
			continue
		case strings.HasPrefix(rest, "--"):
			i = len(text)
			tell(from, i, commentKind)
			continue
		case strings.HasPrefix(rest, "/*"):
			s.afterE = false
			s.mode, s.depth = inComment, 0
			i = s.inside(text, i)
			tell(from, i, commentKind)
			continue
		}
		if s.afterE {
			s.afterE = false
			if c == '\'' {
				s.mode = inEscape
				i = s.inside(text, i+1)
				tell(from, i, stringKind)
				continue
			}
		}
		if c == ';' && s.parens == 0 && s.begins == 0 {
			i++
			s.end(pos{row, i}, pos{row, from})
			tell(from, i, endKind)
			continue
		}
		if !s.begun {
			s.begun, s.start = true, pos{row, i}
		}
		var k kind
		i, k = s.token(text, i)
		tell(from, i, k)
	}
}

// end closes a statement; one without a token has none to remember.
func (s *scanner) end(at, semicolon pos) {
	if s.begun {
		s.last, s.ended = span{s.start, at}, true
	}
	*s = scanner{last: s.last, ended: s.ended}
}

// token reads one token that begins at i.
func (s *scanner) token(text string, i int) (int, kind) {
	c := text[i]
	switch {
	case c == '\'':
		s.mode = inString
		return s.inside(text, i+1), stringKind
	case c == '"':
		s.mode = inName
		return s.inside(text, i+1), nameKind
	case c == '$':
		return s.dollar(text, i)
	case c >= '0' && c <= '9':
		for i < len(text) && text[i] != '$' && (identPart(text[i]) || text[i] == '.') {
			i++
		}
		return i, numberKind
	case identStart(c):
		return s.word(text, i)
	}
	if c == '(' {
		s.parens++
	} else if c == ')' && s.parens > 0 {
		s.parens--
	}
	return i + 1, plainKind
}

// inside reads on to the end of what the scanner stands in, or of the line.
func (s *scanner) inside(text string, i int) int {
	switch s.mode {
	case inString, inName:
		q := byte('\'')
		if s.mode == inName {
			q = '"'
		}
		j := strings.IndexByte(text[i:], q)
		if j < 0 {
			return len(text)
		}
		s.mode = inNothing
		return i + j + 1
	case inDollar:
		j := strings.Index(text[i:], s.tag)
		if j < 0 {
			return len(text)
		}
		i += j + len(s.tag)
		s.mode, s.tag = inNothing, ""
		return i
	case inEscape:
		return s.escape(text, i)
	}
	for i < len(text) {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "/*"):
			s.depth++
			i += 2
		case strings.HasPrefix(rest, "*/"):
			s.depth--
			i += 2
			if s.depth == 0 {
				s.mode = inNothing
				return i
			}
		default:
			i++
		}
	}
	return i
}

// escape reads an E” string, in which a backslash takes the next character with it.
func (s *scanner) escape(text string, i int) int {
	for i < len(text) {
		switch {
		case text[i] == '\\':
			i += 2
		case text[i] != '\'':
			i++
		case i+1 < len(text) && text[i+1] == '\'':
			i += 2
		default:
			s.mode = inNothing
			s.afterE = continues(text[i+1:])
			return i + 1
		}
	}
	return len(text)
}

// continues says whether nothing but blanks and a comment stand between a string and the next line.
func continues(rest string) bool {
	rest = strings.TrimLeft(rest, blanks)
	return rest == "" || strings.HasPrefix(rest, "--")
}

// dollar reads $tag$, $1, or a lone dollar sign.
func (s *scanner) dollar(text string, i int) (int, kind) {
	j := i + 1
	if j < len(text) && text[j] >= '0' && text[j] <= '9' {
		for j < len(text) && text[j] >= '0' && text[j] <= '9' {
			j++
		}
		return j, numberKind
	}
	for j < len(text) && text[j] != '$' && identPart(text[j]) {
		j++
	}
	if j >= len(text) || text[j] != '$' {
		return i + 1, plainKind
	}
	s.mode, s.tag = inDollar, text[i:j+1]
	return s.inside(text, j+1), stringKind
}

// word reads an unquoted name or keyword.
func (s *scanner) word(text string, i int) (int, kind) {
	from := i
	for i < len(text) && identPart(text[i]) {
		i++
	}
	w := text[from:i]
	if (w == "e" || w == "E") && i < len(text) && text[i] == '\'' {
		s.mode = inEscape
		return s.inside(text, i+1), stringKind
	}
	w, key := keyword(w)
	s.note(w)
	if key {
		return i, keywordKind
	}
	return i, wordKind
}

// note follows BEGIN and END in the body of a function as psql does, and finds the statement's verb.
func (s *scanner) note(w string) {
	s.idents++
	if s.parens == 0 {
		s.noteVerb(w)
	}
	switch w {
	case "create", "function", "procedure", "or", "replace":
		if s.idents <= len(s.head) {
			s.head[s.idents-1] = w[0]
		}
	}
	if s.parens > 0 || !s.routine() {
		return
	}
	switch {
	case w == "begin", w == "case" && s.begins > 0:
		s.begins++
	case w == "end" && s.begins > 0:
		s.begins--
	}
}

func (s *scanner) noteVerb(w string) {
	switch {
	case s.verb == "":
		s.with, s.verb = w == "with", w
	case s.with:
		switch w {
		case "select", "insert", "update", "delete", "merge", "values", "table", "from", "pivot", "unpivot":
			s.with, s.verb = false, w
		}
	}
}

func (s *scanner) routine() bool {
	r := func(c byte) bool { return c == 'f' || c == 'p' }
	h := s.head
	return h[0] == 'c' && (r(h[1]) || h[1] == 'o' && h[2] == 'r' && r(h[3]))
}

func identStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func identPart(c byte) bool { return identStart(c) || c >= '0' && c <= '9' || c == '$' }

// statement is one statement of a text.
type statement struct {
	text string // without blanks and comments before it, and without its semicolon
	from int    // byte offset of text in the whole
	verb string
}

// split cuts a text into its statements.
func split(text string) []statement {
	var out []statement
	var s scanner
	offset := 0
	for row, line := range strings.Split(text, "\n") {
		before := offset
		s.line(row, line, func(from, to int, k kind) {
			switch {
			case k == endKind:
				if len(out) > 0 && out[len(out)-1].text == "" {
					l := &out[len(out)-1]
					l.text = strings.TrimRight(text[l.from:before+from], blanks+"\n")
				}
			case s.begun && (len(out) == 0 || out[len(out)-1].text != ""):
				out = append(out, statement{from: before + from})
			}
			if k != endKind && len(out) > 0 && s.begun {
				out[len(out)-1].verb = s.verb
			}
		})
		offset += len(line) + 1
	}
	if n := len(out); n > 0 && out[n-1].text == "" {
		out[n-1].text = strings.TrimRight(text[out[n-1].from:], blanks+"\n")
	}
	return out
}
