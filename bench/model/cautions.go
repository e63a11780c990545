package model

import (
	"fmt"
	"slices"
	"time"

	"restorebench/bench/report"
	"restorebench/harness/spec"
)

// sessionTimeout is after how long a consumer group gives a silent member up, by default (session.timeout.ms).
const sessionTimeout = 45 * time.Second

// Own says whether all of the predictions are of restorebench's own processor.
func Own(all []Prediction) bool {
	return !slices.ContainsFunc(all, func(p Prediction) bool { return p.Subject != spec.SubjectSelf })
}

// Cautions say what predictions leave out. memory is the machine's, bytes; 0: not known.
func (q Question) Cautions(all []Prediction, memory int64) []string {
	onTop := "What a supervisor or a consumer group takes to notice the crash comes on top"
	if q.RTO > 0 && q.RTO < sessionTimeout {
		onTop += fmt.Sprintf(": a group that is left as it is takes %s (session.timeout.ms), more than all of the target", report.About(float64(sessionTimeout)))
	} else {
		onTop += fmt.Sprintf(" (session.timeout.ms, %s unless set)", report.About(float64(sessionTimeout)))
	}
	cached := "Files and changelog come from the page cache, and the broker is on the same machine: from a disk, or over a network, they take longer."
	disk := 0.0
	for _, p := range all {
		disk = max(disk, p.DiskBytes)
	}
	if memory > 0 && disk > float64(memory)/2 {
		cached += fmt.Sprintf(" %s of files and as much of changelog do not fit into the %s of memory of the one measured.", report.Bytes(disk), report.Bytes(float64(memory)))
	}
	return []string{onTop + ".", cached}
}
