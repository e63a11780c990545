package main

import (
	"runtime/debug"
	"testing"
)

// A build is named by its commit, and not as that when it had more; one that does not say is not named.
func TestCommit(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for want, settings := range map[string][]debug.BuildSetting{
		"":                   nil,
		"0123456789ab":       {{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "false"}},
		"0123456789ab+dirty": {{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: revision}},
	} {
		if got := commit(&debug.BuildInfo{Settings: settings}); got != want {
			t.Errorf("%v: %q, want %q", settings, got, want)
		}
	}
	if got := commit(&debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}}); got != "" {
		t.Errorf("changed, of no commit: %q", got)
	}
}
