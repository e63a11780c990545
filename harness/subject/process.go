package subject

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"restorebench/harness/child"
	"restorebench/internal/defect"
)

// Command is how a subject is started.
type Command struct {
	Path string
	Args []string
	Env  []string // added to the parent's environment
}

// Process is a running subject. Its methods may be called by any goroutine.
type Process struct {
	// Started is when the process was about to be created.
	Started time.Time

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	log    string // path of its standard output and error
	pipe   *os.File
	events chan Event

	mu     sync.Mutex
	reaped chan struct{} // closed once the process is gone
	state  *os.ProcessState
	at     time.Time // of the reaping
}

// ErrProtocol means that a subject wrote a line that is no event.
var ErrProtocol = errors.New("subject broke the protocol")

// Start creates the files that the task needs in dir, an existing directory, and
// starts the subject in a process group of its own. name distinguishes the
// subjects of one dir.
func Start(cmd Command, task Task, dir, name string) (*Process, error) {
	p := &Process{
		log:    filepath.Join(dir, name+".log"),
		events: make(chan Event, 64), reaped: make(chan struct{}),
	}
	config := filepath.Join(dir, name+".json")
	data, err := json.Marshal(task.Config)
	if err != nil {
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	if err := Mark(task.StateDir); err != nil {
		return nil, fmt.Errorf("subject %s: state directory: %w", name, err)
	}
	if err := os.WriteFile(config, data, 0o600); err != nil {
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	unpacked := filepath.Join(dir, name+".unpacked")
	if err := os.Mkdir(unpacked, 0o700); err != nil {
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	pipe := filepath.Join(dir, name+".events")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, fmt.Errorf("subject %s: named pipe %s: %w", name, pipe, err)
	}
	// Read-write, so that neither side waits for the other to open it.
	if p.pipe, err = os.OpenFile(pipe, os.O_RDWR, 0); err != nil {
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	logFile, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		p.pipe.Close()
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	defer logFile.Close() // the child has its own

	p.cmd = exec.Command(cmd.Path, cmd.Args...)
	p.cmd.Env = append(append(os.Environ(), cmd.Env...),
		EnvBrokers+"="+task.Brokers, EnvTopic+"="+task.Topic, EnvStateDir+"="+task.StateDir,
		EnvEvents+"="+pipe, EnvStore+"="+task.Store, EnvConfig+"="+config,
		// What a killed program leaves in its temporary directory goes with dir; RocksDB's Java library, which
		// unpacks 15 MB each time, has a variable of its own, and always the same name: a second process
		// would write over what the first one has loaded, which ends that by SIGBUS.
		"TMPDIR="+dir, "ROCKSDB_SHAREDLIB_DIR="+unpacked)
	p.cmd.Stdout, p.cmd.Stderr = logFile, logFile
	p.cmd.SysProcAttr = child.Attributes()
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		p.pipe.Close()
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	p.stdin = stdin
	p.Started = time.Now()
	if err := child.Start(p.cmd); err != nil {
		p.pipe.Close()
		return nil, fmt.Errorf("subject %s: %w", name, err)
	}
	go p.reap()
	go p.read()
	return p, nil
}

func (p *Process) reap() {
	_ = p.cmd.Wait() // how it ended is in the state
	now := time.Now()
	p.mu.Lock()
	p.state, p.at = p.cmd.ProcessState, now
	p.mu.Unlock()
	close(p.reaped)
	// What the process wrote before its end is in the pipe; nothing follows.
	_ = p.pipe.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
}

// read turns lines into events, and a line that is none into a Failed event.
func (p *Process) read() {
	defer close(p.events)
	defer p.pipe.Close()
	r := bufio.NewReaderSize(&lastWords{pipe: p.pipe}, 64<<10)
	for {
		line, err := readLine(r, maxLine)
		now := time.Now()
		if err != nil && !errors.Is(err, ErrProtocol) {
			return // the process is gone, or Release closed the pipe
		}
		e := parseEvent(line)
		e.At = now
		p.events <- e
		if err != nil {
			return // somewhere in a line: what follows means nothing
		}
	}
}

// maxLine bounds a line, in bytes: the answers to all point reads of two partitions with
// values of 1 MiB are shorter.
const maxLine = 1 << 30

// readLine reads up to the end of a line, or as much as is allowed, and ErrProtocol.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit:
			return line[:limit], ErrProtocol
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, err
		}
	}
}

