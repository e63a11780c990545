package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/subject"
	"restorebench/harness/verify"
	"restorebench/internal/defect"
)

// pointReads of each kind (live, deleted, never written) are checked per partition.
const pointReads = 100

// recovery is the task of the processor that comes back on state, with what it is asked to judge it.
func (a *attempt) recovery(state string) subject.Task {
	first, reads := a.reads()
	config := subject.Config{FirstRead: first, Digest: true}
	for _, r := range reads {
		config.Reads = append(config.Reads, subject.Read{Partition: r.Partition, Key: r.Key})
	}
	return a.task(state, config)
}

// recover kills the victim, starts its successor on state, or has a standby take over, times it until the
// first correct read, and verifies all that it restored.
func (a *attempt) recover(ctx context.Context, victim *subject.Process, state string) error {
	t := newTimeline(len(a.workloads))
	if a.copy != nil { // whose events are the timeline's from now on
		close(a.copy.halt)
		<-a.copy.done
	}
	var err error
	if t.killed, err = victim.Kill(); err != nil {
		return err
	}
	reaped, how, err := victim.Wait(ctx)
	if err != nil {
		return err
	}
	t.reaped = reaped
	if !subject.Killed(how) {
		return fmt.Errorf("the processor ended by %s, not by SIGKILL", how)
	}
	successor, err := a.replace(t, state)
	if err != nil {
		return err
	}
	defer successor.Release()
	if err := a.awaitRead(ctx, successor, t, state); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	a.note(t)
	_, reads := a.reads()
	verdict := a.verify(ctx, successor, reads)
	if err := errors.Join(a.judge(t), verdict); err != nil {
		return err
	}
	if err := a.bequeath(ctx, successor, state); err != nil || a.rec.Restored.Records == 0 {
		return err
	}
	successor.Release()
	return a.measureCeiling(ctx, t)
}

// note fills the record with what a recovery took.
func (a *attempt) note(t *timeline) {
	if a.foreign() {
		a.rec.System = &record.System{Version: t.version}
		if settings := a.Subjects[a.rec.Subject].Settings; settings != nil {
			a.rec.System.Settings = settings(a.rec.Cell)
		}
	}
	a.rec.Phases, _ = t.phases()
	a.rec.DowntimeNS = t.servedAt.Sub(t.killed).Nanoseconds()
	if defect.Is(defect.DowntimeFromReaped) {
		a.rec.DowntimeNS = t.servedAt.Sub(t.reaped).Nanoseconds()
	}
	a.rec.Path, a.rec.Reason, a.rec.Restored = t.recovery(), t.reason, t.restored()
	if defect.Is(defect.PathAssumed) {
		a.rec.Path = a.rec.Recovery
	}
}

// measureCeiling fetches once more what the recovery has, which is over.
func (a *attempt) measureCeiling(ctx context.Context, t *timeline) error {
	if err := a.warmBroker(ctx, t.ranges); err != nil {
		return err
	}
	alone, err := a.fetchAlone(ctx, t.ranges)
	a.rec.Restored.FetchAloneNS = alone.Nanoseconds()
	return err
}

// awaitRead follows the successor until its first read. What it uses until then
// is measured as soon as the event arrives.
func (a *attempt) awaitRead(ctx context.Context, p *subject.Process, t *timeline, state string) error {
	var total int64
	done := make([]int64, len(a.workloads))
	return a.follow(ctx, p, func(e subject.Event) (bool, error) {
		if taken, err := a.noteLag(e, t); taken || err != nil {
			return false, err
		}
		if err := t.add(e); err != nil {
			return false, err
		}
		switch e.Event {
		case subject.RestoreStart:
			total += e.To - e.From
			a.watch(StageRestore, 0, total)
		case subject.ProgressMade, subject.CaughtUp:
			if e.Records > 0 {
				done[e.Partition] = e.Records
				a.watch(StageRestore, sum(done), total)
			}
		case subject.FirstRead:
			a.rec.Resources = record.ProcessResources(p.Pid(), state)
			return true, nil
		}
		return false, nil
	})
}

