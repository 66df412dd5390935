package query

import "strings"

// Statement is one statement of a text.
type Statement struct {
	// Text is the statement as it stands, with its semicolon and the blanks and comments around it. The
	// Texts of a text's statements, joined, are the text.
	Text string
	// SQL is the statement without the blanks around it and without its semicolon.
	SQL string
	// Offset is the byte offset of SQL in the whole text.
	Offset int
	// Words are its first unquoted words outside of parentheses, in lower case, at most 8.
	Words []string
	// Verb is the word that says what it does: the first one, or, behind WITH and its queries, the one
	// that follows them.
	Verb string
	// Empty is set when it holds nothing but blanks and comments.
	Empty bool
	// Param is the byte offset in SQL of its first $n, or -1.
	Param int

	first int // byte offset in SQL of its first token, or -1
}

// maxWords bounds Statement.Words.
const maxWords = 8

// Split cuts text into statements at the semicolons that end one. It follows psql's psqlscan.l: quotes,
// E” strings and their continuation, dollar quotes, nested comments, parentheses, and the bodies of
// CREATE FUNCTION … BEGIN ATOMIC … END hold no end of a statement. What is never closed reaches to the
// end of the text. DuckDB's scanner is PostgreSQL's and reads the same.
func Split(text string) []Statement {
	var out []Statement
	l := lexer{s: text}
	for l.pos < len(text) {
		out = append(out, l.statement())
	}
	return out
}

// lexer reads one statement after the other. Everything below pos has been read.
type lexer struct {
	s   string
	pos int

	start  int // of the statement
	parens int
	begins int     // depth of BEGIN … END in an SQL-standard function body
	idents int     // words seen so far in the statement
	head   [4]byte // first letters of the words that make it a CREATE FUNCTION or PROCEDURE
	words  []string
	verb   string
	with   bool
	first  int // place of the first token, or -1
	param  int
}

func (l *lexer) statement() Statement {
	*l = lexer{s: l.s, pos: l.pos, start: l.pos, first: -1, param: -1}
	end := -1
	for l.pos < len(l.s) && end < 0 {
		if l.step() {
			end = l.pos - 1
		}
	}
	if end < 0 {
		end = len(l.s)
	}
	raw := l.s[l.start:end]
	sql := strings.TrimLeft(raw, blanks)
	offset := end - len(sql)
	st := Statement{Text: l.s[l.start:l.pos], SQL: strings.TrimRight(sql, blanks), Offset: offset,
		Words: l.words, Verb: l.verb, Empty: l.first < 0, Param: -1, first: -1}
	if l.first >= 0 {
		st.first = l.first - offset
	}
	if l.param >= 0 {
		st.Param = l.param - offset
	}
	return st
}

// blanks are what PostgreSQL's scanner takes for white space.
const blanks = " \t\n\r\f\v"

// step reads one token, and says whether it was the statement's end.
func (l *lexer) step() bool {
	c := l.s[l.pos]
	rest := l.s[l.pos:]
	switch {
	case strings.IndexByte(blanks, c) >= 0:
		l.pos++
		return false
	case strings.HasPrefix(rest, "--"):
		l.lineComment()
		return false
	case strings.HasPrefix(rest, "/*"):
		l.blockComment()
		return false
	}
	if c == ';' && l.parens == 0 && l.begins == 0 {
		l.pos++
		return true
	}
	if l.first < 0 {
		l.first = l.pos
	}
	switch {
	case c == '\'':
		l.quoted('\'')
	case c == '"':
		l.quoted('"')
	case c == '$':
		l.dollar()
	case c >= '0' && c <= '9':
		l.number()
	case identStart(c):
		l.word()
	default:
		if c == '(' {
			l.parens++
		} else if c == ')' && l.parens > 0 {
			l.parens--
		}
		l.pos++
	}
	return false
}

func (l *lexer) lineComment() {
	if i := strings.IndexAny(l.s[l.pos:], "\r\n"); i >= 0 {
		l.pos += i
		return
	}
	l.pos = len(l.s)
}

