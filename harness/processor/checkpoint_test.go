package processor

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/internal/alloctest"
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
		"of two":              {"0\n2\ntopic 0 3\ntopic 1 3\n", false, "no .checkpoint"},
		"of no offset":        {"0\n1\ntopic 0 9223372036854775807\n", false, "no .checkpoint"},
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

// Every truncation of the file is as good as none, and so is every flipped bit but one that makes another digit of one of the offset's:
// the format, which is Kafka Streams', has no checksum.
func TestCheckpointIsWhole(t *testing.T) {
	c := checkpoint{filepath.Join(t.TempDir(), ".checkpoint"), "app-store-changelog", 3}
	if _, ok, err := c.read(); ok || err != nil {
		t.Errorf("of no file: %v, %v", ok, err)
	}
	const want = 1074 // what is written is one less
	if err := c.write(want); err != nil {
		t.Fatal(err)
	}
	if next, ok, err := c.read(); next != want || !ok || err != nil {
		t.Fatalf("%d, %v, %v, want %d", next, ok, err, want)
	}
	for _, other := range []checkpoint{{c.path, "another-changelog", 3}, {c.path, c.topic, 4}} {
		if _, ok, _ := other.read(); ok {
			t.Errorf("it is taken for one of %s-%d", other.topic, other.partition)
		}
	}
	text, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	head, digits := "0\n1\napp-store-changelog 3 ", "1073"
	if string(text) != head+digits+"\n" {
		t.Fatalf("%q", text)
	}
	refused := func(bad []byte) {
		t.Helper()
		if err := os.WriteFile(c.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if next, ok, err := c.read(); ok || err != nil {
			t.Errorf("%.80q is %d, %v", bad, next, err)
		}
	}
	for n := range text {
		refused(text[:n])
		for bit := range 8 {
			bad := append([]byte{}, text...)
			bad[n] ^= 1 << bit
			if at := n - len(head); at < 0 || at >= len(digits) || bad[n] < '0' || bad[n] > '9' || at == 0 && bad[n] == '0' {
				refused(bad)
				continue
			}
			var last int64 // that nothing tells from what was written
			if _, err := fmt.Sscan(string(bad[len(head):]), &last); err != nil {
				t.Fatal(err)
			}
			if next, ok := c.parse(bad); int64(next) != last+1 || !ok {
				t.Errorf("%q is %d, %v", bad, next, ok)
			}
		}
	}
	refused(append(text[:len(text):len(text)], text...))
	refused([]byte(head + "-1\n"))
	refused(fmt.Appendf(nil, "%s%d\n", head, int64(math.MaxInt64))) // behind which there is no offset
	refused(append(text[:len(text):len(text)], make([]byte, 8<<20)...))
	alloctest.AtMost(t, 1<<20, func() { _, _, _ = c.read() }) // of a long file
}

// A store's number is in its directory before anything of the store may be.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct {
		name string
		want bool
	}{{incarnationName, false}, {"CURRENT", true}} {
		if err := os.WriteFile(filepath.Join(dir, step.name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := files(dir); got != step.want {
			t.Errorf("with %s: %v", step.name, got)
		}
	}
	if files(filepath.Join(dir, "none")) {
		t.Error("there is nothing")
	}
}
