package stores

// Reverser is a Store that also iterates backwards; every engine here does.
type Reverser interface {
	// ReverseRange is Range from the last key to the first.
	ReverseRange(from, to []byte) Iterator
}

// Counter is a Store that knows about how many records it holds; every engine here
// does.
type Counter interface {
	// ApproximateCount is the number of records, as an estimate where counting would
	// take a read of them all.
	ApproximateCount() (int64, error)
}

// Ordered is what a typed store needs of an engine.
type Ordered interface {
	Store
	Reverser
	Counter
}
