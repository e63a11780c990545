package page

import (
	"fmt"

	"restorebench/bench/report"
)

// limits are what the figures do not say, as far as it is true of this run.
func limits(v *view) (all []string) {
	say := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	say(true, "One machine, one run. Ratios within the run are what to read; the same times on another machine, or another day, are not to be expected.")
	say(v.Broker.Kind == "local" || v.Broker.Kind == "container", "Broker, processor and harness share that machine: no network lies between them, and they compete for its cores.")
	say(v.warm(), "The page cache was warm: files and changelog came out of memory, as after a crash of the process, not of the machine.")
	say(true, "An interval tells how well the median is known (%s). It does not bound the next crash: for that, look at the slowest trial.", v.Intervals())
	few := false
	grouped := false
	for _, c := range v.Cells {
		few = few || c.N > 0 && c.N < 10
		grouped = grouped || c.Group != ""
	}
	say(few, "Few trials: %s of each cell. What happens once in a hundred crashes has hardly been seen.", v.Trials())
	say(!grouped, "The replacement was started at once and knew its partitions: what a supervisor, an orchestrator or a consumer group takes to notice comes on top.")
	say(v.Invalid == 1, "One trial was invalid; it is part of no figure, and is listed with its cell.")
	say(v.Invalid > 1, "%d trials were invalid; they are part of no figure, and are listed with their cells.", v.Invalid)
	return all
}

// warm tells whether any cell was measured with a warm page cache.
func (v *view) warm() bool {
	for _, c := range v.Cells {
		if c.PageCache == "" {
			return v.Environment == nil || v.Environment.Cache == "" || v.Environment.Cache == "warm"
		}
	}
	return false
}

// Machine lists what is known of the environment.
func (v *view) Machine() (rows [][2]string) {
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, [2]string{name, value})
		}
	}
	if e := v.Environment; e != nil {
		add("CPU", e.CPU)
		add("Cores", positive(e.Cores > 0, fmt.Sprint(e.Cores)))
		add("Memory", positive(e.MemBytes > 0, report.Bytes(float64(e.MemBytes))))
		add("File system", e.Disk)
		add("Page cache", e.Cache)
		add("System", e.OS+" "+e.Arch)
		add("Kernel", e.Kernel)
		add("Go", e.Go)
		add("RocksDB", e.RocksDB)
		add("librdkafka", e.Librd)
		add("Java", e.Java)
		add("Docker", e.Docker)
		add("restorebench", e.Version)
	}
	add("Kafka", v.Broker.Version)
	add("Broker", v.Broker.Kind)
	return rows
}

func positive(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
