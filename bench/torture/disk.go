package torture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"restorebench/harness/spec"
)

// FaultPowerCut makes the disk lose, with the kill, all that was not made durable, file by file and name by name.
const FaultPowerCut = "power-cut"

// Faults of the disk, while the processor lives.
const (
	FaultDiskFull  = "disk-full"  // nothing more can be written (ENOSPC)
	FaultDiskFails = "disk-fails" // its file system gives up: it can only be read from then on (EROFS, EIO), and what was not durable is gone
)

var diskFaults = []string{FaultDiskFull, FaultDiskFails}

func ofDisk(fault string) bool { return slices.Contains(diskFaults, fault) }

// needsDisk says whether a fault needs a disk of our own.
func needsDisk(fault string) bool { return fault == FaultPowerCut || ofDisk(fault) }

// disk is an ext4 in an image in memory, mounted. What lies in the image is durable; the rest is in the page cache, which a kill
// leaves, and a power cut does not. (The method is that of xfstests' shutdown tests without a kernel module: look at the image
// beneath a mounted file system, then mount a copy of it.)
type disk struct {
	dir    string // where it is mounted
	images string // directory of the image
	image  string
	cuts   int
}

const (
	diskBytes = 96 << 20
	// memoryDir is a file system in memory, on Linux.
	memoryDir = "/dev/shm"
	// mountOptions keep the journal from being committed by the clock, in the middle of a copy: only by an fsync.
	mountOptions = "loop,commit=600,nodiratime,noatime"
)

// checkDisk says what is missing for disks of our own.
func checkDisk(fault string) error {
	if !needsDisk(fault) {
		return nil
	}
	missing := func(what string) error {
		return &spec.Error{Where: "--fault", Value: fault, Allowed: "on Linux, as root, with loop devices, " + memoryDir + ", mkfs.ext4, mount and umount: " + what}
	}
	if os.Geteuid() != 0 {
		return missing("this is not root")
	}
	for _, path := range []string{"/dev/loop-control", memoryDir} {
		if _, err := os.Stat(path); err != nil {
			return missing(err.Error())
		}
	}
	for _, program := range []string{"mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			return missing(err.Error())
		}
	}
	return nil
}

// newDisk makes an empty disk and mounts it on dir, which must not exist.
func newDisk(dir string) (d *disk, err error) {
	d = &disk{dir: dir}
	if d.images, err = os.MkdirTemp(memoryDir, "restorebench-disk-"); err != nil {
		return nil, err
	}
	d.image = filepath.Join(d.images, "0")
	err = os.WriteFile(d.image, nil, 0o600)
	if err == nil {
		err = os.Truncate(d.image, diskBytes)
	}
	if err == nil {
		err = execute("mkfs.ext4", "-q", "-F", d.image)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = d.mount()
	}
	if err != nil {
		_ = os.RemoveAll(d.images)
		return nil, err
	}
	return d, nil
}

func (d *disk) mount() error { return execute("mount", "-o", mountOptions, d.image, d.dir) }

// cut makes the disk what a power cut would have left of it, and returns what that was.
func (d *disk) cut() (proof string, err error) {
	before, err := sizes(d.dir)
	if err != nil {
		return "", err
	}
	d.cuts++
	left := filepath.Join(d.images, fmt.Sprint(d.cuts))
	if err := copyFile(left, d.image); err != nil {
		return "", err
	}
	if err := execute("umount", d.dir); err != nil {
		return "", err
	}
	if err := os.Remove(d.image); err != nil {
		return "", err
	}
	d.image = left
	if err := d.mount(); err != nil {
		return "", err
	}
	after, err := sizes(d.dir)
	if err != nil {
		return "", err
	}
	gone, short := 0, 0
	for name, size := range before {
		if now, ok := after[name]; !ok {
			gone++
		} else if now < size {
			short++
		}
	}
	return fmt.Sprintf("power cut: of %d files %d are gone, %d are shorter, %d came back", len(before), gone, short, len(after)-len(before)+gone), nil
}

// ballast is the file that fills the disk.
const ballast = "ballast"

// fill leaves no room on the disk.
func (d *disk) fill() (proof string, err error) {
	f, err := os.OpenFile(filepath.Join(d.dir, ballast), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	written, piece := 0, make([]byte, 1<<20)
	for len(piece) > 0 {
		n, err := f.Write(piece)
		written += n
		switch {
		case errors.Is(err, syscall.ENOSPC):
			piece = piece[:len(piece)/2]
		case err != nil:
			return "", err
		}
	}
	return fmt.Sprintf("the disk was full, with %d bytes more", written), nil
}

// abort makes the file system what it becomes after an error of the disk (ext4's mount option abort).
func (d *disk) abort() (proof string, err error) {
	if err := execute("mount", "-o", "remount,abort", d.dir); err != nil {
		return "", err
	}
	err = os.WriteFile(filepath.Join(d.dir, ballast), []byte("x"), 0o600)
	if err == nil {
		return "", fmt.Errorf("%s: it can still be written to", FaultDiskFails)
	}
	return "the file system gave up: " + err.Error(), nil
}

// mend gives the disk its room back, and a new life to its file system.
func (d *disk) mend() error {
	if err := execute("umount", d.dir); err != nil {
		return err
	}
	if err := d.mount(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.dir, ballast))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// close unmounts the disk and removes it.
func (d *disk) close() error {
	if err := execute("umount", d.dir); err != nil {
		return err
	}
	return os.RemoveAll(d.images)
}

// sizes are those of the files below a directory, by name.
func sizes(dir string) (map[string]int64, error) {
	all := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = info.Size()
		}
		return err
	})
	return all, err
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	return err
}

// execute runs a program whose output is only of interest when it fails.
func execute(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
