// Package sizes adds the flags of the benchmarks to a test binary. The flags behind
// -args reach every package that a go test names, and one that doesn't know them
// fails; so each test package below ./bench imports this one.
package sizes

import "flag"

// The sizes to run the benchmarks with, in the form of the knobs of the same names.
var (
	Keys       = flag.String("keys", "100k,1M", "benchmarks: keys of the store, a list")
	ValueBytes = flag.String("value-bytes", "100", "benchmarks: bytes of a value, a list")
	KeyBytes   = flag.String("key-bytes", "16", "benchmarks: bytes of a key")
)