// judge says whether the recovery was the one that was asked for.
func (a *attempt) judge(t *timeline) error {
	if !t.servedOK {
		return errors.New("the first read returned a wrong value")
	}
	if a.rec.Path != a.rec.RightPath() {
		return fmt.Errorf("asked for %s, the processor took %s (%s)", a.rec.Recovery, a.rec.Path, t.reason)
	}
	for i := range a.workloads {
		if t.only != nil && !t.only[int32(i)] {
			continue
		}
		r := t.ranges[int32(i)]
		if r.To < a.ends[i] {
			return fmt.Errorf("partition %d: restored up to offset %d of %d", i, r.To, a.ends[i])
		}
		if a.told != nil {
			if err := a.judgeCopy(i, r, t.caught[int32(i)]); err != nil {
				return err
			}
			continue
		}
		want := map[string]int64{record.Replay: a.end(i), record.LocalTail: a.workloads[i].Tail}[a.rec.Path]
		if c := t.caught[int32(i)]; c.Records != want && !a.fewer(c.Records, want) && !a.compacted() {
			return fmt.Errorf("partition %d: %d records restored by %s, want %d", i, c.Records, a.rec.Path, want)
		}
	}
	return nil
}

// compacted says whether the broker may have removed records already, so that
// fewer come back than were written.
func (a *attempt) compacted() bool {
	if a.rec.Compacted {
		return true
	}
	for _, name := range []string{"segment.ms", "segment.bytes", "min.cleanable.dirty.ratio"} {
		if _, ok := a.Spec.Topic[name]; ok {
			return true
		}
	}
	return a.end(0)*int64(a.rec.KeyBytes+a.rec.ValueBytes) > 1<<29
}

// partitionRead is a point read and its right answer.
type partitionRead struct {
	subject.Read
	want []byte
}

// reads picks the read that ends the downtime and those of the verification.
func (a *attempt) reads() (first *subject.Read, all []partitionRead) {
	for i, m := range a.models {
		for _, r := range m.reads {
			read := subject.Read{Partition: int32(i), Key: r.key}
			all = append(all, partitionRead{read, r.want})
			if first == nil && r.want != nil {
				first = &subject.Read{Partition: int32(i), Key: r.key, Value: r.want}
			}
		}
	}
	return first, all
}

// verify compares the whole restored state with the model, outside the timed
// part, and fills the record's verdict.
func (a *attempt) verify(ctx context.Context, p *subject.Process, reads []partitionRead) error {
	if defect.Is(defect.VerdictNotRun) {
		return nil
	}
	v := a.newVerification()
	all := map[int32]bool{}
	for i := range a.models {
		all[int32(i)] = true
	}
	return v.end(v.follow(ctx, p, all, reads))
}

// verification is the judgement of a state, which one process has or several share.
type verification struct {
	*attempt
	want  []*verify.Digest // by partition, and
	found []verify.Found
	total int64 // entries
	seen  int   // partitions
	wrong []error
}

func (a *attempt) newVerification() *verification {
	v := &verification{attempt: a, want: make([]*verify.Digest, len(a.models)), found: make([]verify.Found, len(a.models))}
	for i, m := range a.models {
		v.want[i] = m.digest
		v.total += m.digest.Count
	}
	a.rec.Verify.Want = verify.Combine(v.want...)
	a.watch(StageVerify, 0, v.total)
	return v
}

// follow takes a process's digests, of the partitions that it owns, and its answers to point reads.
func (v *verification) follow(ctx context.Context, p *subject.Process, owned map[int32]bool, reads []partitionRead) error {
	rec := &v.rec.Verify
	last, answered := v.seen+len(owned), false
	return v.attempt.follow(ctx, p, func(e subject.Event) (bool, error) {
		switch e.Event {
		case subject.ProgressMade:
			v.watch(StageVerify, rec.Count+e.Records, v.total)
		case subject.Settled:
			v.rec.Aftermath = aftermath(e)
		case subject.DigestOf:
			if !owned[e.Partition] {
				return false, fmt.Errorf("%w: a digest of partition %d, which is not its own", subject.ErrProtocol, e.Partition)
			}
			if err := v.add(e); err != nil {
				return false, err
			}
		case subject.Reads:
			answered = true
			rec.PointReads += len(e.Values)
			v.wrong = append(v.wrong, checkReads(reads, e.Values)...)
		}
		return v.seen == last && answered, nil
	})
}

