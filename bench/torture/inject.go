package torture

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// Faults of single system calls of the processor, from its start on. strace makes them fail, before the kernel does anything.
const (
	FaultNoSpace    = "disk-enospc"      // a write, an fsync, a rename or the making of a file fails with ENOSPC
	FaultIOError    = "disk-eio"         // with EIO
	FaultUnreadable = "files-unreadable" // a file cannot be opened (EACCES), or not be read (EIO)
)

var callFaults = []string{FaultNoSpace, FaultIOError, FaultUnreadable}

func ofCalls(fault string) bool { return slices.Contains(callFaults, fault) }

// target is a type of files and the system calls that a processor makes of them.
type target struct {
	typ   string
	calls []call
	fresh bool // they are only made where there is nothing yet
}

// call is a system call. The one that fails is at most the so manieth; each thread counts its own.
type call struct {
	name string
	most int
}

// Written files. RocksDB appends with write and replaces by rename, Go writes snapshots with pwrite64.
var (
	writtenRocks = []target{
		{typ: TypeSST, calls: []call{{"openat", 4}, {"write", 6}, {"fdatasync", 6}}},
		{typ: TypeManifest, calls: []call{{"openat", 1}, {"write", 8}, {"fdatasync", 4}}},
		{typ: TypeCurrent, calls: []call{{"openat", 1}, {"write", 1}, {"fdatasync", 1}, {"rename", 1}}},
		{typ: TypeOptions, calls: []call{{"openat", 1}, {"write", 1}, {"fsync", 1}, {"rename", 1}}},
		{typ: TypeDir, calls: []call{{"fsync", 8}}},
		{typ: TypeSource, calls: []call{{"renameat", 1}, {"fsync", 1}, {"mkdirat", 1}}, fresh: true},
	}
	writtenLog    = target{typ: TypeWAL, calls: []call{{"openat", 3}, {"write", 30}, {"fdatasync", 3}}}
	writtenBulk   = target{typ: TypeBulk, calls: []call{{"openat", 1}, {"write", 1}, {"fdatasync", 1}}, fresh: true}
	writtenMemory = []target{
		{typ: TypeSnapshot, calls: []call{{"openat", 6}, {"pwrite64", 20}, {"fsync", 6}, {"renameat", 6}}},
		{typ: TypeDir, calls: []call{{"fsync", 6}}},
		{typ: TypeSource, calls: []call{{"renameat", 1}, {"fsync", 1}, {"mkdirat", 1}}, fresh: true},
	}
)

// Files that are read when a store is opened. (RocksDB only writes OPTIONS, for its users.)
var (
	readRocks = []target{
		{typ: TypeSST, calls: []call{{"openat", 1}, {"pread64", 4}}},
		{typ: TypeManifest, calls: []call{{"openat", 3}, {"read", 3}}},
		{typ: TypeCurrent, calls: []call{{"openat", 3}, {"read", 3}}},
		{typ: TypeIdentity, calls: []call{{"openat", 1}, {"read", 1}}},
		{typ: TypeLock, calls: []call{{"openat", 1}}},
		{typ: TypeDir, calls: []call{{"openat", 2}}},
		{typ: TypeSource, calls: []call{{"openat", 1}, {"read", 1}}},
	}
	readLog    = target{typ: TypeWAL, calls: []call{{"openat", 1}, {"read", 1}}}
	readMemory = []target{
		{typ: TypeSnapshot, calls: []call{{"openat", 1}, {"pread64", 3}}},
		{typ: TypeLock, calls: []call{{"openat", 1}}},
		{typ: TypeDir, calls: []call{{"openat", 1}}},
		{typ: TypeSource, calls: []call{{"openat", 1}, {"read", 1}}},
	}
)

// targets are those of a cell.
func targets(c *Cell, fault string) []target {
	if ofCalls(fault) && c.Snapshots {
		return map[bool][]target{false: writtenMemory, true: readMemory}[fault == FaultUnreadable]
	}
	if fault == FaultUnreadable {
		if c.WAL {
			return append(slices.Clip(readRocks), readLog)
		}
		return readRocks
	}
	all := slices.Clone(writtenRocks)
	if c.WAL {
		all = append(all, writtenLog)
	}
	if slices.Contains(c.kinds, KindBulk) {
		all = append(all, writtenBulk)
	}
	return all
}

// injection is a system call that fails.
type injection struct {
	target
	call
	errno string
	nth   int
	on    bool     // and all that follow
	paths []string // of which it is
	log   string   // of strace
	hit   []string // of the paths, each time that it failed, behind end
}

// newInjection chooses the system call, of the type of files that m names.
func (c *campaign) newInjection(m *moment) *injection {
	all := targets(&c.cell, c.Fault)
	n := slices.IndexFunc(all, func(t target) bool { return t.typ == m.kind })
	i := &injection{target: all[n], errno: "ENOSPC", log: filepath.Join(c.ground.dir, "strace.log")}
	i.call = pick(c.rng, i.calls)
	i.nth, i.on = 1+c.rng.IntN(i.most), c.rng.IntN(2) == 0
	if m.soon {
		i.nth = 1
	}
	switch {
	case c.Fault == FaultUnreadable && i.name == "openat":
		i.errno, i.on = "EACCES", true
	case c.Fault == FaultUnreadable:
		i.errno, i.on = "EIO", true
	case c.Fault == FaultIOError:
		i.errno = "EIO"
	}
	return i
}

