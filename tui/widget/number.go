package widget

import (
	"fmt"
	"strconv"
	"time"
)

// Count is a number with its thousands set apart: 1,000,000.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := ""
	if n < 0 {
		neg, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return neg + s
}

// Plural is a count with its noun: "1 row", "2 rows".
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Size is a number of bytes for people, in powers of 1,000.
func Size(n int64) string {
	if n < 1000 {
		return Plural(n, "byte", "bytes")
	}
	v, i := float64(n)/1000, 0
	for v >= 999.95 && i < 4 {
		v /= 1000
		i++
	}
	return fmt.Sprintf("%.1f %s", v, [...]string{"kB", "MB", "GB", "TB", "PB"}[i])
}

// Span is a duration for people, to two figures or so: "0.04 s", "12.3 s", "2 m 05 s", "1 h 10 m".
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		s := int(d.Round(time.Second).Seconds())
		return fmt.Sprintf("%d m %02d s", s/60, s%60)
	default:
		m := int(d.Round(time.Minute).Minutes())
		return fmt.Sprintf("%d h %02d m", m/60, m%60)
	}
}
