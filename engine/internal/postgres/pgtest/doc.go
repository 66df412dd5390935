// Package pgtest gives each test a PostgreSQL database of its own, on a real server. The server is the
// one that PIPEWRIGHT_TEST_DSN names, or one that is started once for the test process and ends with it,
// however the process ends.
package pgtest
