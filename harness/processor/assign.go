package processor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
)

// assign says which partitions the processor owns: those that it was told, if need be once its
// consumer group has given it them.
func (p *processor) assign(ctx context.Context) error {
	partitions := p.task.Config.Partitions
	if g := p.task.Config.Group; g != nil {
		var err error
		p.member, partitions, err = changelog.Join(ctx, p.task.Brokers, groupOf(g), g.Input, p.groupOptions(g))
		if err != nil {
			return err
		}
		if !slices.Equal(partitions, p.task.Config.Partitions) {
			return fmt.Errorf("the group assigned the partitions %v, want all of %v: is there another member?", partitions, p.task.Config.Partitions)
		}
	}
	return p.events.Emit(subject.Event{Event: subject.Assigned, Partitions: partitions})
}

// groupOf is the name of a task's group.
func groupOf(g *subject.Group) string { return cmp.Or(g.Name, strings.TrimSuffix(g.Input, "-input")) }

func (p *processor) groupOptions(g *subject.Group) changelog.GroupOptions {
	return changelog.GroupOptions{
		Protocol: g.Protocol, SessionTimeout: time.Duration(g.SessionTimeoutMS) * time.Millisecond, Heartbeat: time.Duration(g.HeartbeatMS) * time.Millisecond,
		InstanceID: g.InstanceID, Settings: p.client(nil),
	}
}
