package doctor

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"

	"restorebench/harness/record"
)

// remote are file systems on another machine, or behind a program of their own.
var remote = []string{"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "glusterfs", "fuse"}

// disk says what the state directory lies on. None of it spoils a run, but each is another
// question answered than that for a disk of the machine's own.
func (m machine) disk(ctx context.Context) record.Finding {
	const name = "disk of the state directory"
	mount, found := record.MountOf(ctx, m.dir)
	if !found {
		return hidden(name)
	}
	family, _, _ := strings.Cut(mount.Fstype, ".") // fuse.sshfs
	device := mount.Fstype + " on " + mount.Device
	switch {
	case mount.Fstype == "tmpfs" || mount.Fstype == "ramfs":
		return warning(name, mount.Fstype, "nothing is written to a disk, so local files come back too fast; --state-dir on a disk")
	case slices.Contains(remote, family):
		return warning(name, device, "what is measured is a network; --state-dir on a disk of this machine")
	case !m.rotational(mount.Device):
		return ok(name, device)
	case strings.HasPrefix(path.Base(mount.Device), "vd"): // virtio says that of every disk
		return ok(name, device+", virtual")
	}
	return warning(name, device+", rotational", "seeks take milliseconds, and RocksDB's compactions make many; --state-dir on an SSD")
}

// rotational asks the device, or the one that it is a partition of.
func (m machine) rotational(device string) bool {
	at := path.Join("sys/class/block", path.Base(device))
	for _, file := range []string{"queue/rotational", "../queue/rotational"} {
		if text, found := m.read(at + "/" + file); found {
			return text == "1"
		}
	}
	return false
}

// What the default sizes leave behind several times over, and what a million keys do not fit into.
const (
	spaceBelow  = 10 * gib
	spaceSpoils = 1 * gib
)

func (m machine) space(ctx context.Context) record.Finding {
	const name = "free space"
	usage, err := disk.UsageWithContext(ctx, m.dir)
	if err != nil {
		return hidden(name)
	}
	return roomy(name, usage.Free, usage.Total)
}

func roomy(name string, free, total uint64) record.Finding {
	value := size(free) + " of " + size(total)
	const remedy = "the changelog, RocksDB and its compactions write the data several times; make room, or give another --state-dir"
	switch {
	case free < spaceSpoils:
		return spoils(name, value, remedy)
	case free < spaceBelow:
		return warning(name, value, remedy)
	}
	return ok(name, value)
}
