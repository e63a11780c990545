package torture

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"restorebench/harness/subject"
	"restorebench/stores"
)

// judgePart judges what a member has said of a partition that it owns.
func (w *crew) judgePart(m *member, partition int32) (d Damage) {
	h, r := w.shared.parts[partition].history, m.parts[partition]
	all, saved := h.writes(stores.Offset(r.start.From))
	of := fmt.Sprintf("partition %d of member %s", partition, m.name)
	d.add(compare(r.contents, all, len(all)), "restored "+of)
	d.add(compare(r.atOpen, all, saved), fmt.Sprintf("local files of %s at offset %d", of, r.start.From))
	d.add(compare(r.contents, h.inputs(), int(w.shared.parts[partition].fed)), "acknowledged in "+of)
	return d
}

// servedBy are the partitions that are served, and by whom.
func (w *crew) servedBy() map[int32]*member {
	all := map[int32]*member{}
	for _, m := range w.members {
		for p := range m.parts {
			if m.ready {
				all[p] = m
			}
		}
	}
	return all
}

// stillServe judges, while others restore, what is served by those that did so before and have not given it up since.
func (w *crew) stillServe(ctx context.Context, served map[int32]*member, line *Line) (text string, err error) {
	kept := func(p int32) bool { return served[p].parts[p] != nil }
	asked := map[*member]bool{}
	for p, m := range served {
		if kept(p) && !asked[m] {
			asked[m] = true
			if err := w.askFor(m); err != nil {
				return "", err
			}
		}
	}
	err = w.await(ctx, "show what they serve, while others restore", func() bool {
		for p, m := range served {
			if kept(p) && !m.parts[p].shown {
				return false
			}
		}
		return true
	})
	if err != nil {
		return "", err
	}
	var all []string
	for _, p := range slices.Sorted(maps.Keys(served)) {
		if kept(p) {
			line.add(w.judgePart(served[p], p), "while others restored")
			all = append(all, fmt.Sprintf("%d by %s", p, served[p].name))
		}
	}
	if line.any() {
		return "", fmt.Errorf("%w: %s", errCell, line.First)
	}
	return strings.Join(all, ", "), nil
}

// askFor asks a member for what it serves.
func (w *crew) askFor(m *member) error {
	for _, r := range m.parts {
		r.shown = false
	}
	return m.process.Ask(subject.Config{Show: true})
}

// judgeAll judges the whole state: each partition as its one owner has it. A group that moves meanwhile is asked again.
func (w *crew) judgeAll(ctx context.Context, line *Line) error {
	for moves := -1; moves != w.moves; {
		if err := w.await(ctx, "serve", w.serve); err != nil {
			return err
		}
		moves = w.moves
		for _, m := range w.members {
			if err := w.askFor(m); err != nil {
				return err
			}
		}
		if err := w.await(ctx, "show what they serve", func() bool { return w.moves != moves || w.shown() }); err != nil {
			return err
		}
	}
	line.Path = subject.PathLocal
	for p, part := range w.shared.parts {
		m := w.owner(int32(p))
		r := m.parts[int32(p)]
		if r.start.To < int64(part.history.next) {
			return fmt.Errorf("partition %d of member %s was restored up to offset %d, it ends at %d", p, m.name, r.start.To, part.history.next)
		}
		if err := part.history.readTo(ctx, stores.Offset(r.start.To)); err != nil { // a marker may have come behind what was read
			return err
		}
		if r.path != subject.PathLocal {
			line.Path, line.Why = r.path, r.reason
		}
		line.From, line.To, line.CommittedTo = line.From+r.start.From, line.To+r.start.To, line.CommittedTo+part.fed
		line.Entries += len(r.contents)
		line.add(w.judgePart(m, int32(p)), "at the end")
	}
	line.Outcome = map[bool]string{true: OutcomeServed, false: OutcomeReplayed}[line.Path == subject.PathLocal]
	if line.any() {
		return fmt.Errorf("%w: %s", errCell, line.First)
	}
	return nil
}

// shown says whether all that is owned was shown.
func (w *crew) shown() bool {
	for _, m := range w.members {
		for _, r := range m.parts {
			if !r.shown {
				return false
			}
		}
	}
	return true
}
