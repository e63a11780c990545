package record

import (
	"errors"
	"fmt"
	"slices"
)

// Check finds out whether a record contradicts itself: whether one that says that it is
// valid has the path that was asked for, a verification that ran and found what the model
// wants, and known phases that add up to the downtime. It is the last check of a trial, and trusts none of
// those before it.
func (r *Record) Check() error {
	var sum int64
	for name, ns := range r.Phases {
		if !slices.Contains(Phases, name) || ns < 0 {
			return fmt.Errorf("phase %q took %d ns", name, ns)
		}
		sum += ns
	}
	switch {
	case r.Path != r.RightPath():
		return fmt.Errorf("asked for %s, where %s is right, the processor took %q", r.Recovery, r.RightPath(), r.Path)
	case r.Path != r.Recovery && r.Reason == "":
		return fmt.Errorf("asked for %s, the processor took %q without a reason", r.Recovery, r.Path)
	case r.Verify.Verdict != "ok":
		return fmt.Errorf("the verification's verdict is %q", r.Verify.Verdict)
	case r.Verify.Digest != r.Verify.Want || r.Verify.Want == "":
		return fmt.Errorf("the state has the digest %q, want %q", r.Verify.Digest, r.Verify.Want)
	case r.Verify.PointReads == 0:
		return errors.New("no point read was checked")
	case r.Recovery == Standby && r.Subject == "restorebench" && r.StandbyLag == nil:
		return errors.New("it is not known how far behind the standby was")
	case r.DowntimeNS <= 0 || sum != r.DowntimeNS:
		return fmt.Errorf("the phases add up to %d ns, the downtime is %d ns", sum, r.DowntimeNS)
	}
	return nil
}
