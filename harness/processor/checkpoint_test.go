package processor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// A checkpoint is only believed whole, of its own partition, and not ahead of what the store holds; under exactly once opening the
// store takes it away, so that an unclean end leaves none.
func TestCheckpoint(t *testing.T) {
	for name, c := range map[string]struct {
		text string // "": no file
		eos  bool
		why  string // "": trusted
	}{
		"behind":              {"0\n1\ntopic 0 3\n", false, ""},
		"current":             {"0\n1\ntopic 0 9\n", false, ""},
		"ahead":               {"0\n1\ntopic 0 10\n", false, "the .checkpoint is at 11, the store at 10"},
		"none":                {"", false, "no .checkpoint"},
		"torn":                {"0\n1\ntop", false, "no .checkpoint"},
		"of another topic":    {"0\n1\nother 0 3\n", false, "no .checkpoint"},
		"of another version":  {"1\n1\ntopic 0 3\n", false, "no .checkpoint"},
		"eos, a clean end":    {"0\n1\ntopic 0 9\n", true, ""},
		"eos, an unclean end": {"", true, "the end was unclean"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &processor{task: &subject.Task{StateDir: t.TempDir(), Config: subject.Config{RecoveryModel: spec.Model42, ExactlyOnce: c.eos}}}
			part := &partition{task: subject.Store{Topic: "topic"}, store: memory.New()}
			defer part.store.Close()
			if err := part.store.Apply(&stores.Batch{Next: 10}); err != nil {
				t.Fatal(err)
			}
			path := p.checkpointOf(part).path
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if c.text != "" {
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			why, err := p.distrusted(part, true)
			if err != nil || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
				t.Errorf("%q, %v, want ...%s...", why, err, c.why)
			}
			if trusted := why == ""; trusted != part.checkpointed {
				t.Errorf("trusted: %v, and the saved offset is the checkpoint's: %v", trusted, part.checkpointed)
			}
			if _, err := os.Stat(path); c.eos && err == nil {
				t.Error("the checkpoint is still there while running")
			}
		})
	}
}