// parseEvent makes an event of a line, a Failed one if it is none.
func parseEvent(line []byte) Event {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil || e.Event == "" {
		return Event{Event: Failed, Code: "protocol", Message: fmt.Sprintf("%v: %.200q", ErrProtocol, line)}
	}
	return e
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Events delivers what the subject reports; it is closed behind the last event
// of a process that is gone.
func (p *Process) Events() <-chan Event { return p.events }

// Kill sends SIGKILL to the subject's process group, unless it is already gone,
// and returns when it did.
func (p *Process) Kill() (sent time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent = time.Now()
	if p.state != nil {
		return sent, fmt.Errorf("subject had already ended: %s", p.state)
	}
	signal := syscall.SIGKILL
	if defect.Is(defect.TerminatedNotKilled) {
		signal = syscall.SIGTERM
	}
	return sent, p.signal(signal)
}

// signal sends a signal to the process group of a subject that lives; p.mu is held, so that the id is still its own.
func (p *Process) signal(s syscall.Signal) error {
	if err := syscall.Kill(-p.cmd.Process.Pid, s); err != nil {
		return fmt.Errorf("send %v to %d: %w", s, p.cmd.Process.Pid, err)
	}
	return nil
}

// Pause stops the subject's process group with SIGSTOP, until Resume.
func (p *Process) Pause() error { return p.signalAlive(syscall.SIGSTOP) }

// Resume continues what Pause has stopped.
func (p *Process) Resume() error { return p.signalAlive(syscall.SIGCONT) }

func (p *Process) signalAlive(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != nil {
		return fmt.Errorf("subject had already ended: %s", p.state)
	}
	return p.signal(s)
}

// Wait returns when and how the process ended.
func (p *Process) Wait(ctx context.Context) (reaped time.Time, state *os.ProcessState, err error) {
	select {
	case <-p.reaped:
		return p.at, p.state, nil
	case <-ctx.Done():
		return time.Time{}, nil, ctx.Err()
	}
}

// Killed tells whether the process ended by SIGKILL.
func Killed(s *os.ProcessState) bool {
	ws, ok := s.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
}

// Gone is closed once the process has been reaped.
func (p *Process) Gone() <-chan struct{} { return p.reaped }

// Stop closes the subject's standard input, upon which it is to close its state cleanly, and waits until it is
// gone. It is an error if it ends in any other way than with 0.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.stdin.Close(); err != nil {
		return err
	}
	go func() { // it may have something to say until its end
		for range p.events {
		}
	}()
	_, state, err := p.Wait(ctx)
	if err == nil && !state.Success() {
		err = fmt.Errorf("asked to stop, the subject ended by %s", state)
	}
	return err
}

// tellTimeout is how long a subject may take to read a line, of which the pipe takes 64 KiB before it does.
const tellTimeout = 30 * time.Second

// Tell writes a line to the subject's standard input, and returns when it began to. A subject that does not read it in
// tellTimeout is an error.
func (p *Process) Tell(line string) (at time.Time, err error) {
	if pipe, ok := p.stdin.(interface{ SetWriteDeadline(time.Time) error }); ok {
		if err := pipe.SetWriteDeadline(time.Now().Add(tellTimeout)); err != nil {
			return time.Now(), fmt.Errorf("tell subject %d: %w", p.cmd.Process.Pid, err)
		}
	}
	at = time.Now()
	if _, err = io.WriteString(p.stdin, line+"\n"); err != nil {
		return at, fmt.Errorf("tell subject %d %q: %w", p.cmd.Process.Pid, line, err)
	}
	return at, nil
}

// Ask writes what is asked of the subject, as a JSON object, to its standard input.
func (p *Process) Ask(c Config) error {
	line, err := json.Marshal(c)
	if err == nil {
		_, err = p.Tell(string(line))
	}
	return err
}

// Release kills what is left of the subject and waits for it. It is safe to call
// at any time and more than once.
func (p *Process) Release() {
	_, _ = p.Kill() // an error means that it is gone, which is what is wanted
	<-p.reaped
	p.stdin.Close()
	for range p.events { // let the reader end
	}
}

// LogTail returns the last lines of the subject's output.
func (p *Process) LogTail(lines int) string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
