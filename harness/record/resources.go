package record

import (
	"io/fs"
	"path/filepath"

	"github.com/shirou/gopsutil/v4/process"
)

// ProcessResources reads what a running process has used since its start, and
// what its files in dir take on disk. What can't be read stays 0.
func ProcessResources(pid int, dir string) Resources {
	var r Resources
	if p, err := process.NewProcess(int32(pid)); err == nil {
		if m, err := p.MemoryInfo(); err == nil {
			r.RSSPeakBytes = int64(max(m.HWM, m.RSS))
		}
		if t, err := p.Times(); err == nil {
			r.CPUNS = int64((t.User + t.System) * 1e9)
		}
	}
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a store removes files while it runs
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			r.DiskBytes += info.Size()
		}
		return nil
	})
	return r
}
