package query

// scrolling are the verbs of statements that only read, and give rows: those of PostgreSQL, and DuckDB's
// own FROM, DESCRIBE, SUMMARIZE, PIVOT and UNPIVOT.
var scrolling = map[string]bool{
	"select": true, "values": true, "table": true, "show": true, "explain": true,
	"from": true, "describe": true, "summarize": true, "pivot": true, "unpivot": true,
}

// Scrolls says whether a window can be opened on a statement: it reads, and gives rows. SELECT … INTO
// makes a table and does not; what else a statement's functions do is not known here.
func Scrolls(statement string) bool {
	for _, s := range Split(statement) {
		if s.Empty {
			continue
		}
		if !scrolling[s.Verb] {
			return false
		}
		for _, w := range s.Words {
			if w == "into" {
				return false
			}
		}
		return true
	}
	return false
}
