package plan

import (
	"strconv"
	"strings"

	"pipewright/engine"
)

// Clock says what a plan's times are.
type Clock string

// The clocks. They are never mixed: a plan has one.
const (
	Wall Clock = "wall" // elapsed time, as PostgreSQL measures it
	CPU  Clock = "cpu"  // seconds of all threads added up, as DuckDB measures its operators
)

// Plan is one plan tree. Nodes are in the order of the text form: a parent before its children. All
// times are milliseconds.
type Plan struct {
	Backend     engine.Backend `json:"backend"`
	PlanningMs  *float64       `json:"planning_ms"`
	ExecutionMs *float64       `json:"execution_ms"` // with auto_explain and DuckDB: the whole statement
	Nodes       []Node         `json:"nodes"`
	Clock       Clock          `json:"clock"`
	// OutsideMs is time that was spent after the root had finished: a WITH query that writes and that
	// nobody read to its end.
	OutsideMs     float64    `json:"outside_ms,omitempty"`
	Query         string     `json:"query,omitempty"`
	Settings      []Property `json:"settings,omitempty"`
	Triggers      []Trigger  `json:"triggers,omitempty"`
	JIT           []Property `json:"jit,omitempty"`
	Planning      []Property `json:"planning,omitempty"` // buffers and memory that planning took
	Serialization []Property `json:"serialization,omitempty"`
	Properties    []Property `json:"properties,omitempty"` // whatever else was said about the whole
	Line          int        `json:"-"`                    // where it begins in what was pasted, from 1
}

// Node is one operator. Pointers are nil where the plan does not say.
type Node struct {
	ID              int      `json:"id"`     // from 1, in order
	Parent          int      `json:"parent"` // 0 for the root
	Depth           int      `json:"depth"`
	Type            string   `json:"type"` // as PostgreSQL's text form names it: "Parallel Seq Scan", "Hash Left Join"
	Relation        string   `json:"relation"`
	Alias           string   `json:"alias"`
	Index           string   `json:"index"`
	CTEName         string   `json:"cte_name"`     // of a CTE Scan or WorkTable Scan
	SubplanName     string   `json:"subplan_name"` // "InitPlan 1 (returns $0)", "SubPlan 2", "CTE x"
	EstRows         *float64 `json:"est_rows"`
	Rows            *float64 `json:"rows"` // per loop
	Loops           *float64 `json:"loops"`
	WorkersPlanned  *float64 `json:"workers_planned"`
	WorkersLaunched *float64 `json:"workers_launched"`
	InclusiveMs     *float64 `json:"inclusive_ms"` // over all loops, with everything beneath
	SelfMs          *float64 `json:"self_ms"`
	SelfShare       *float64 `json:"self_share"`   // of the whole, 0 to 1
	RowError        *float64 `json:"row_error"`    // actual over estimated, both at least one row: 100 is a hundredfold underestimate
	RowsRemoved     *float64 `json:"rows_removed"` // by filters and rechecks, per loop
	SharedHit       *float64 `json:"shared_hit"`   // blocks, with everything beneath, over all loops
	SharedRead      *float64 `json:"shared_read"`
	NeverExecuted   bool     `json:"never_executed"`
	Approximate     bool     `json:"approximate"`

	Why         string     `json:"approximate_why,omitempty"`
	Schema      string     `json:"schema,omitempty"`
	StartupCost *float64   `json:"startup_cost,omitempty"`
	TotalCost   *float64   `json:"total_cost,omitempty"`
	Width       *float64   `json:"width,omitempty"`
	StartupMs   *float64   `json:"startup_ms,omitempty"` // per loop
	TotalMs     *float64   `json:"total_ms,omitempty"`   // per loop
	Self        *Resources `json:"self,omitempty"`
	Workers     []Worker   `json:"workers,omitempty"`
	Properties  []Property `json:"properties,omitempty"` // everything else, under the names of the JSON form
	disabled    bool       // PostgreSQL 18: the planner had been told not to use it
	line        int        // in what was pasted
	column      int        // of the name, in the text form
}

