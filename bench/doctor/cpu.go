package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"restorebench/harness/record"
)

// governor looks at cpufreq's governors; virtual machines mostly have none.
func (m machine) governor() record.Finding {
	const name = "CPU governor"
	files, _ := fs.Glob(m.root, "sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
	var all []string
	for _, file := range files {
		if text, found := m.read(file); found {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	value := strings.Join(all, ", ")
	switch {
	case len(all) == 0:
		return hidden(name)
	case value == "performance":
		return ok(name, value)
	}
	return warning(name, value, "the clock follows the load, so short phases run slower; cpupower frequency-set -g performance")
}

// turbo looks where the drivers intel_pstate and acpi-cpufreq (and amd-pstate) keep the switch.
func (m machine) turbo() record.Finding {
	const name = "turbo"
	on, found := m.read("sys/devices/system/cpu/cpufreq/boost")
	if off, intel := m.read("sys/devices/system/cpu/intel_pstate/no_turbo"); intel {
		on, found = map[string]string{"0": "1", "1": "0"}[off], true
	}
	switch {
	case !found:
		return hidden(name)
	case on == "1":
		return warning(name, "on", "the clock falls as the processor gets warm; write 0 to cpufreq/boost, or 1 to intel_pstate/no_turbo, in /sys/devices/system/cpu")
	}
	return ok(name, "off")
}

// clock looks at the source of the monotonic clock that every phase is measured with.
func (m machine) clock() record.Finding {
	const name = "clock source"
	source, found := m.read("sys/devices/system/clocksource/clocksource0/current_clocksource")
	switch {
	case !found:
		return hidden(name)
	case source == "jiffies" || source == "refined-jiffies":
		return spoils(name, source, "it ticks in milliseconds, phases last microseconds; choose another of available_clocksource")
	case source == "hpet" || source == "acpi_pm":
		return warning(name, source, "each reading costs microseconds and a system call; tsc is read by the program itself")
	}
	return ok(name, source)
}

// counters are what grows from one reading to the next.
type counters struct {
	cpu     cpu.TimesStat // seconds, of all cores
	swapped uint64        // bytes, in and out
	known   bool          // of cpu
}

func readCounters(ctx context.Context) (c counters) {
	if times, err := cpu.TimesWithContext(ctx, false); err == nil && len(times) > 0 {
		c.cpu, c.known = times[0], true
	}
	if s, err := mem.SwapMemoryWithContext(ctx); err == nil {
		c.swapped = s.Sin + s.Sout
	}
	return c
}

// shares are those of the time between two readings that the cores were busy for others, and that
// the hypervisor kept to itself; false when no time went by.
func shares(before, after counters) (busy, stolen float64, known bool) {
	d := func(field func(cpu.TimesStat) float64) float64 { return field(after.cpu) - field(before.cpu) }
	stolen = d(func(t cpu.TimesStat) float64 { return t.Steal })
	busy = d(func(t cpu.TimesStat) float64 { return t.User + t.System + t.Nice + t.Irq + t.Softirq })
	all := busy + stolen + d(func(t cpu.TimesStat) float64 { return t.Idle + t.Iowait })
	if !before.known || !after.known || all <= 0 {
		return 0, 0, false
	}
	return busy / all, stolen / all, true
}

// busyAbove is what a quiet machine does beside the measurement, as a share of its cores.
const busyAbove = 0.1

// loadOf is never more than a warning: a busy machine's figures are still figures, and interleaving
// spreads the load over all cells alike.
func loadOf(ctx context.Context, before, after counters) record.Finding {
	const name = "load"
	busy, _, known := shares(before, after)
	if !known {
		return hidden(name)
	}
	value := fmt.Sprintf("cores %.0f %% busy", 100*busy)
	if avg, err := load.AvgWithContext(ctx); err == nil {
		value += fmt.Sprintf(", load average %.2f on %d cores", avg.Load1, runtime.NumCPU())
	}
	if busy > busyAbove {
		return warning(name, value, "end what else is running; the slowest trials are otherwise its")
	}
	return ok(name, value)
}

// Steal time that a reader should know of, and that makes downtimes those of the neighbours.
const (
	stealAbove  = 0.02
	stealSpoils = 0.3
)

func steal(before, after counters) record.Finding {
	const name = "steal time"
	_, stolen, known := shares(before, after)
	value := fmt.Sprintf("%.0f %%", 100*stolen)
	const remedy = "the host runs other guests on these cores; measure on dedicated ones"
	switch {
	case !known:
		return hidden(name)
	case stolen > stealSpoils:
		return spoils(name, value, remedy)
	case stolen > stealAbove:
		return warning(name, value, remedy)
	}
	return ok(name, value)
}
