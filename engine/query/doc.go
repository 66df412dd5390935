// Package query runs SQL on a backend and delivers what it returns: as batches of typed text cells, as
// a window that scrolls forward and back, or as a file.
//
// It knows nothing of a driver. It cuts the text into statements, hands each to a [Conn], forwards the
// rows while they arrive, writes exports, and turns a position in the text into psql's LINE and caret.
package query
