// Package load is the pane of a load: live counters, rate and time left while it runs; then what became
// of each row, the reasons, the first rejected rows and where the others are.
package load
