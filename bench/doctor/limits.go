package doctor

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/process"

	"restorebench/harness/record"
)

// groups returns, for a controller of cgroups, the directories that may limit this process:
// its own group and those around it, by /proc/self/cgroup. In a container the group's path is the
// host's, and only its root can be seen. "" is version 2, which has one hierarchy for all.
func (m machine) groups(controller string) (dirs []string) {
	text, _ := m.read("proc/self/cgroup")
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(fields) != 3 || !strings.Contains(","+fields[1]+",", ","+controller+",") {
			continue
		}
		mounts := []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}
		if controller != "" {
			mounts = []string{"sys/fs/cgroup/" + fields[1]}
		}
		for _, mount := range mounts {
			for dir := path.Clean("/" + fields[2]); ; dir = path.Dir(dir) {
				dirs = append(dirs, path.Join(mount, dir))
				if dir == "/" {
					break
				}
			}
		}
	}
	return dirs
}

// cpuLimit is the quota of a container, in cores: cpu.max, or cpu.cfs_quota_us of version 1.
func (m machine) cpuLimit() record.Finding {
	const name = "CPU limit"
	least, limited := 0.0, false
	lower := func(quota, period string) {
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 == nil && err2 == nil && q > 0 && p > 0 && (!limited || q/p < least) { // unlimited is "max", or -1
			least, limited = q/p, true
		}
	}
	for _, dir := range m.groups("") {
		text, _ := m.read(dir + "/cpu.max")
		quota, period, _ := strings.Cut(text, " ")
		lower(quota, period)
	}
	for _, dir := range m.groups("cpu") {
		quota, _ := m.read(dir + "/cpu.cfs_quota_us")
		period, _ := m.read(dir + "/cpu.cfs_period_us")
		lower(quota, period)
	}
	value := fmt.Sprintf("%.2g cores", least)
	const remedy = "over its quota the whole container stands still for the rest of each 100 ms; give it whole cores by cpuset instead"
	switch {
	case !limited:
		return ok(name, "none")
	case least < 1:
		return spoils(name, value, remedy)
	case least < float64(runtime.NumCPU()):
		return warning(name, value, remedy)
	}
	return ok(name, value)
}

// memoryLimit is that of a container: memory.max, or memory.limit_in_bytes of version 1.
func (m machine) memoryLimit() record.Finding {
	const name = "memory limit"
	// Version 1 says unlimited by a number that no machine has.
	const unlimited = 1 << 60
	least := uint64(unlimited)
	for controller, file := range map[string]string{"": "memory.max", "memory": "memory.limit_in_bytes"} {
		for _, dir := range m.groups(controller) {
			text, _ := m.read(dir + "/" + file)
			if n, err := strconv.ParseUint(text, 10, 64); err == nil {
				least = min(least, n)
			}
		}
	}
	if least == unlimited {
		return ok(name, "none")
	}
	return enough(name, least, size(least))
}

// What RocksDB has open at a million keys fits below the first several times; the second is
// not enough for Kafka's libraries and segments.
const (
	filesBelow  = 4096
	filesSpoils = 256
)

func (m machine) openFiles(ctx context.Context) record.Finding {
	const name = "open files"
	limits, err := (&process.Process{Pid: int32(m.pid)}).RlimitWithContext(ctx)
	if err != nil {
		return hidden(name)
	}
	for _, l := range limits {
		if l.Resource != process.RLIMIT_NOFILE {
			continue
		}
		const remedy = "RocksDB keeps every file of a store open; ulimit -n 65536"
		value := fmt.Sprintf("at most %d", l.Soft)
		switch {
		case l.Soft < filesSpoils:
			return spoils(name, value, remedy)
		case l.Soft < filesBelow:
			return warning(name, value, remedy)
		}
		return ok(name, value)
	}
	return hidden(name)
}
