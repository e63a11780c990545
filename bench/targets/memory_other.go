//go:build unix && !linux

package targets

func adviseHuge([]byte) {}
