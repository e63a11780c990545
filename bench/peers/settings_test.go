package peers

import (
	"strings"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// A cell's record tells those settings that are in force, and no others.
func TestSettingsInForce(t *testing.T) {
	p := all()[0]
	for want, c := range map[string]record.Cell{
		"group.instance.id":                    {},
		"":                                     {Group: spec.GroupClassic},
		"processing.guarantee=exactly_once_v2": {Group: spec.GroupClassic, Guarantee: spec.ExactlyOnce},
		"acceptable.recovery.lag num.standby.replicas=1": {Group: spec.GroupClassic, Standby: 1},
		"acceptable.recovery.lag state.cleanup.delay.ms": {Group: spec.GroupClassic, Instances: 2},
		"acceptable.recovery.lag":                        {Group: spec.GroupClassic, Instances: 2, StaticMembership: true},
	} {
		var names []string
		for _, line := range p.InForce(c) {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
}
