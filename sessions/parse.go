package sessions

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFrontMatter is far above any real one.
const maxFrontMatter = 256 << 10

// ParseError is what is wrong with a session.md, and on which line.
type ParseError struct {
	File string
	Line int // the first is 1; 0 when the whole file is meant
	What string
}

// Error gives "file:line: what".
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.What
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// Parse reads a session.md. name is for messages. It checks everything that can be known from the text
// alone; the errors are *ParseError, joined when there are several.
func Parse(name string, data []byte) (s *Session, err error) {
	defer func() {
		// the YAML library is not ours; whatever it does with hostile input stays here
		if r := recover(); r != nil {
			s, err = nil, &ParseError{File: name, What: fmt.Sprintf("the front matter cannot be read (%v)", r)}
		}
	}()
	front, prose, line, err := split(name, data)
	if err != nil {
		return nil, err
	}
	s = &Session{}
	if err := decode(name, front, s); err != nil {
		return nil, err
	}
	s.Screens, err = screens(name, prose, line)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, what := range s.problems() {
		problems = append(problems, &ParseError{File: name, What: what})
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return s, nil
}

// split parts a file into front matter and prose; the front matter keeps its line numbers by an empty
// first line in place of the fence.
func split(name string, data []byte) (front []byte, prose string, proseLine int, err error) {
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return nil, "", 0, &ParseError{File: name, Line: 1, What: "the file must begin with a line ---, then front matter"}
	}
	front, after, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return nil, "", 0, &ParseError{File: name, What: "the front matter is never closed by a line ---"}
	}
	if len(front) > maxFrontMatter {
		return nil, "", 0, &ParseError{File: name, What: fmt.Sprintf("the front matter is longer than %d bytes", maxFrontMatter)}
	}
	return append([]byte("\n"), front...), string(after), 3 + bytes.Count(front, []byte("\n")) + 1, nil
}

func decode(name string, front []byte, into *Session) error {
	depth, deepest := 0, 0
	tokens := lexer.Tokenize(string(front))
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			// they can multiply a few bytes into gigabytes, and no session needs them
			return &ParseError{File: name, Line: t.Position.Line, What: "anchors and aliases are not used here"}
		case token.MappingStartType, token.SequenceStartType:
			depth++
			deepest = max(deepest, depth)
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if deepest > 50 || t.Position.Column > 1000 && t.Position.IndentNum > 200 {
			return &ParseError{File: name, Line: t.Position.Line, What: "nested too deep"}
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err == nil && len(file.Docs) != 1 {
		return &ParseError{File: name, What: "the front matter must be one document"}
	}
	if err == nil {
		err = yaml.NodeToValue(file.Docs[0].Body, into, yaml.Strict())
	}
	if err == nil {
		return nil
	}
	var ye yaml.Error
	if errors.As(err, &ye) {
		e := &ParseError{File: name, What: ye.GetMessage()}
		if t := ye.GetToken(); t != nil && t.Position != nil {
			e.Line = t.Position.Line
		}
		return e
	}
	return &ParseError{File: name, What: err.Error()}
}

// heading opens a screen: "## Exercise: What a bad row costs".
var heading = regexp.MustCompile(`^## +([A-Za-z-]+): +(\S.*)$`)

// screens cuts the prose at its headings.
func screens(name, prose string, line int) ([]Screen, error) {
	var out []Screen
	var body []string
	fenced, last := false, 0
	closeScreen := func() {
		if len(out) > 0 {
			out[len(out)-1].Text = strings.Trim(strings.Join(body, "\n"), "\n")
		}
		body = nil
	}
	for i, text := range strings.Split(prose, "\n") {
		if strings.HasPrefix(text, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(text, "## ") {
			if len(out) == 0 && strings.TrimSpace(text) != "" {
				return nil, &ParseError{File: name, Line: line + i, What: "prose before the first heading"}
			}
			body = append(body, text)
			continue
		}
		m := heading.FindStringSubmatch(text)
		if m == nil {
			return nil, &ParseError{File: name, Line: line + i, What: "a heading is ## Step: Title, such as ## Concept: What a bad row costs"}
		}
		step := strings.ToLower(m[1])
		at := slices.Index(Steps, step)
		if at < 0 {
			return nil, &ParseError{File: name, Line: line + i, What: fmt.Sprintf("unknown step %q: the steps are %s", m[1], strings.Join(Steps, ", "))}
		}
		if at < last {
			return nil, &ParseError{File: name, Line: line + i, What: fmt.Sprintf("step %s comes after step %s", step, Steps[last])}
		}
		last = at
		closeScreen()
		out = append(out, Screen{Step: step, Title: strings.TrimSpace(m[2]), Line: line + i})
	}
	if fenced {
		return nil, &ParseError{File: name, What: "a code block is never closed"}
	}
	closeScreen()
	return out, nil
}
