// Package lockholder finds out which process has locked a file.
package lockholder

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Of names the process that has locked a file, by fcntl or flock, for an error: " (pid 123)", or
// nothing where the system does not tell (no /proc, another host's lock).
func Of(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return ""
	}
	dev := uint64(stat.Dev) //nolint:unconvert // an int32 on macOS
	return in(string(locks), dev, stat.Ino)
}

// in searches the text of /proc/locks, of which a line is
//
//	1: POSIX  ADVISORY  WRITE 123 fe:01:4567 0 EOF
//
// with the pid, and the device (hexadecimal) and inode of the file.
func in(locks string, dev, inode uint64) string {
	major, minor := dev>>8&0xfff|dev>>32&^0xfff, dev&0xff|dev>>12&^0xff
	want := fmt.Sprintf("%02x:%02x:%d", major, minor&0xffffffff, inode)
	for line := range strings.Lines(locks) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] == "->" || fields[5] != want { // "->": waits for the lock
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			return fmt.Sprintf(" (pid %d)", pid)
		}
	}
	return ""
}
