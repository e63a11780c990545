//go:build unix && !linux

package memory

const hugePageBytes = 2 << 20

func adviseHuge([]byte) {}

func populate([]byte) {}
