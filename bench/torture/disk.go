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
	"restorebench/internal/durable"
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
	held   *os.File // the directory of the image, locked as long as this process lives
}

// Files of the disk's own, by which a power cut is seen. Nothing is synced between the writing of the second one and the copy of the image: an fsync
// would commit the journal, and with it the names of the processor's files that it did not make durable. So the first one is made durable
// before a processor starts.
const (
	durableName = "durable"
	lostName    = "not-durable"
)

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
	if err := d.hold(); err != nil {
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
		return nil, errors.Join(err, d.remove())
	}
	if err := d.mark(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// mark writes what the next power cut must leave.
func (d *disk) mark() error {
	return durable.WriteFile(filepath.Join(d.dir, durableName), []byte(d.text()), 0o600)
}

// text is another one for each power cut, and longer than a page.
func (d *disk) text() string { return strings.Repeat(fmt.Sprintf("power cut %d\n", d.cuts), 1000) }

func (d *disk) mount() error { return execute("mount", "-o", mountOptions, d.image, d.dir) }

// cut makes the disk what a power cut would have left of it. The proof says what became of the processor's files, and of two of the disk's own: the
// durable one must be whole. That the other one was lost, too, shows that the cut took what was not durable: all but certain, since it is
// written right before the image is copied, but somebody may sync every disk of the machine in between.
func (d *disk) cut() (proof string, lost bool, err error) {
	before, err := d.files()
	if err != nil {
		return "", false, err
	}
	text := d.text()
	d.cuts++
	left := filepath.Join(d.images, fmt.Sprint(d.cuts))
	if err := os.WriteFile(filepath.Join(d.dir, lostName), []byte(text), 0o600); err != nil {
		return "", false, err
	}
	if err := copyFile(left, d.image); err != nil {
		return "", false, err
	}
	if err := execute("umount", d.dir); err != nil {
		return "", false, err
	}
	if err := os.Remove(d.image); err != nil {
		return "", false, err
	}
	d.image = left
	if err := d.mount(); err != nil {
		return "", false, err
	}
	kept, whole, err := remains(filepath.Join(d.dir, durableName), text)
	if err != nil {
		return "", false, err
	}
	if !whole {
		return "", false, fmt.Errorf("%s: of the disk's own files the one with fsync %s", FaultPowerCut, kept)
	}
	gone, survived, err := remains(filepath.Join(d.dir, lostName), text)
	if err != nil {
		return "", false, err
	}
	after, err := d.files()
	if err == nil {
		err = os.RemoveAll(filepath.Join(d.dir, lostName))
	}
	if err == nil {
		err = d.mark()
	}
	return fmt.Sprintf("power cut: of the disk's own files the one without fsync, written right before, %s, the one with fsync %s; %s",
		gone, kept, difference(before, after)), !survived, err
}

// remains says what is left of a file.
func remains(path, text string) (what string, whole bool, err error) {
	left, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is gone", false, nil
	case err != nil:
		return "", false, err
	case string(left) == text:
		return "is whole", true, nil
	case len(left) == 0:
		return "is empty", false, nil
	}
	return fmt.Sprintf("has %d of %d bytes, or others", len(left), len(text)), false, nil
}

// difference says in words what became of files.
func difference(before, after map[string]int64) string {
	gone, short, back := 0, 0, 0
	for name, size := range before {
		if now, ok := after[name]; !ok {
			gone++
		} else if now < size {
			short++
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			back++
		}
	}
	return fmt.Sprintf("of the processor's %d files %d are gone, %d are shorter, %d came back", len(before), gone, short, back)
}

// files are the sizes of the processor's.
func (d *disk) files() (map[string]int64, error) {
	all, err := sizes(d.dir)
	delete(all, filepath.Join(d.dir, durableName))
	delete(all, filepath.Join(d.dir, lostName))
	return all, err
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
	return d.remove()
}

func (d *disk) remove() error { return errors.Join(os.RemoveAll(d.images), d.held.Close()) }

// imagesPrefix begins the names of directories of images.
const imagesPrefix = "restorebench-disk-"

// hold makes the directory of the image, and takes those away that nobody holds any more, since their process was killed.
func (d *disk) hold() error {
	all, err := locked(memoryDir, 0) // else another process may see ours before it is held
	if err != nil {
		return err
	}
	defer all.Close()
	sweepDisks(memoryDir)
	if d.images, err = os.MkdirTemp(memoryDir, imagesPrefix); err != nil {
		return err
	}
	if d.held, err = locked(d.images, 0); err != nil {
		return errors.Join(err, os.RemoveAll(d.images))
	}
	return nil
}

// locked opens a directory and locks it, for this process and until it is closed.
func locked(dir string, how int) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|how); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// sweepDisks removes the disks of runs that were killed before they could. It does its best: a failure here must not keep a new run from
// starting.
func sweepDisks(dir string) {
	all, _ := filepath.Glob(filepath.Join(dir, imagesPrefix+"*"))
	for _, images := range all {
		f, err := locked(images, syscall.LOCK_NB)
		if err != nil {
			continue
		}
		unmounted := true
		for _, device := range loopsOf(images) {
			err := unmount(device)
			if err != nil { // perhaps it was not mounted yet
				err = execute("losetup", "-d", device)
			}
			unmounted = unmounted && err == nil
		}
		if unmounted { // else the next one tries again
			_ = os.RemoveAll(images)
		}
		f.Close()
	}
}

// loopsOf are the loop devices of images in a directory.
func loopsOf(images string) (devices []string) {
	all, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, path := range all {
		if file, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(file), images+"/") {
			devices = append(devices, "/dev/"+filepath.Base(filepath.Dir(filepath.Dir(path))))
		}
	}
	return devices
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
