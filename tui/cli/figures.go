package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// grouped writes a whole number with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// size writes a number of bytes in units of 1000, as disks and networks count.
func size(n int64) string { return scaled(n, unitOf(n)) + " " + units[unitOf(n)] }

// sizeOf writes "12.3 of 45.6 MB", both in the same unit.
func sizeOf(done, total int64) string {
	if total <= 0 {
		return size(done)
	}
	u := unitOf(total)
	return scaled(done, u) + " of " + scaled(total, u) + " " + units[u]
}

var units = []string{"B", "kB", "MB", "GB", "TB", "PB"}

func unitOf(n int64) int {
	u := 0
	for f := float64(n); f >= 1000 && u < len(units)-1; f /= 1000 {
		u++
	}
	return u
}

func scaled(n int64, unit int) string {
	f := float64(n)
	for range unit {
		f /= 1000
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatFloat(f, 'f', 1, 64)
}

// seconds writes a duration as "0.04 s": two digits that matter below ten seconds, none above a hundred.
func seconds(d time.Duration) string {
	s := d.Seconds()
	switch {
	case s < 0.1:
		return strconv.FormatFloat(s, 'f', 3, 64) + " s"
	case s < 10:
		return strconv.FormatFloat(s, 'f', 2, 64) + " s"
	case s < 100:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(s, 'f', 0, 64) + " s"
}

// clock writes a duration as 00:41, or 1:02:03.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// count writes "1 row", "2 rows".
func count(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + one + "s"
}
