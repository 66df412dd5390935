// Package theme holds every colour that the shell draws with: one palette for dark backgrounds, one for
// light ones, one for terminals with 16 colours, and none at all for NO_COLOR.
package theme
