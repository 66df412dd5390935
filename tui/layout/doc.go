// Package layout computes where everything on the screen is: named rectangles, from the size of the
// terminal and what is open. Nothing else in the shell counts rows or columns of the whole.
package layout
