package cli

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value string
	of    []string
}

func oneOf(value string, of ...string) *choice { return &choice{value: value, of: of} }

// String implements pflag.Value.
func (c *choice) String() string { return c.value }

// Set implements pflag.Value.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return errors.New("it takes " + c.words())
	}
	c.value = s
	return nil
}

// Type implements pflag.Value; help shows it behind the flag.
func (c *choice) Type() string { return strings.Join(c.of, "|") }

func (c *choice) words() string {
	last := len(c.of) - 1
	return strings.Join(c.of[:last], ", ") + " or " + c.of[last]
}

// addChoice adds a flag of choice to a command, with its completion.
func addChoice(cmd *cobra.Command, c *choice, name, help string) {
	cmd.Flags().Var(c, name, help)
	completeFlag(cmd, name, c.of...)
}

// completeFlag offers words as completions of a flag's value.
func completeFlag(cmd *cobra.Command, name string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not there: a slip in the command's own table
	}
}

// wholeNumber is a flag that takes a whole number from a minimum on, also written 10k, 1m or 1,000.
type wholeNumber struct {
	value int64
	least int64
}

// String implements pflag.Value.
func (n *wholeNumber) String() string { return strconv.FormatInt(n.value, 10) }

// Set implements pflag.Value.
func (n *wholeNumber) Set(s string) error {
	v, err := parseCount(s)
	if err != nil || v < n.least {
		return errors.New("it takes " + n.words())
	}
	n.value = v
	return nil
}

// Type implements pflag.Value.
func (n *wholeNumber) Type() string { return "N" }

func (n *wholeNumber) words() string {
	return "a whole number from " + strconv.FormatInt(n.least, 10) + " on, such as 500, 10k or 1m"
}

func parseCount(s string) (int64, error) {
	digits := strings.NewReplacer(",", "", "_", "").Replace(s)
	by := int64(1)
	switch {
	case strings.HasSuffix(digits, "k"), strings.HasSuffix(digits, "K"):
		by = 1000
	case strings.HasSuffix(digits, "m"), strings.HasSuffix(digits, "M"):
		by = 1000_000
	}
	if by > 1 {
		digits = digits[:len(digits)-1]
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, err
	}
	if by > 1 && (v > 1<<62/by || v < -(1<<62/by)) {
		return 0, strconv.ErrRange
	}
	return v * by, nil
}
