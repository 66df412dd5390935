package cli

import "os"

// The colours of signs, as SGR codes. A sign is told apart by its shape first.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colours a sign on a terminal that wants colour.
func (a *app) paint(code, sign string) string {
	if a.flags.plain || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || terminalWidth(a.out.w) == 0 {
		return sign
	}
	return "\x1b[" + code + "m" + sign + "\x1b[0m"
}
