package record

import (
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
	if d, err := disk.Usage(dir); err == nil {
		e.Disk = d.Fstype
	}
	return e
}
