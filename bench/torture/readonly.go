package torture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// FaultReadOnly makes the processor's directory one that can only be read (EROFS), by a mount upon itself: before the processor
// starts, or while it lives. Then what it has open it can still write to, and it makes no new file.
const FaultReadOnly = "disk-readonly"

// Moments of FaultReadOnly.
const (
	readOnlyAtStart = "at start"
	readOnlyAlive   = "alive"
)

// readOnly is such a mount.
type readOnly struct {
	dir   string
	after time.Duration // from the processor's start; 0: before it
	timer *time.Timer

	mu      sync.Mutex
	mounted bool
	over    bool
	proof   string
	err     error
}

func (r *readOnly) begin(by subject.Command) (subject.Command, error) {
	if r.after == 0 {
		r.mount("before the start")
		return by, r.err
	}
	r.timer = time.AfterFunc(r.after, func() { r.mount(fmt.Sprintf("%v after the start", r.after.Round(time.Millisecond))) })
	return by, nil
}

func (r *readOnly) mount(when string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	if r.err = r.cover(); r.err != nil {
		return
	}
	path := filepath.Join(r.dir, ballast)
	err := os.WriteFile(path, []byte("x"), 0o600)
	if !errors.Is(err, syscall.EROFS) {
		r.err = errors.Join(fmt.Errorf("%s: %s is not read-only", FaultReadOnly, r.dir), err, unlessGone(os.Remove(path)))
		return
	}
	r.proof = fmt.Sprintf("%s: %v", when, err)
}

// cover mounts the directory beside itself, makes that read-only, which nobody who writes to it can prevent there, and puts it over
// the directory.
func (r *readOnly) cover() error {
	beside := r.dir + "-read-only"
	if err := os.Mkdir(beside, 0o700); err != nil {
		return err
	}
	if err := execute("mount", "--bind", r.dir, beside); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	// Where mounts are shared, as they are under systemd, what is put over the directory would be put over this one too.
	err := execute("mount", "--make-private", beside)
	if err == nil {
		err = execute("mount", "-o", "remount,bind,ro", beside)
	}
	if err == nil {
		err = execute("mount", "--bind", beside, r.dir)
		r.mounted = err == nil
	}
	return errors.Join(err, unmount(beside), os.Remove(beside))
}

// unmount leaves nothing mounted, even if somebody still uses it.
func unmount(dir string) error {
	err := execute("umount", dir)
	if err == nil {
		return nil
	}
	return errors.Join(err, execute("umount", "-l", dir))
}

func (r *readOnly) end() (file, proof string, err error) {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	err = r.err
	if r.mounted {
		r.mounted = false
		err = errors.Join(err, unmount(r.dir))
	}
	return "", r.proof, err
}

func (r *readOnly) endings() []ending { return []ending{ofErrno("EROFS", r.named)} }

func (r *readOnly) named(cause string) bool { return namesFile(cause, r.dir) }

// namesFile says whether a cause names a file below a directory. It is not known which one could not be made or changed, but it is one,
// and no directory that there is.
func namesFile(cause, dir string) bool {
	below := regexp.MustCompile(regexp.QuoteMeta(dir) + `/[\w./-]+`)
	return slices.ContainsFunc(below.FindAllString(cause, -1), func(path string) bool {
		info, err := os.Stat(strings.TrimRight(path, ".")) // of a sentence
		return err != nil || !info.IsDir()
	})
}

// checkReadOnly says what is missing for such mounts.
func checkReadOnly(fault string) error {
	if fault != FaultReadOnly {
		return nil
	}
	missing := func(what string) error {
		return &spec.Error{Where: "--fault", Value: fault, Allowed: "on Linux, as root, with mount and umount: " + what}
	}
	if runtime.GOOS != "linux" {
		return missing("this is " + runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		return missing("this is not root")
	}
	for _, program := range []string{"mount", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			return missing(err.Error())
		}
	}
	return nil
}