func (l *lexer) blockComment() {
	depth := 0
	for l.pos < len(l.s) {
		switch rest := l.s[l.pos:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			l.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
}

// quoted reads a string or name to its closing quote. A doubled quote reads as two strings that touch,
// which ends at the same place.
func (l *lexer) quoted(q byte) {
	l.pos++
	if i := strings.IndexByte(l.s[l.pos:], q); i >= 0 {
		l.pos += i + 1
		return
	}
	l.pos = len(l.s)
}

// escapeString reads an E” string, in which a backslash takes the next character with it. Behind its
// end another string on a later line continues it, backslashes and all.
func (l *lexer) escapeString() {
	for {
		l.pos++
		for l.pos < len(l.s) && l.s[l.pos] != '\'' {
			if l.s[l.pos] == '\\' {
				l.pos++
			}
			l.pos++
		}
		if l.pos >= len(l.s) {
			l.pos = len(l.s)
			return
		}
		l.pos++
		if l.pos < len(l.s) && l.s[l.pos] == '\'' {
			continue // a doubled quote
		}
		next, ok := l.continuation()
		if !ok {
			return
		}
		l.pos = next
	}
}

// continuation finds the quote that continues a string: behind blanks and line comments that hold at
// least one line break.
func (l *lexer) continuation() (int, bool) {
	i, newline := l.pos, false
	for i < len(l.s) {
		switch c := l.s[i]; {
		case c == '\n' || c == '\r':
			newline = true
			i++
		case strings.IndexByte(blanks, c) >= 0:
			i++
		case strings.HasPrefix(l.s[i:], "--"):
			j := strings.IndexAny(l.s[i:], "\r\n")
			if j < 0 {
				return 0, false
			}
			i += j
		default:
			return i, newline && c == '\''
		}
	}
	return 0, false
}

// dollar reads $tag$ … $tag$, $1, or a lone dollar sign.
func (l *lexer) dollar() {
	i := l.pos + 1
	if i < len(l.s) && l.s[i] >= '0' && l.s[i] <= '9' {
		if l.param < 0 {
			l.param = l.pos
		}
		for i < len(l.s) && l.s[i] >= '0' && l.s[i] <= '9' {
			i++
		}
		l.pos = i
		return
	}
	for i < len(l.s) && l.s[i] != '$' && identPart(l.s[i]) {
		i++
	}
	if i >= len(l.s) || l.s[i] != '$' {
		l.pos++
		return
	}
	tag := l.s[l.pos : i+1]
	if j := strings.Index(l.s[i+1:], tag); j >= 0 {
		l.pos = i + 1 + j + len(tag)
		return
	}
	l.pos = len(l.s)
}

// number reads digits and what is stuck to them, so that the e of 1e'x' opens no string.
func (l *lexer) number() {
	for l.pos < len(l.s) && l.s[l.pos] != '$' && (identPart(l.s[l.pos]) || l.s[l.pos] == '.') {
		l.pos++
	}
}

// word reads an unquoted name or keyword.
func (l *lexer) word() {
	i := l.pos
	for i < len(l.s) && identPart(l.s[i]) {
		i++
	}
	w := l.s[l.pos:i]
	l.pos = i
	if len(w) == 1 && (w == "e" || w == "E") && i < len(l.s) && l.s[i] == '\'' {
		l.escapeString()
		return
	}
	l.note(strings.ToLower(w))
}

// note records a word, and follows BEGIN and END in the body of a function as psql does.
func (l *lexer) note(w string) {
	l.idents++
	if l.parens == 0 {
		if len(l.words) < maxWords {
			l.words = append(l.words, w)
		}
		l.noteVerb(w)
	}
	switch w {
	case "create", "function", "procedure", "or", "replace":
		if l.idents <= len(l.head) {
			l.head[l.idents-1] = w[0]
		}
	}
	if l.parens > 0 || !l.createsRoutine() {
		return
	}
	switch {
	case w == "begin":
		l.begins++
	case w == "case" && l.begins > 0:
		l.begins++ // CASE ends with END too
	case w == "end" && l.begins > 0:
		l.begins--
	}
}

func (l *lexer) noteVerb(w string) {
	switch {
	case l.verb == "" && w == "with":
		l.with, l.verb = true, w
	case l.verb == "":
		l.verb = w
	case l.with:
		switch w {
		case "select", "insert", "update", "delete", "merge", "values", "table", "from", "pivot", "unpivot":
			l.with, l.verb = false, w
		}
	}
}

func (l *lexer) createsRoutine() bool {
	routine := func(c byte) bool { return c == 'f' || c == 'p' }
	h := l.head
	return h[0] == 'c' && (routine(h[1]) || h[1] == 'o' && h[2] == 'r' && routine(h[3]))
}

func identStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func identPart(c byte) bool {
	return identStart(c) || c >= '0' && c <= '9' || c == '$'
}
