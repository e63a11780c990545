// Package balloon deals with virtual machines whose host takes free memory away: virtio's balloon with free page reporting
// (VIRTIO_BALLOON_F_REPORTING, Virtual I/O Device 1.2, 5.5.6.7). A page that the host has to give again costs a fault in the host,
// up to ten times what a page costs that is still there, and what was free for two seconds may be gone.
package balloon

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// reporting is the number of the feature's bit.
const reporting = 5

// Reports says whether a balloon of this machine, whose /sys lies in root, reports free pages to its host.
func Reports(root fs.FS) (bool, error) {
	const devices = "sys/bus/virtio/drivers/virtio_balloon"
	found, err := fs.Glob(root, path.Join(devices, "virtio*", "features"))
	if err != nil {
		return false, err
	}
	for _, name := range found {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return false, err
		}
		bits := strings.TrimSpace(string(text)) // the first is bit 0
		if len(bits) <= reporting || strings.Trim(bits, "01") != "" {
			return false, fmt.Errorf("%s: %q is no list of feature bits", name, bits)
		}
		if bits[reporting] == '1' {
			return true, nil
		}
	}
	return false, nil
}