// Worker is one parallel worker's part in a node.
type Worker struct {
	Number     int        `json:"number"`
	StartupMs  *float64   `json:"startup_ms,omitempty"`
	TotalMs    *float64   `json:"total_ms,omitempty"`
	Rows       *float64   `json:"rows,omitempty"`
	Loops      *float64   `json:"loops,omitempty"`
	Properties []Property `json:"properties,omitempty"`
}

// Resources are what a node took by itself, without the nodes beneath. Blocks, milliseconds and bytes.
type Resources struct {
	SharedHit     float64 `json:"shared_hit"`
	SharedRead    float64 `json:"shared_read"`
	SharedDirtied float64 `json:"shared_dirtied"`
	SharedWritten float64 `json:"shared_written"`
	TempRead      float64 `json:"temp_read"`
	TempWritten   float64 `json:"temp_written"`
	IOMs          float64 `json:"io_ms"`
	WALBytes      float64 `json:"wal_bytes"`
	WALRecords    float64 `json:"wal_records"`
	MemoryBytes   float64 `json:"memory_bytes"` // peak, of this node alone
}

// Property is a named value as the plan prints it, without unit: sizes are kilobytes and times
// milliseconds where PostgreSQL's JSON has them so. A group's members are named "Group/Member".
type Property struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Trigger is the time that a trigger or a foreign key took, outside the tree.
type Trigger struct {
	Name       string   `json:"name,omitempty"`
	Constraint string   `json:"constraint,omitempty"`
	Relation   string   `json:"relation,omitempty"`
	TimeMs     *float64 `json:"time_ms"`
	Calls      float64  `json:"calls"`
}

// Get gives a property by its name in PostgreSQL's JSON form, or "".
func (n *Node) Get(key string) string { return get(n.Properties, key) }

// Number gives a property as a number, 0 where there is none.
func (n *Node) Number(key string) float64 { return number(n.Properties, key) }

// Executed says whether the plan was run, which is to say that it has actual figures.
func (p *Plan) Executed() bool {
	return len(p.Nodes) > 0 && (p.Nodes[0].Rows != nil || p.Nodes[0].NeverExecuted)
}

// Timed says whether nodes have times.
func (p *Plan) Timed() bool { return len(p.Nodes) > 0 && p.Nodes[0].InclusiveMs != nil }

// Children gives the ids of each node's children, by id; index 0 holds the root.
func (p *Plan) Children() [][]int {
	out := make([][]int, len(p.Nodes)+1)
	for i := range p.Nodes {
		n := &p.Nodes[i]
		out[n.Parent] = append(out[n.Parent], n.ID)
	}
	return out
}

// Node gives a node by its id, nil for one that is not there.
func (p *Plan) Node(id int) *Node {
	if id < 1 || id > len(p.Nodes) {
		return nil
	}
	return &p.Nodes[id-1]
}

func get(ps []Property, key string) string {
	for i := range ps {
		if ps[i].Key == key {
			return ps[i].Value
		}
	}
	return ""
}

func number(ps []Property, key string) float64 {
	f, err := strconv.ParseFloat(get(ps, key), 64)
	if err != nil {
		return 0
	}
	return f
}

// take removes a property and gives its value.
func take(ps *[]Property, key string) (string, bool) {
	for i, p := range *ps {
		if p.Key == key {
			*ps = append((*ps)[:i], (*ps)[i+1:]...)
			return p.Value, true
		}
	}
	return "", false
}

// takeNumber removes a property that is a number and gives it; another is left where it is.
func takeNumber(ps *[]Property, key string) *float64 {
	for _, p := range *ps {
		if p.Key != key {
			continue
		}
		f, ok := parseNumber(p.Value)
		if !ok {
			return nil
		}
		take(ps, key)
		return &f
	}
	return nil
}

// parseNumber reads a finite number.
func parseNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f-f != 0 || strings.ContainsAny(s, "xX_") {
		return 0, false
	}
	return f, true
}
