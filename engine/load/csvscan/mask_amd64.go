package csvscan

// masks looks at up to 64 blocks of 64 bytes from src on. For each it puts a mask at dst: a bit for each
// byte that is a, b, c or "\n", the first byte's lowest.
//
//go:noescape
func masks(dst *uint64, src *byte, blocks int, a, b, c byte)
