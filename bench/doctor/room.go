package doctor

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"

	"restorebench/harness/record"
)

// Room judges whether what a plan needs at least, in bytes, is there: of memory, and of the disk of dir. It returns what is not.
func Room(ctx context.Context, dir string, memory, space int64) (short []record.Finding) {
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil && m.Total > 0 {
		short = append(short, room("memory for the keys", memory, m.Available, m.Total)...)
	}
	if d, err := disk.UsageWithContext(ctx, dir); err == nil {
		short = append(short, room("disk for the keys", space, d.Free, d.Total)...)
	}
	return short
}

func room(name string, needs int64, free, total uint64) []record.Finding {
	if uint64(max(needs, 0)) <= free {
		return nil
	}
	value := fmt.Sprintf("%s of keys and values, %s of %s are free", size(uint64(needs)), size(free), size(total))
	return []record.Finding{spoils(name, value, "measure fewer keys or smaller values, or make room")}
}
