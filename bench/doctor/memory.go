package doctor

import (
	"context"
	"fmt"
	"regexp"

	"github.com/shirou/gopsutil/v4/mem"

	"restorebench/harness/record"
	"restorebench/internal/balloon"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

func size(bytes uint64) string {
	if bytes < gib {
		return fmt.Sprintf("%d MiB", bytes/mib)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/gib)
}

// What Kafka, the harness and the default sizes need, and what not even the smallest run gets by with.
const (
	memoryBelow  = 3 * gib
	memorySpoils = 1 * gib
)

func memory(ctx context.Context) record.Finding {
	const name = "available memory"
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil || m.Total == 0 {
		return hidden(name)
	}
	return enough(name, m.Available, size(m.Available)+" of "+size(m.Total))
}

// enough judges an amount of memory.
func enough(name string, bytes uint64, value string) record.Finding {
	const remedy = "Kafka and the stores push each other out of the page cache, or are killed; free some, or measure fewer keys"
	switch {
	case bytes < memorySpoils:
		return spoils(name, value, remedy)
	case bytes < memoryBelow:
		return warning(name, value, remedy)
	}
	return ok(name, value)
}

// swapping is what a machine that has enough memory never moves within a sample.
const swapping = mib

func swap(ctx context.Context, before, after counters) record.Finding {
	const name = "swap"
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil || m.Total == 0 {
		return hidden(name)
	}
	used := m.SwapTotal - min(m.SwapFree, m.SwapTotal)
	moved := after.swapped - min(before.swapped, after.swapped)
	switch {
	case moved > swapping:
		return spoils(name, fmt.Sprintf("%s moved in %v", size(moved), sample), "what is measured is the swap device; free memory, then swapoff -a")
	case used > swapping:
		return warning(name, size(used)+" in use", "a page that comes back in mid-trial costs milliseconds; free memory, then swapoff -a")
	case m.SwapTotal == 0:
		return ok(name, "none")
	}
	return ok(name, "not in use")
}

var chosen = regexp.MustCompile(`\[(.+)\]`)

// hugePages looks at transparent huge pages. That they are there is no fault; that a page fault may
// stop to make one is, and the newly touched memory of a restore is nothing but page faults.
func (m machine) hugePages() record.Finding {
	const name, below = "transparent huge pages", "sys/kernel/mm/transparent_hugepage/"
	setting := func(file string) string {
		text, _ := m.read(below + file)
		if found := chosen.FindStringSubmatch(text); found != nil {
			return found[1]
		}
		return ""
	}
	enabled, defrag := setting("enabled"), setting("defrag")
	switch {
	case enabled == "":
		return hidden(name)
	case enabled == "always" && defrag == "always":
		return warning(name, "always, defrag always", "page faults wait for the kernel to move memory together; write madvise to /"+below+"defrag")
	}
	return ok(name, enabled)
}

// ballooning looks for a host that takes free memory away.
func (m machine) ballooning() record.Finding {
	const name = "memory balloon"
	reports, err := balloon.Reports(m.root)
	switch {
	case err != nil:
		return hidden(name)
	case reports:
		return warning(name, "takes free memory (free page reporting)",
			"to get it back from the host can take a second per GiB: a run does that before each crash, other tools do not; turn reporting off on the host, or repeat more")
	}
	return ok(name, "none")
}
