// Package doctor finds what would spoil a measurement on this machine, and says what to do
// about it. What a system does not show is never guessed: such a finding says so and is ok.
package doctor

import (
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/common"

	"restorebench/harness/record"
)

// sample is how long the machine is watched for its load, for steal time and for swapping.
const sample = 500 * time.Millisecond

// machine is where the checks look.
type machine struct {
	root fs.FS // of /proc and /sys
	dir  string
	pid  int
	wait func(context.Context) // between the two readings of a counter
}

// Machine examines the machine, with dir's disk as the one that state will lie on. It takes half a
// second, and is part of every run's records: see [Notable].
func Machine(ctx context.Context, dir string) []record.Finding {
	m := machine{root: os.DirFS("/"), dir: dir, pid: os.Getpid(), wait: func(ctx context.Context) {
		select {
		case <-time.After(sample):
		case <-ctx.Done():
		}
	}}
	return m.examine(ctx)
}

// at makes gopsutil read below another root than /.
func at(ctx context.Context, root string) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: path.Join(root, "proc"), common.HostSysEnvKey: path.Join(root, "sys"),
	})
}

func (m machine) examine(ctx context.Context) []record.Finding {
	before := readCounters(ctx)
	m.wait(ctx)
	after := readCounters(ctx)
	return slices.Concat(
		[]record.Finding{m.governor(), m.turbo(), m.clock(), loadOf(ctx, before, after), steal(before, after)},
		[]record.Finding{memory(ctx), swap(ctx, before, after), m.hugePages(), m.ballooning()},
		[]record.Finding{m.disk(ctx), m.space(ctx)},
		[]record.Finding{m.cpuLimit(), m.memoryLimit(), m.openFiles(ctx)},
	)
}

// Notable are the findings that are not ok, without their remedies: as records keep them.
func Notable(all []record.Finding) (few []record.Finding) {
	for _, f := range all {
		if f.Level != record.LevelOK {
			f.Remedy = ""
			few = append(few, f)
		}
	}
	return few
}

// Spoiled reports whether measuring here would be meaningless.
func Spoiled(all []record.Finding) bool {
	return slices.ContainsFunc(all, func(f record.Finding) bool { return f.Level == record.LevelSpoils })
}

func ok(name, value string) record.Finding {
	return record.Finding{Name: name, Value: value, Level: record.LevelOK}
}

func warning(name, value, remedy string) record.Finding {
	return record.Finding{Name: name, Value: value, Level: record.LevelWarning, Remedy: remedy}
}

func spoils(name, value, remedy string) record.Finding {
	return record.Finding{Name: name, Value: value, Level: record.LevelSpoils, Remedy: remedy}
}

// hidden is a finding of what the system does not show.
func hidden(name string) record.Finding { return ok(name, "not shown by this system") }

// read returns a file of the machine without its final line break.
func (m machine) read(name string) (text string, found bool) {
	data, err := fs.ReadFile(m.root, name)
	return strings.TrimSpace(string(data)), err == nil
}