// aim finds out which paths it is about.
func (i *injection) aim(rng *rand.Rand, state string, unreadable bool) error {
	dir := filepath.Join(state, storeDir(0))
	parent := filepath.Join(state, "0_0")
	switch {
	case i.typ == TypeDir:
		i.paths = []string{dir}
	case i.typ == TypeSource && !unreadable:
		i.paths = []string{parent, filepath.Join(parent, ".changelog-"+storeName)}
	case unreadable:
		files, err := filesOf(state, true)
		if err != nil || len(files[i.typ]) == 0 {
			return errors.Join(err, fmt.Errorf("%s: there is no file of the type %s in %s", i.name, i.typ, state))
		}
		i.paths = []string{pick(rng, files[i.typ])}
	default:
		newest, err := newestNumber(dir)
		if err != nil {
			return err
		}
		i.paths = toBeMade(i.typ, dir, newest)
	}
	return nil
}

// ahead are so many numbers of files that one life does not make more.
const ahead = 100

// toBeMade are the paths of files that are going to be written.
func toBeMade(typ, dir string, newest int) (paths []string) {
	format := map[string]string{
		TypeSST: "%06d.sst", TypeManifest: "MANIFEST-%06d", TypeCurrent: "%06d.dbtmp", TypeOptions: "OPTIONS-%06d.dbtmp", TypeWAL: "%06d.log",
		TypeBulk: ".bulk/%d.sst",
	}[typ]
	switch typ {
	case TypeSnapshot:
		return []string{filepath.Join(dir, ".writing-snapshot")}
	case TypeBulk:
		newest = -1
	}
	for n := range ahead {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf(format, newest+1+n)))
	}
	return paths
}

var fileNumber = regexp.MustCompile(`[0-9]{6,}`)

// newestNumber is the largest number in a name of a file that RocksDB has made, -1 without any: its first is 0.
func newestNumber(dir string) (newest int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	newest = -1
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "LOG") { // .old, by its time
			continue
		}
		if n, err := strconv.Atoi(fileNumber.FindString(e.Name())); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, nil
}

// begin is how to start a processor whose system call fails. strace stays beside it, and its process is the harness's child.
func (i *injection) begin(by subject.Command) (subject.Command, error) {
	if err := os.Remove(i.log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return by, err
	}
	when := strconv.Itoa(i.nth)
	if i.on {
		when += "+"
	}
	args := []string{
		"-D", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-o", i.log,
		"-e", "trace=" + i.name, "-e", fmt.Sprintf("inject=%s:error=%s:when=%s", i.name, i.errno, when),
	}
	for _, path := range i.paths {
		args = append(args, "-P", path)
	}
	by.Args = slices.Concat(args, []string{by.Path}, by.Args)
	by.Path = "strace"
	return by, nil
}

// end returns what strace says of it; "" when it did not come.
func (i *injection) end() (file, proof string, err error) {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return "", "", err
	}
	var injected []string
	i.hit = nil
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "(INJECTED)") {
			line = strings.Join(strings.Fields(line), " ") // thread, call, result
			injected, i.hit = append(injected, line), append(i.hit, i.fileIn(string(text), line))
		}
	}
	if len(injected) == 0 {
		return "", "", nil
	}
	first := workingDir.ReplaceAllString(injected[0], "AT_FDCWD")
	return i.hit[0], fmt.Sprintf("%d times, first: %s", len(injected), first), nil
}

// workingDir is that of the processor, which has nothing to do with its files.
var workingDir = regexp.MustCompile(`AT_FDCWD<[^>]*>`)

// fileIn is the file of a line of strace's log; what is resumed names it in the line that began it.
func (i *injection) fileIn(log, line string) string {
	thread, _, _ := strings.Cut(line, " ")
	last := ""
	for l := range strings.Lines(log) {
		l = strings.Join(strings.Fields(l), " ")
		for _, path := range i.paths {
			if strings.HasPrefix(l, thread+" ") && (strings.Contains(l, path+">") || strings.Contains(l, path+`"`)) {
				last = path
			}
		}
		if l == line {
			break
		}
	}
	return last
}

func (i *injection) endings() []ending { return []ending{ofErrno(i.errno, i.named)} }

// named: a processor may survive the first that failed, as RocksDB tries a flush again, and name another.
func (i *injection) named(cause string) bool {
	return slices.ContainsFunc(i.hit, func(path string) bool { return path != "" && names(cause, path) })
}

// errnos are what errors of libc, of Go and of RocksDB have in common, and the code that the processor has for it.
var errnos = map[string]struct{ text, code string }{
	"ENOSPC": {"no space left on device", "disk_full"},
	"EIO":    {"input/output error", "disk_failed"},
	"EACCES": {"permission denied", "no_access"},
	"EROFS":  {"read-only file system", "disk_read_only"},
}

// checkCalls says what is missing for system calls to fail.
func checkCalls(fault string) error {
	if !ofCalls(fault) {
		return nil
	}
	missing := func(what string) error {
		return &spec.Error{Where: "--fault", Value: fault, Allowed: "on Linux with strace 5.3 or newer, that may trace: sudo apt-get install strace: " + what}
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return missing(err.Error())
	}
	run := func(inject ...string) ([]byte, error) {
		args := slices.Concat([]string{"-D", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=openat"}, inject, []string{"cat", os.DevNull})
		return exec.Command("strace", args...).CombinedOutput()
	}
	if out, err := run(); err != nil {
		return missing(fmt.Sprintf("%v: %s", err, strings.TrimSpace(string(out))))
	}
	if out, err := run("-e", "inject=openat:error=ENOSPC"); err == nil {
		return missing("a system call that was to fail did not: " + strings.TrimSpace(string(out)))
	}
	return nil
}
