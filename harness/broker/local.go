package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// local is Kafka as a child process.
type local struct {
	address string
	release string
	home    string // its data, configuration and temporary files; removed by stop
	log     string
	command []string // java and its arguments
	layout  layout

	mu  sync.Mutex
	jvm *jvm // another one after a restart
}

// logConfig keeps what matters and prints it, for the log file is the process' output.
const logConfig = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`

func launchLocal(ctx context.Context, o Options) (_ instance, err error) {
	libs, release, err := findKafka()
	if err != nil {
		return nil, err
	}
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp(o.Dir, "kafka-")
	if err != nil {
		return nil, fmt.Errorf("directory for Kafka's data: %w", err)
	}
	k := &local{
		address: fmt.Sprintf("127.0.0.1:%d", ports[0]),
		release: release,
		home:    home,
		log:     filepath.Join(o.Dir, "kafka.log"),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(home))
		}
	}()
	k.layout = layout{listen: "127.0.0.1", port: ports[0], controllerPort: ports[1], dataDir: k.dataDir(), properties: o.Properties}
	if err := k.configure(); err != nil {
		return nil, err
	}
	args := func(more ...string) []string {
		return append(more, "-Djava.io.tmpdir="+filepath.Join(home, "tmp"), // the native libraries that Kafka unpacks
			"-Dlog4j2.configurationFile="+filepath.Join(home, "log4j2.properties"), "-cp", filepath.Join(libs, "*"))
	}
	var shared []string
	if archive := classArchive(libs); archive != "" {
		shared = []string{"-XX:SharedArchiveFile=" + archive}
	}

	format, err := startJVM(java, append(args(slices.Concat(shared, []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"})...),
		"kafka.tools.StorageTool", "format", "--cluster-id", clusterID, "--config", k.properties()), k.log)
	if err != nil {
		return nil, err
	}
	if err := format.wait(ctx); err != nil {
		return nil, fmt.Errorf("format Kafka's storage: %w\n%s", err, k.logTail(failureLines))
	}
	k.command = append(append([]string{java}, args(slices.Concat(shared, jvmHeap, jvmOptions)...)...), "kafka.Kafka", k.properties())
	if err := k.start(); err != nil {
		return nil, err
	}
	return k, nil
}

// start starts Kafka on the data that there is.
func (k *local) start() error {
	j, err := startJVM(k.command[0], k.command[1:], k.log)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.jvm = j
	return nil
}

func (k *local) current() *jvm {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.jvm
}

// configure writes the files that Kafka reads.
func (k *local) configure() error {
	return errors.Join(
		os.Mkdir(filepath.Join(k.home, "tmp"), 0o700),
		os.WriteFile(filepath.Join(k.home, "log4j2.properties"), []byte(logConfig), 0o600),
		k.writeProperties(),
	)
}

// writeProperties writes what the next start of Kafka goes by.
func (k *local) writeProperties() error {
	return os.WriteFile(k.properties(), []byte(properties(settings(k.layout))), 0o600)
}

func (k *local) properties() string     { return filepath.Join(k.home, "server.properties") }
func (k *local) dataDir() string        { return filepath.Join(k.home, "data") }
func (k *local) bootstrap() string      { return k.address }
func (k *local) version() string        { return k.release }
func (k *local) pid() int               { return k.current().pid() }
func (k *local) ended() <-chan struct{} { return k.current().done }

func (k *local) logTail(lines int) string {
	text, err := os.ReadFile(k.log)
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text), lines)
}

// stop does not let Kafka end by itself: its data is not needed any more, and that takes seconds.
func (k *local) stop(ctx context.Context) error {
	if err := k.current().kill(ctx); err != nil {
		return err
	}
	return os.RemoveAll(k.home)
}
