package sessions

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The sizes of a lesson, by how it is read: in a terminal of 80 columns, one idea a screen.
const (
	maxCodeLines   = 15
	minScreenLines = 6
	maxScreenLines = 24
	maxColumns     = 80
	minWrong       = 3
)

// proseProblems is everything about a session that can be known without an engine, beyond what Parse
// refuses.
func (c *Catalogue) proseProblems(s *Session) []string {
	var p []string
	links := map[string]bool{}
	for _, sc := range s.Screens {
		for _, what := range screenProblems(sc) {
			p = append(p, fmt.Sprintf("line %d, screen %q: %s", sc.Line, sc.Title, what))
		}
		for _, what := range c.linkProblems(s, sc, links) {
			p = append(p, fmt.Sprintf("line %d, screen %q: %s", sc.Line, sc.Title, what))
		}
	}
	p = append(p, s.strayFiles(links)...)
	if len(s.Solution) == 0 {
		p = append(p, "no solution")
	}
	if len(s.Wrong) < minWrong {
		p = append(p, fmt.Sprintf("%d wrong answers; at least %d are needed", len(s.Wrong), minWrong))
	}
	for _, cr := range s.Criteria {
		if !slices.ContainsFunc(s.Wrong, func(w Wrong) bool { return slices.Contains(w.Fails, cr.ID) }) {
			p = append(p, "no wrong answer fails criterion "+cr.ID)
		}
		if !slices.ContainsFunc(s.Hints, func(h Hint) bool { return h.Criterion == cr.ID }) {
			p = append(p, "no hint for criterion "+cr.ID)
		}
	}
	if len(s.Quiz) == 0 || len(s.Predictions) == 0 {
		p = append(p, "a session has predictions and a quiz")
	}
	for _, q := range s.Predictions {
		if !slices.ContainsFunc(s.Screens, func(sc Screen) bool { return strings.Contains(sc.Text, "ask."+q.ID) }) {
			p = append(p, "the prose never asks prediction "+q.ID)
		}
	}
	return p
}

// tired are words that a lesson does without.
var tired = regexp.MustCompile(`(?i)\b(simply|obviously|trivial|easy|easily|of course)\b|[^\x60(\[]!(\s|$)`)

var inlineCode = regexp.MustCompile("`[^`]*`")

func screenProblems(sc Screen) []string {
	var p []string
	lines := strings.Split(sc.Text, "\n")
	if n := len(lines); n < minScreenLines || n > maxScreenLines {
		p = append(p, fmt.Sprintf("%d lines; a screen has %d to %d", n, minScreenLines, maxScreenLines))
	}
	code, fenced := 0, false
	for _, line := range lines {
		// a figure is a number of a few digits by the time it is read
		if n := utf8.RuneCountInString(figure.ReplaceAllString(line, "000000")); n > maxColumns {
			p = append(p, fmt.Sprintf("a line of %d columns: %s…", n, line[:30]))
		}
		fence := strings.HasPrefix(line, "```")
		if fence {
			fenced, code = !fenced, 0
		}
		if fence || fenced || strings.HasPrefix(line, "    ") {
			if fence {
				continue
			}
			if code++; code == maxCodeLines+1 {
				p = append(p, fmt.Sprintf("a code block of more than %d lines", maxCodeLines))
			}
			continue
		}
		if strings.TrimSpace(line) != "" {
			code = 0
		}
		if m := tired.FindString(inlineCode.ReplaceAllString(line, "")); m != "" {
			p = append(p, fmt.Sprintf("%q does not belong in a lesson", strings.TrimSpace(m)))
		}
	}
	return p
}

var (
	link    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	command = regexp.MustCompile(`pipewright (run|check|hint|solution|start|session show|session start|watch) (\d+\.\d+)(?: ([a-z_]+))?`)
)

// linkProblems checks that what the prose points to exists: files of the session's folder, addresses, and
// the sessions and labs of commands. Files that are linked are noted in links.
func (c *Catalogue) linkProblems(s *Session, sc Screen, links map[string]bool) []string {
	var p []string
	for _, m := range link.FindAllStringSubmatch(sc.Text, -1) {
		target := m[1]
		if u, err := url.Parse(target); err == nil && u.Scheme == "https" && u.Host != "" {
			continue
		}
		name := path.Clean(target)
		if !fs.ValidPath(name) {
			p = append(p, "the link "+target+" leads out of the session's folder")
			continue
		}
		if _, err := fs.Stat(s.folder, name); err != nil {
			p = append(p, "the link "+target+" leads nowhere")
		}
		links[name] = true
	}
	for _, m := range command.FindAllStringSubmatch(sc.Text, -1) {
		other, err := c.Session(m[2])
		switch {
		case err != nil:
			p = append(p, "pipewright "+m[1]+" "+m[2]+": there is no session "+m[2])
		case m[1] == "run" && m[3] != "" && other.Available():
			if _, err := other.lab(m[3]); err != nil {
				p = append(p, m[0]+": there is no lab "+m[3])
			}
		}
	}
	return p
}

// strayFiles lists what lies in the session's folder and belongs to nothing.
func (s *Session) strayFiles(links map[string]bool) []string {
	var p []string
	err := fs.WalkDir(s.folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		top, _, _ := strings.Cut(name, "/")
		if name != "session.md" && top != "starter" && top != "solution" && !links[name] {
			p = append(p, "a stray file: "+name)
		}
		return nil
	})
	if err != nil {
		p = append(p, "its folder cannot be read: "+err.Error())
	}
	return p
}
