package brokertest

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Listeners are the TCP addresses at which a process, by its directory below /proc, accepts connections. A process that is gone
// has none.
func Listeners(tb testing.TB, proc string) (addresses []netip.AddrPort) {
	tb.Helper()
	inodes := map[string]bool{}
	open, _ := filepath.Glob(filepath.Join(proc, "fd", "*"))
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:[") {
			inodes[strings.Trim(to, "socket:[]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(proc, "net", table))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(text), "\n")[1:] {
			const local, state, inode, listen = 1, 3, 9, "0A"
			f := strings.Fields(line)
			if len(f) > inode && f[state] == listen && inodes[f[inode]] {
				addresses = append(addresses, socketAddress(tb, f[local]))
			}
		}
	}
	return addresses
}

// socketAddress reads an address of /proc/net/tcp: words in the machine's byte order, which is little-endian here, and a port.
func socketAddress(tb testing.TB, text string) netip.AddrPort {
	tb.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	n, portErr := strconv.ParseUint(port, 16, 16)
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	ip, ok := netip.AddrFromSlice(raw)
	if err != nil || portErr != nil || !ok {
		tb.Fatalf("socket address %q: %v, %v", text, err, portErr)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n))
}
