package doctor

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/broker"
	"restorebench/harness/record"
)

const (
	cpuDir  = "sys/devices/system/cpu/"
	stat    = "cpu  100 0 100 800 0 0 0 0 0 0\n" // user nice system idle iowait irq softirq steal
	meminfo = "MemTotal: 16777216 kB\nMemFree: 8388608 kB\nMemAvailable: 8388608 kB\nSwapTotal: 1048576 kB\nSwapFree: 1048576 kB\n"
	files   = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            65536                65536                files     \n"
)

// good is a machine with nothing to complain about; pid 1 is the one that is examined.
func good() map[string]string {
	return map[string]string{
		cpuDir + "cpu0/cpufreq/scaling_governor":                          "performance\n",
		cpuDir + "cpu1/cpufreq/scaling_governor":                          "performance\n",
		cpuDir + "cpufreq/boost":                                          "0\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
		"sys/kernel/mm/transparent_hugepage/enabled":                      "always [madvise] never\n",
		"sys/kernel/mm/transparent_hugepage/defrag":                       "always defer [madvise] never\n",
		"sys/class/block/nvme0n1/queue/rotational":                        "0\n",
		"proc/stat":        stat,
		"proc/loadavg":     "0.10 0.10 0.10 1/100 1000\n",
		"proc/meminfo":     meminfo,
		"proc/vmstat":      "pswpin 0\npswpout 0\n",
		"proc/filesystems": "\text4\n",
		"proc/1/mountinfo": "20 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n21 20 0:5 / /proc rw - proc proc rw\n",
		"proc/1/limits":    files,
		"proc/self/cgroup": "0::/user/ours\n",
	}
}

// later is what the machine's counters say at the second reading: 9 % busy.
const later = "cpu  104 0 105 891 0 0 0 0 0 0\n"

