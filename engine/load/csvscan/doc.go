// Package csvscan reads delimited text as records, fast and exactly.
//
// [Open] finds out how a stream is stored (gzip or zstd, UTF-8, UTF-16 or Windows-1252) and written
// (delimiter, quote, escape, header, line ends) from a bounded prefix, without ever seeking. A [Source]
// cuts the decoded text into chunks of whole records; a [Parser] splits a [Chunk] into records. Chunks are
// independent of each other, so that several parsers can work in parallel.
//
// The rules of quoting are those of encoding/csv wherever it accepts the input: a quote opens a quoted
// cell only as the cell's first byte, a doubled quote inside stands for one, blank lines are skipped, an
// empty last line is no record, and "\r\n" ends a line as "\n" does. They differ where it refuses or
// changes something: a bare quote in an unquoted cell is kept and the record flagged; text after a closing
// quote is kept, ends at the next delimiter or line end, and the record is flagged; "\r\n" inside a quoted
// cell stays as it is.
//
// Nothing is mangled: bytes that are no text in the encoding are handed on as they are, in a record flagged
// with [BadEncoding].
package csvscan
