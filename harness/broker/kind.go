package broker

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Validate reports whether kind can be the value of --broker. It starts nothing and
// asks nobody. Its errors are [ErrBadKind].
func Validate(kind string) error {
	switch kind {
	case Auto, Container, Local:
		return nil
	}
	for address := range strings.SplitSeq(kind, ",") {
		if why := badAddress(address); why != "" {
			return fmt.Errorf("%w: --broker %q: %s; allowed are auto, container, local, or HOST:PORT[,HOST:PORT...]",
				ErrBadKind, kind, why)
		}
	}
	return nil
}

// CheckRemote is an error when kind has an address that is not on this machine, and that is not
// allowed: a run creates and deletes topics, and fills disks. Names are not looked up; only
// localhost is known to be here. Its errors are [ErrBadKind].
func CheckRemote(kind string, allowed bool) error {
	if allowed || kind == Auto || kind == Container || kind == Local || Validate(kind) != nil {
		return nil
	}
	for address := range strings.SplitSeq(kind, ",") {
		if host, _, _ := net.SplitHostPort(address); !here(host) {
			return fmt.Errorf("%w: --broker %s: %s is not this machine; %s", ErrBadKind, kind, host, askRemote)
		}
	}
	return nil
}

// CheckHosts is CheckRemote of where a cluster says that its brokers are: kind may be this machine's end of a tunnel.
func CheckHosts(kind string, hosts []string, allowed bool) error {
	if allowed {
		return nil
	}
	for _, host := range hosts {
		if !here(host) {
			return fmt.Errorf("%w: --broker %s: %s is not this machine, and the cluster says that a broker of it is there; %s", ErrBadKind, kind, host, askRemote)
		}
	}
	return nil
}

const askRemote = "--allow-remote says that topics may be made and deleted there"

func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// badAddress says what is wrong with one HOST:PORT; nothing when it is well-formed.
func badAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Sprintf("%q is no HOST:PORT", address)
	}
	if host == "" || strings.ContainsAny(host, " \t/@") {
		return fmt.Sprintf("%q has no valid host", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Sprintf("port %q is not in 1..65535", port)
	}
	return ""
}