// fake writes a machine's files, examines it, and returns its findings by name.
func fake(t *testing.T, files, after map[string]string) (all []record.Finding, by map[string]record.Finding) {
	t.Helper()
	root := t.TempDir()
	write := func(files map[string]string) {
		for name, text := range files {
			path := filepath.Join(root, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(files)
	m := machine{root: os.DirFS(root), dir: "/", pid: 1, wait: func(context.Context) { write(after) }}
	all = m.examine(at(t.Context(), root))
	by = map[string]record.Finding{}
	for _, f := range all {
		by[f.Name] = f
	}
	return all, by
}

func TestGoodMachine(t *testing.T) {
	all, by := fake(t, good(), map[string]string{"proc/stat": later})
	delete(by, "free space") // is that of this machine
	for name, f := range by {
		if f.Level != record.LevelOK || f.Remedy != "" || f.Value == hidden("").Value {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if len(all) != 14 {
		t.Errorf("%d findings", len(all))
	}
	if by["disk of the state directory"].Value != "ext4 on /dev/nvme0n1" || by["load"].Value[:13] != "cores 9 % bus" {
		t.Errorf("%+v", by)
	}
}

// A system that shows nothing is not accused of anything.
func TestMissingFiles(t *testing.T) {
	all, _ := fake(t, nil, nil)
	for _, f := range all {
		if f.Name != "free space" && (f.Level != record.LevelOK || f.Value != "none" && f.Value != hidden("").Value) {
			t.Errorf("%+v", f)
		}
	}
	if len(all) != 14 {
		t.Errorf("%d findings", len(all))
	}
}

func TestBadMachines(t *testing.T) {
	const balloonFeatures = "sys/bus/virtio/drivers/virtio_balloon/virtio0/features"
	const clock = "sys/devices/system/clocksource/clocksource0/current_clocksource"
	limit := func(n string) map[string]string {
		return map[string]string{"proc/1/limits": strings.ReplaceAll(files, "65536", n)}
	}
	free := func(kb string) map[string]string {
		return map[string]string{"proc/meminfo": strings.ReplaceAll(meminfo, "MemAvailable: 8388608", "MemAvailable: "+kb)}
	}
	mounted := func(on string) map[string]string {
		return map[string]string{"proc/1/mountinfo": "20 1 8:1 / / rw - " + on + " rw\n", "sys/devices/x/sda/queue/rotational": "1\n", "sys/class/block/sda/queue/rotational": "1\n", "sys/class/block/vda/queue/rotational": "1\n"}
	}
	version1 := func(files map[string]string) map[string]string {
		files["proc/self/cgroup"] = "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/docker/abc\n"
		return files
	}
	for name, c := range map[string]struct {
		files, after       map[string]string
		name, level, value string
	}{
		"governor":        {map[string]string{cpuDir + "cpu1/cpufreq/scaling_governor": "powersave"}, nil, "CPU governor", "warning", "performance, powersave"},
		"boost":           {map[string]string{cpuDir + "cpufreq/boost": "1"}, nil, "turbo", "warning", "on"},
		"intel":           {map[string]string{cpuDir + "intel_pstate/no_turbo": "0"}, nil, "turbo", "warning", "on"},
		"no turbo":        {map[string]string{cpuDir + "intel_pstate/no_turbo": "1"}, nil, "turbo", "ok", "off"},
		"hpet":            {map[string]string{clock: "hpet\n"}, nil, "clock source", "warning", "hpet"},
		"jiffies":         {map[string]string{clock: "jiffies\n"}, nil, "clock source", "spoils", "jiffies"},
		"busy":            {nil, map[string]string{"proc/stat": "cpu  200 0 200 800 0 0 0 0 0 0\n"}, "load", "warning", "cores 100 % busy"},
		"some steal":      {nil, map[string]string{"proc/stat": "cpu  100 0 100 890 0 0 0 10 0 0\n"}, "steal time", "warning", "10 %"},
		"much steal":      {nil, map[string]string{"proc/stat": "cpu  100 0 100 860 0 0 0 40 0 0\n"}, "steal time", "spoils", "40 %"},
		"little memory":   {free("2097152"), nil, "available memory", "warning", "2.0 GiB of 16.0 GiB"},
		"no memory":       {free("524288"), nil, "available memory", "spoils", "512 MiB of 16.0 GiB"},
		"swapped":         {map[string]string{"proc/meminfo": strings.ReplaceAll(meminfo, "SwapFree: 1048576", "SwapFree: 524288")}, nil, "swap", "warning", "512 MiB in use"},
		"no swap":         {map[string]string{"proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n"}, nil, "swap", "ok", "none"},
		"swapping":        {nil, map[string]string{"proc/vmstat": "pswpin 256\npswpout 256\n"}, "swap", "spoils", "2 MiB moved in 500ms"},
		"pages":           {map[string]string{"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never", "sys/kernel/mm/transparent_hugepage/defrag": "[always] never"}, nil, "transparent huge pages", "warning", "always, defrag always"},
		"pages, deferred": {map[string]string{"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never"}, nil, "transparent huge pages", "ok", "always"},
		"balloon":         {map[string]string{balloonFeatures: "01100101" + strings.Repeat("0", 56) + "\n"}, nil, "memory balloon", "warning", "takes free memory"},
		"no reporting":    {map[string]string{balloonFeatures: "01100001" + strings.Repeat("0", 56) + "\n"}, nil, "memory balloon", "ok", "none"},
		"odd balloon":     {map[string]string{balloonFeatures: "?\n"}, nil, "memory balloon", "ok", hidden("").Value},
		"tmpfs":           {mounted("tmpfs tmpfs"), nil, "disk of the state directory", "warning", "tmpfs"},
		"network":         {mounted("fuse.sshfs host:/x"), nil, "disk of the state directory", "warning", "fuse.sshfs on host:/x"},
		"rotational":      {mounted("xfs /dev/sda"), nil, "disk of the state directory", "warning", "xfs on /dev/sda, rotational"},
		"virtual":         {mounted("xfs /dev/vda"), nil, "disk of the state directory", "ok", "xfs on /dev/vda, virtual"},
		"quota":           {map[string]string{"sys/fs/cgroup/user/cpu.max": "50000 100000\n", "sys/fs/cgroup/user/ours/cpu.max": "max 100000\n"}, nil, "CPU limit", "spoils", "0.5 cores"},
		"no quota":        {map[string]string{"sys/fs/cgroup/user/ours/cpu.max": "max 100000\n"}, nil, "CPU limit", "ok", "none"},
		"wide quota":      {map[string]string{"sys/fs/cgroup/cpu.max": "9900000 100000\n"}, nil, "CPU limit", "ok", "99 cores"},
		"quota, v1":       {version1(map[string]string{"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}), nil, "CPU limit", "spoils", "0.5 cores"},
		"no quota, v1":    {version1(map[string]string{"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}), nil, "CPU limit", "ok", "none"},
		"memory limit":    {map[string]string{"sys/fs/cgroup/user/ours/memory.max": "2147483648\n", "sys/fs/cgroup/user/memory.max": "max\n"}, nil, "memory limit", "warning", "2.0 GiB"},
		"small limit":     {map[string]string{"sys/fs/cgroup/unified/user/memory.max": "1000000\n"}, nil, "memory limit", "spoils", "0 MiB"},
		"limit, v1":       {version1(map[string]string{"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n"}), nil, "memory limit", "spoils", "512 MiB"},
		"no limit, v1":    {version1(map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}), nil, "memory limit", "ok", "none"},
		"some files":      {limit("1024"), nil, "open files", "warning", "at most 1024"},
		"few files":       {limit("64"), nil, "open files", "spoils", "at most 64"},
	} {
		t.Run(name, func(t *testing.T) {
			files := good()
			maps.Copy(files, c.files)
			after := map[string]string{"proc/stat": later}
			maps.Copy(after, c.after)
			all, by := fake(t, files, after)
			f := by[c.name]
			if f.Level != c.level || !strings.HasPrefix(f.Value, c.value) || (f.Remedy == "") != (c.level == "ok") {
				t.Errorf("%+v, want %s: %s", f, c.level, c.value)
			}
			if Spoiled(all) != (c.level == "spoils") {
				t.Errorf("spoiled: %v", Spoiled(all))
			}
			kept := slices.ContainsFunc(Notable(all), func(f record.Finding) bool { return f.Name == c.name })
			if kept != (c.level != "ok") {
				t.Errorf("kept in records: %v", kept)
			}
		})
	}
}

func TestSpace(t *testing.T) {
	for free, want := range map[uint64]string{gib / 2: "spoils", 2 * gib: "warning", 50 * gib: "ok"} {
		if f := roomy("free space", free, 100*gib); f.Level != want {
			t.Errorf("%d: %+v", free, f)
		}
	}
	if f := (machine{dir: filepath.Join(t.TempDir(), "none")}).space(t.Context()); f != hidden("free space") {
		t.Errorf("%+v", f)
	}
}

func TestSoftware(t *testing.T) {
	for name, c := range map[string]struct {
		survey broker.Survey
		want   []string
	}{
		"all": {broker.Survey{Engine: "28.0", Image: "apache/kafka:4.3.1", Kafka: "4.3.1", Java: "17"}, []string{"ok 28.0", "ok 4.3.1 (container)", "ok 17"}},
		"no image": {
			broker.Survey{Engine: "28.0", ImageErr: broker.ErrNoImage, Kafka: "4.3.1", Java: "17"},
			[]string{"ok 28.0, without a Kafka image", "ok 4.3.1 (local)", "ok 17"},
		},
		"nothing": {
			broker.Survey{EngineErr: broker.ErrNoEngine, ImageErr: broker.ErrNoEngine, KafkaErr: broker.ErrNotInstalled, JavaErr: broker.ErrNotInstalled},
			[]string{"ok no engine answers", "warning none", "ok none"},
		},
	} {
		for i, f := range software(c.survey) {
			if got := f.Level + " " + f.Value; got != c.want[i] {
				t.Errorf("%s: %s, want %s", name, got, c.want[i])
			}
		}
	}
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, []record.Finding{ok("clock source", "tsc"), warning("turbo", "on", "turn it off")}); err != nil {
		t.Fatal(err)
	}
	want := "ok       clock source  tsc\nwarning  turbo         on\n\nturbo: turn it off.\n"
	if out.String() != want {
		t.Errorf("%q", out.String())
	}
}
