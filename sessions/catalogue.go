package sessions

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"pipewright/engine"
)

//go:embed catalogue.yaml week*/*
var embedded embed.FS

// Catalogue is the whole curriculum, in order.
type Catalogue struct {
	Phases []Phase
	byID   map[string]*Session
}

// Phase is one of the three parts of the curriculum.
type Phase struct {
	Number int
	Title  string
	Goal   string
	Weeks  []Week
}

// Week is one week of a phase.
type Week struct {
	Number   int
	Title    string
	Goal     string
	Sessions []*Session
}

// Load gives the catalogue that is embedded in the binary. It is read once.
var Load = sync.OnceValues(func() (*Catalogue, error) { return Read(embedded) })

// catalogueFile is catalogue.yaml.
type catalogueFile struct {
	Phases []struct {
		Number int        `yaml:"number"`
		Title  string     `yaml:"title"`
		Goal   string     `yaml:"goal"`
		Weeks  []weekFile `yaml:"weeks"`
	} `yaml:"phases"`
}

type weekFile struct {
	Number   int    `yaml:"number"`
	Title    string `yaml:"title"`
	Goal     string `yaml:"goal"`
	Sessions []struct {
		ID      string `yaml:"id"`
		Title   string `yaml:"title"`
		Minutes int    `yaml:"minutes"`
		Project bool   `yaml:"project"`
	} `yaml:"sessions"`
}

// Read reads a catalogue and the sessions that have content: catalogue.yaml and the folders
// week<NN>/<id>-<slug> beside it.
func Read(fsys fs.FS) (*Catalogue, error) {
	data, err := fs.ReadFile(fsys, "catalogue.yaml")
	if err != nil {
		return nil, fmt.Errorf("the catalogue: %w", err)
	}
	var file catalogueFile
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalogue.yaml: %w", err)
	}
	c := &Catalogue{byID: map[string]*Session{}}
	for _, fp := range file.Phases {
		p := Phase{Number: fp.Number, Title: fp.Title, Goal: fp.Goal}
		for _, fw := range fp.Weeks {
			w := Week{Number: fw.Number, Title: fw.Title, Goal: fw.Goal}
			for _, e := range fw.Sessions {
				s := &Session{ID: e.ID, Title: e.Title, Minutes: e.Minutes, Project: e.Project, Phase: fp.Number, Week: fw.Number}
				if c.byID[s.ID] != nil {
					return nil, fmt.Errorf("catalogue.yaml: session %s is listed twice", s.ID)
				}
				c.byID[s.ID] = s
				w.Sessions = append(w.Sessions, s)
			}
			p.Weeks = append(p.Weeks, w)
		}
		c.Phases = append(c.Phases, p)
	}
	return c, c.readContent(fsys)
}

// readContent fills in the sessions that have a folder. A folder that belongs to no session is an error.
func (c *Catalogue) readContent(fsys fs.FS) error {
	folders, err := fs.Glob(fsys, "week*/*")
	if err != nil {
		return err
	}
	// Front matter takes a few milliseconds a session, and the shell's first paint waits for it.
	problems := make([]error, len(folders))
	var reading sync.WaitGroup
	taken := map[*Session]bool{}
	for i, dir := range folders {
		if info, err := fs.Stat(fsys, dir); err != nil || !info.IsDir() {
			problems[i] = fmt.Errorf("%s is not a session's folder", dir)
			continue
		}
		id, _, _ := strings.Cut(path.Base(dir), "-")
		s := c.byID[id]
		if s == nil || path.Dir(dir) != fmt.Sprintf("week%02d", s.Week) || taken[s] {
			problems[i] = fmt.Errorf("%s: not the one folder of a session of that week", dir)
			continue
		}
		taken[s] = true
		reading.Go(func() { problems[i] = s.readFolder(fsys, dir) })
	}
	reading.Wait()
	return errors.Join(problems...)
}

func (s *Session) readFolder(fsys fs.FS, dir string) error {
	name := path.Join(dir, "session.md")
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	parsed, err := Parse(name, data)
	if err != nil {
		return err
	}
	if parsed.ID != s.ID || parsed.Title != s.Title || parsed.Minutes != s.Minutes {
		return fmt.Errorf("%s: id, title and minutes are %s, %q, %d; the catalogue says %s, %q, %d", name, parsed.ID, parsed.Title, parsed.Minutes, s.ID, s.Title, s.Minutes)
	}
	parsed.Phase, parsed.Week, parsed.Project = s.Phase, s.Week, s.Project
	if parsed.folder, err = fs.Sub(fsys, dir); err != nil {
		return err
	}
	*s = *parsed
	return nil
}

// Sessions lists all sessions in order.
func (c *Catalogue) Sessions() []*Session {
	var out []*Session
	for _, p := range c.Phases {
		for _, w := range p.Weeks {
			out = append(out, w.Sessions...)
		}
	}
	return out
}

// Session finds a session by its id, with or without content.
func (c *Catalogue) Session(id string) (*Session, error) {
	if s := c.byID[id]; s != nil {
		return s, nil
	}
	return nil, &engine.Error{Kind: engine.Usage, What: "there is no session " + quoted(id), Next: "pipewright session list shows all of them"}
}

// Open finds a session that can be opened.
func (c *Catalogue) Open(id string) (*Session, error) {
	s, err := c.Session(id)
	if err != nil {
		return nil, err
	}
	if !s.Available() {
		return nil, &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("session %s %s is in the plan and has no content in this version", s.ID, s.Title),
			Next: haveThese("these can be opened: ", c.available(), "no session can be opened")}
	}
	return s, nil
}

func (c *Catalogue) available() []string {
	var ids []string
	for _, s := range c.Sessions() {
		if s.Available() {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

func haveThese(intro string, ids []string, none string) string {
	if len(ids) == 0 {
		return none
	}
	return intro + strings.Join(ids, ", ")
}
