package processor

import (
	"context"

	"restorebench/harness/changelog"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// outside writes the output of a process with the defect OutputOutside.
var outside *changelog.Writer

// early is where a seeded defect does before a transaction what belongs into it; without the
// build tag it does nothing.
func (x *exactlyOnce) early(ctx context.Context, b *stores.Batch, next stores.Offset) (err error) {
	switch {
	case defect.Is(defect.InputSkipped):
		return x.group.Commit(x.task.Input, next)
	case defect.Is(defect.OutputOutside):
		if outside == nil {
			outside, err = changelog.NewWriter(x.processor.task.Brokers, x.task.Output, 0, offsetTimeout, nil)
		}
		if err == nil {
			_, err = send(ctx, outside, b)
		}
	}
	return err
}
