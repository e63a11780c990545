package processor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"restorebench/stores"
)

// An error of the disk says what to do and where, and has a code of its own; what the files are is another matter.
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
		{stores.ErrCorrupt, "corrupt", ""},
		{errors.New("something else"), "failed", ""},
	} {
		err := advised(c.err, "/s")
		if got := code(err); got != c.code {
			t.Errorf("%v: code %s, want %s", c.err, got, c.code)
		}
		if !errors.Is(err, c.err) || !strings.HasPrefix(err.Error(), c.err.Error()) {
			t.Errorf("%v: it became %v", c.err, err)
		}
		if _, advice, _ := strings.Cut(err.Error(), "; "); !strings.HasPrefix(advice, c.advice) || (advice == "") != (c.advice == "") {
			t.Errorf("%v: the advice is %q, want %q", c.err, advice, c.advice)
		}
	}
	if advised(nil, "/s") != nil {
		t.Error("nothing became an error")
	}
}