// add takes a digest.
func (v *verification) add(e subject.Event) error {
	if v.found[e.Partition].Digest != "" {
		return fmt.Errorf("%w: another digest of partition %d", subject.ErrProtocol, e.Partition)
	}
	f := verify.Found{Count: e.Count, Bytes: e.Bytes, Digest: e.Digest, Sums: e.Sums}
	v.found[e.Partition] = f
	v.rec.Verify.Count += f.Count
	v.rec.Verify.Bytes += f.Bytes
	v.seen++
	if verdict, why := verify.State(e.Partition, v.want[e.Partition], f); verdict != verify.OK {
		v.wrong = append(v.wrong, errors.New(why))
	}
	return nil
}

// end fills the record's verdict, unless an error has cut the verification short.
func (v *verification) end(err error) error {
	if err != nil {
		return fmt.Errorf("verification did not finish: %w", err)
	}
	rec := &v.rec.Verify
	rec.Digest = verify.CombineFound(v.found)
	if len(v.wrong) > 0 {
		rec.Verdict = verify.Mismatch.String()
		return fmt.Errorf("restored state is wrong: %w", errors.Join(first(v.wrong, 3)...))
	}
	rec.Verdict = verify.OK.String()
	return nil
}

// aftermath is what the subject told of its store after the restore.
func aftermath(e subject.Event) *record.Aftermath {
	return &record.Aftermath{
		BytesWritten: e.Ready.BytesWritten, Files: e.Ready.Files, PendingBytes: e.Ready.PendingBytes,
		SettledNS: e.SettledNS, SettledBytesWritten: e.Settled.BytesWritten, SettledFiles: e.Settled.Files,
		ReadsReady: record.Quantiles(e.ReadsReady), ReadsSettled: record.Quantiles(e.ReadsSettled),
	}
}

func checkReads(want []partitionRead, got []subject.Value) (wrong []error) {
	if len(got) != len(want) {
		return []error{fmt.Errorf("%d point reads answered, want %d", len(got), len(want))}
	}
	for i, r := range want {
		var value []byte
		if got[i].Value != nil {
			value = *got[i].Value
		}
		if verdict, why := verify.Read(r.Key, r.want, value); verdict != verify.OK && !defect.Is(defect.ReadsNotCompared) {
			wrong = append(wrong, errors.New(why))
		}
	}
	return wrong
}

func first(errs []error, n int) []error {
	if len(errs) > n {
		return append(errs[:n:n], fmt.Errorf("and %d more", len(errs)-n))
	}
	return errs
}

// follow hands events to handle until it is done. A subject that fails, ends or
// says nothing for too long is an error with the end of its log.
func (a *attempt) follow(ctx context.Context, p *subject.Process, handle func(subject.Event) (done bool, err error)) error {
	stall := time.NewTimer(a.patience())
	defer stall.Stop()
	for {
		var err error
		select {
		case e, ok := <-p.Events():
			stall.Reset(a.patience())
			switch {
			case !ok:
				_, state, _ := p.Wait(ctx)
				err = fmt.Errorf("the processor ended by itself: %v", state)
			case e.Event == subject.Failed:
				err = fmt.Errorf("the processor failed: %s: %s", e.Code, e.Message)
			default:
				var done bool
				if done, err = handle(e); done && err == nil {
					return nil
				}
			}
		case <-stall.C:
			err = fmt.Errorf("the processor hung: no event for %v", a.patience())
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return a.withLog(err, p)
		}
	}
}

func (a *attempt) withLog(err error, p *subject.Process) error {
	if tail := p.LogTail(5); tail != "" {
		return fmt.Errorf("%w; its log ends with: %s", err, tail)
	}
	return err
}
