package processor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// An error that somebody can mend says what to do and where, by its code.
func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		err          error
		code, advice string
	}{
		{&fs.PathError{Op: "write", Path: "/s/0_0/snapshot", Err: syscall.ENOSPC}, "disk_full", "make room on the disk of /s, and start again"},
		{fmt.Errorf("flush: %w", syscall.EDQUOT), "disk_full", "make room on the disk of /s, and start again"},
		{errors.Join(errors.New("close"), syscall.EIO), "disk_failed", "see to the disk of /s, and start again"},
		{syscall.EROFS, "disk_read_only", "make /s writable, and start again"},
		{syscall.EACCES, "no_access", "give this user access to /s, and start again"},
		{fmt.Errorf("end offset: %w: %w", changelog.ErrAway, syscall.EPERM), "broker_away", "see that it runs and can be reached from here, and start again"},
		{changelog.ErrExpired, "fenced", "unless another processor has taken over, start again"},
		{changelog.ErrFenced, "fenced", "that one goes on with the work: once it has ended, start again"},
		{changelog.ErrOpenTransaction, "open_transaction", "then start again"},
		{fmt.Errorf("open: %w (pid 7)", stores.ErrLocked), "locked", "end that process, or take another state directory than /s, and start again"},
		{stores.ErrCorrupt, "corrupt", "remove the directories 0_* in /s, and start again: the changelog is replayed"},
		{errors.Join(stores.ErrCorrupt, changelog.ErrAway), "corrupt", "remove the directories 0_* in /s"}, // as its code has it
		{errors.New("something else"), "failed", ""},
	} {
		err := advised(c.err, &subject.Task{StateDir: "/s", Brokers: "b:1,b:2"})
		if got := code(err); got != c.code {
			t.Errorf("%v: code %s, want %s", c.err, got, c.code)
		}
		text := err.Error()
		if named := strings.HasPrefix(text, "b:1,b:2: "); named != (c.code == "broker_away" || errors.Is(err, changelog.ErrExpired)) {
			t.Errorf("%v: whether it names the brokers: %v", c.err, named)
		}
		if !errors.Is(err, c.err) || !strings.HasPrefix(strings.TrimPrefix(text, "b:1,b:2: "), c.err.Error()) {
			t.Errorf("%v: it became %v", c.err, err)
		}
		if _, advice, _ := strings.Cut(err.Error(), "; "); !strings.HasPrefix(advice, c.advice) || (advice == "") != (c.advice == "") {
			t.Errorf("%v: the advice is %q, want %q", c.err, advice, c.advice)
		}
	}
	if advised(nil, &subject.Task{}) != nil {
		t.Error("nothing became an error")
	}
}
