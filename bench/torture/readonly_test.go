package torture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where mounts are shared the directory can only be read too; and nothing stays mounted, even if a step fails.
func TestReadOnlyOnSharedMount(t *testing.T) {
	needs(t, FaultReadOnly)
	root := t.TempDir()
	err := execute("env", "LC_ALL=C", "mount", "-t", "tmpfs", "tmpfs", root)
	if err != nil && strings.Contains(err.Error(), "permission denied") { // root of a container may not mount
		lacking(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unmount(root); err != nil {
			t.Error(err)
		}
	})
	if err := execute("mount", "--make-shared", root); err != nil {
		t.Fatal(err)
	}
	r := &readOnly{dir: filepath.Join(root, "state")}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.mount("now")
	if r.err != nil || !strings.Contains(r.proof, "read-only file system") {
		t.Errorf("%q, %v", r.proof, r.err)
	}
	if below := mountsBelow(t, root); len(below) != 1 || below[0] != r.dir {
		t.Errorf("mounted are %v, want %s", below, r.dir)
	}
	if _, _, err := r.end(); err != nil {
		t.Error(err)
	}
	nothingLeft(t, root)
	if err := os.WriteFile(filepath.Join(r.dir, "file"), nil, 0o600); err != nil {
		t.Error(err)
	}

	r = &readOnly{dir: filepath.Join(root, "none")}
	r.mount("where there is nothing")
	if _, _, err := r.end(); err == nil {
		t.Error("a directory that is not there was mounted")
	}
	nothingLeft(t, root)

	// Each later step fails once.
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "mount"), []byte(failsOnce), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"2", "3", "4"} {
		t.Setenv("RESTOREBENCH_TEST_CALL", call)
		t.Setenv("RESTOREBENCH_TEST_COUNT", filepath.Join(bin, "count-"+call))
		t.Setenv("RESTOREBENCH_TEST_PATH", strings.TrimPrefix(os.Getenv("PATH"), bin+":"))
		t.Setenv("PATH", bin+":"+strings.TrimPrefix(os.Getenv("PATH"), bin+":"))
		r = &readOnly{dir: filepath.Join(root, "state")}
		r.mount("in vain")
		if _, proof, err := r.end(); err == nil || proof != "" || !strings.Contains(err.Error(), "not this time") {
			t.Errorf("call %s: %q, %v", call, proof, err)
		}
		nothingLeft(t, root)
	}
}

// failsOnce is a mount that fails at the call that is asked for.
const failsOnce = `#!/bin/sh
echo >>"$RESTOREBENCH_TEST_COUNT"
if [ "$(wc -l <"$RESTOREBENCH_TEST_COUNT")" -eq "$RESTOREBENCH_TEST_CALL" ]; then
	echo not this time
	exit 1
fi
PATH=$RESTOREBENCH_TEST_PATH exec mount "$@"
`

func nothingLeft(t *testing.T, root string) {
	t.Helper()
	if below := mountsBelow(t, root); len(below) > 0 {
		t.Fatalf("mounted still: %v", below)
	}
	if _, err := os.Stat(filepath.Join(root, "state-read-only")); err == nil {
		t.Error("the directory beside is still there")
	}
}

// mountsBelow are the mount points below a directory, each as often as something is mounted there.
func mountsBelow(t *testing.T, root string) (points []string) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if point := strings.Fields(line)[4]; strings.HasPrefix(point, root+"/") {
			points = append(points, point)
		}
	}
	return points
}

// A file that could not be made is named, not only a directory that there is.
func TestReadOnlyFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	r := &readOnly{dir: filepath.Join(dir, "state-1")}
	if err := os.MkdirAll(filepath.Join(r.dir, "0_0", "rocksdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	for cause, want := range map[string]bool{
		"open DIR/0_0/rocksdb/000007.sst: read-only file system":                        true,
		"rocks: open DIR/0_0/rocksdb: IO error: While renaming DIR/0_0/rocksdb/LOG: no": true,
		"mkdir DIR/0_0/other: read-only file system":                                    true,
		"rocks: open DIR/0_0/rocksdb: read-only file system":                            false,
		"it was DIR/0_0/rocksdb.":                                                       false,
		"DIR: read-only file system":                                                    false,
		"read-only file system":                                                         false,
		"open DIR0/0_0/000007.sst: read-only file system":                               false,
	} {
		if got := r.named(strings.ReplaceAll(cause, "DIR", r.dir)); got != want {
			t.Errorf("%s: %v, want %v", cause, got, want)
		}
	}
}

// A mount that does nothing is told from one, and leaves no file in the directory of the store.
func TestReadOnlyThatIsWritten(t *testing.T) {
	bin := t.TempDir()
	for _, program := range []string{"mount", "umount"} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	r := &readOnly{dir: filepath.Join(t.TempDir(), "state")}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.mount("now")
	_, proof, err := r.end()
	if err == nil || proof != "" || !strings.Contains(err.Error(), r.dir+" is not read-only") || strings.Contains(err.Error(), "%!") {
		t.Errorf("%q, %v", proof, err)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
