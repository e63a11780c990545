package record

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// CaptureEnvironment describes the machine, with dir's file system as its disk.
// What can't be read stays empty; the caller adds the versions that it knows.
func CaptureEnvironment(dir string) *Environment {
	e := &Environment{Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), Cache: "warm"}
	if h, err := host.Info(); err == nil {
		e.OS, e.Kernel = h.Platform+" "+h.PlatformVersion, h.KernelVersion
	}
	if c, err := cpu.Info(); err == nil && len(c) > 0 {
		e.CPU = c[0].ModelName
	}
	if m, err := mem.VirtualMemory(); err == nil {
		e.MemBytes = int64(m.Total)
	}
	if m, ok := MountOf(context.Background(), dir); ok {
		e.Disk = m.Fstype
	}
	return e
}

// MountOf finds what is mounted where dir lies, by the table of mounts:
// statfs can't tell ext4 from ext2.
func MountOf(ctx context.Context, dir string) (found disk.PartitionStat, ok bool) {
	if dir == "" {
		return found, false
	}
	mounts, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return found, false
	}
	best := -1
	for _, m := range mounts {
		rel, err := filepath.Rel(m.Mountpoint, dir)
		if err == nil && filepath.IsLocal(rel) && len(m.Mountpoint) >= best {
			best, found = len(m.Mountpoint), m
		}
	}
	return found, best >= 0
}
