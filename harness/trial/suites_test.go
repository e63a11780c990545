//go:build defects

package trial

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/internal/defect"
)

// inSuites are defects that a trial does not meet: a test of the package concerned must
// fail.
var inSuites = []struct {
	defect       defect.Name
	suite, tests string // package below the module's root, and a pattern between ^ and $
}{
	{defect.ReadsNotCompared, "harness/trial", "TestCheckReads"},
	{defect.DigestByXOR, "harness/verify", "TestDigestTellsStatesApart"},
	{defect.DigestByXOR, "harness/verify", "TestDigestIsASumModulo2To256"},
	{defect.DigestIgnoresLength, "harness/verify", "TestDigestTellsStatesApart"},
	{defect.StaleAccepted, "harness/restore", "TestPlan"},
	{defect.BehindBegin, "harness/restore", "TestPlan"},
	{defect.TopicNotCompared, "harness/processor", "TestFilesOfAnotherTopicAreWiped"},
	{defect.PartitionsIgnored, "harness/processor", "TestAnotherNumberOfPartitionsIsRefused"},
	{defect.EndNotHeld, "harness/restore", "TestApplyStopsAtTheCapturedEnd"},
	{defect.ChecksumIgnored, "harness/changelog/wire", "TestCorruptBatches"},
	{defect.AbortedApplied, "harness/changelog/wire", "TestTransactions"},
	{defect.ControlCounted, "harness/changelog/wire", "TestTransactions"},
	{defect.AppendTimeIgnored, "harness/changelog/wire", "TestLogAppendTime"},
	{defect.PageTwice, "harness/changelog/wire", "TestDecode"},
	{defect.OlderMark, "stores/memory", "TestSnapshotOfOffset"},
	{defect.SnapshotUnchecked, "stores/memory", "TestEveryBitFlip"},
	{defect.SnapshotOfAnother, "stores/memory", "TestForeignSnapshot"},
	{defect.SnapshotNotFrozen, "stores/memory", "TestCapture"},
	{defect.SnapshotOfOldData, "stores/memory", "TestStoreWithDirectory"},
	{defect.EmptyTakenForNull, "stores/memory", "TestStore"},
	{defect.AbsentTakenForEmpty, "stores/memory", "TestStore"},
	{defect.ProbeChainBroken, "stores/memory", "TestStore"},
	{defect.OffsetAhead, "stores/rocks", "TestSavedOffsetIsKafkaStreams"},
	{defect.OffsetBehind, "stores/rocks", "TestSavedOffsetIsKafkaStreams"},
	{defect.LastKeyMissed, "stores/rocks", "TestStore"},
	{defect.FirstWriteWins, "stores/rocks", "TestBulkStore"},
	{defect.OffsetBeforeRun, "stores/rocks", "TestBulkKill"},
	{defect.TimestampLost, "stores/keyvalue", "TestKafkaStreamsWroteTimestamped"},
	{defect.EvictionForgotten, "stores/keyvalue", "TestLRUEvicts"},
	{defect.OlderVersionLost, "stores/versioned", "TestKafkaStreamsDidTheSame"},
	{defect.MergedSessionLeft, "stores/session", "TestGolden"},
	{defect.MergedSessionLeft, "harness/processor", "TestVotesAreNotHeldBack"},
	{defect.ExpiredShown, "stores/window", "TestExpiry"},
	{defect.ExpiredSegmentKept, "stores/window", "TestDirectories"},
	{defect.LiveSegmentDropped, "stores/window", "TestExpiry"},
	{defect.NewestSegmentOffset, "stores/segments", "TestKillBetweenFlushes"},
	{defect.CachedWriteLost, "stores/cache", "TestEvictionFlushesEverything"},
}

// Each defect makes the tests fail that are there for it; without one they pass.
func TestDefectsInSuites(t *testing.T) {
	dir, tests := t.TempDir(), map[string][]string{}
	build := []string{"test", "-c", "-tags", "defects", "-o", dir + "/"}
	for _, s := range inSuites {
		if tests[s.suite] == nil {
			build = append(build, "restorebench/"+s.suite)
		}
		tests[s.suite] = append(tests[s.suite], s.tests)
	}
	if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for suite, all := range tests {
		t.Run("none "+suite, func(t *testing.T) {
			t.Parallel()
			if out, failed := runSuite(t, dir, suite, strings.Join(all, "|"), defect.None); failed {
				t.Errorf("without a defect it fails:\n%s", out)
			}
		})
	}
	for _, s := range inSuites {
		t.Run(string(s.defect)+" "+s.suite, func(t *testing.T) {
			t.Parallel()
			if out, failed := runSuite(t, dir, s.suite, s.tests, s.defect); !failed || !strings.Contains(out, "--- FAIL: ") {
				t.Errorf("%s does not fail:\n%s", s.tests, out)
			}
		})
	}
}

// runSuite runs tests of a package with a defect, by the program in dir and in the package's directory.
func runSuite(t *testing.T, dir, suite, tests string, d defect.Name) (out string, failed bool) {
	t.Helper()
	binary := filepath.Join(dir, filepath.Base(suite)+".test")
	args := []string{"-test.run", "^(" + tests + ")$", "-test.v", "-test.short"}
	if help, _ := exec.Command(binary, "-h").CombinedOutput(); strings.Contains(string(help), "rapid.nofailfile") {
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=1s")
	}
	suiteRun := exec.Command(binary, args...)
	suiteRun.Dir = filepath.Join("..", "..", suite)
	suiteRun.Env = append(os.Environ(), defect.Env+"="+string(d))
	text, err := suiteRun.CombinedOutput()
	if !strings.Contains(string(text), "=== RUN") {
		t.Fatalf("%s has no test %s: %v\n%s", suite, tests, err, text)
	}
	return string(text), err != nil
}
