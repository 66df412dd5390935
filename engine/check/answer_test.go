package check

import (
	"strings"
	"testing"
)

// The query that a report is compared with is the session's answer: no message may show it.
func TestAFailureDoesNotShowTheOraclesQuery(t *testing.T) {
	s := spec{"equals": "select status, count(*) from leads group by status"}
	for _, said := range []string{fileExpectation(s), input{spec: s}.expectation()} {
		if strings.Contains(said, "select") || strings.Contains(said, "group by") {
			t.Errorf("it says %q", said)
		}
	}
}
