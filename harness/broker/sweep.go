package broker

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/moby/moby/client"
)

// A container says by these labels whose it is. The process id alone is used again after
// a while, so its start time belongs to it; and both only mean something on one boot of
// one machine (or of one container that shares the engine), which the last label names.
const (
	labelPid      = "restorebench.pid"
	labelPidStart = "restorebench.pid-start"
	labelHost     = "restorebench.host"
)

func ownLabels() map[string]string {
	pid := os.Getpid()
	return map[string]string{
		labelPid:      strconv.Itoa(pid),
		labelPidStart: processStart(pid),
		labelHost:     processHost(),
	}
}

// sweep removes the containers of runs that were killed before they could. It does its
// best: a failure here must not keep a new run from starting.
func (e *engine) sweep(ctx context.Context) {
	list, err := e.provider.Client().ContainerList(ctx, client.ContainerListOptions{
		All:     true,
		Filters: make(client.Filters).Add("label", labelPid),
	})
	if err != nil {
		return
	}
	for _, c := range list.Items {
		if orphaned(c.Labels) {
			_ = e.remove(ctx, c.ID)
		}
	}
}

// orphaned reports whether the process that labels name has surely ended. What cannot be known is no.
func orphaned(labels map[string]string) bool {
	pid, err := strconv.Atoi(labels[labelPid])
	host := processHost()
	if err != nil || host == "" || labels[labelHost] != host || labels[labelPidStart] == "" {
		return false
	}
	return processStart(pid) != labels[labelPidStart]
}

// processStart returns when a process started, in the kernel's units; nothing when there
// is no such process, it has ended and only waits to be reaped, or there is no /proc.
func processStart(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The second field is the command in parentheses and can hold anything: fields are counted from its end.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, start = 0, 19
	if len(fields) <= start || fields[state] == "Z" {
		return ""
	}
	return fields[start]
}

// processHost names the boot and the process namespace that our process ids belong to; nothing when unknown.
func processHost() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + namespace
}
