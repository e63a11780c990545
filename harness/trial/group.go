package trial

import "restorebench/harness/subject"

// grouped says whether the subject gets its partitions from a group; a run of votes, without a record, does not.
func (a *attempt) grouped() bool { return a.rec != nil && a.rec.Group != "" }

// group is what the subject is told of its consumer group, nil where there is none.
func (a *attempt) group() *subject.Group {
	if !a.grouped() {
		return nil
	}
	g := &subject.Group{Protocol: a.rec.Group, Input: a.input(), SessionTimeoutMS: a.rec.SessionTimeoutMS}
	if a.rec.StaticMembership {
		g.InstanceID = "restorebench"
	}
	return g
}
