package broker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"restorebench/harness/child"
)

// jvm is a child process in its own process group, so that the terminal's SIGINT reaches
// us and not it. It dies with us (on Linux).
type jvm struct {
	process *os.Process
	done    chan struct{} // closed once it is reaped
	err     error         // how it ended; to be read after done
}

// startJVM starts java; what it prints is appended to the file log.
func startJVM(java string, args []string, log string) (*jvm, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("kafka's log: %w", err)
	}
	cmd := exec.Command(java, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = child.Attributes()

	j := &jvm{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The signal on a parent's death is in truth one on the death of the thread that
		// forked: so this thread stays for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := child.Start(cmd)
		_ = out.Close() // the child has its own copy
		started <- err
		if err == nil {
			j.err = cmd.Wait()
			close(j.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", java, err)
	}
	j.process = cmd.Process
	return j, nil
}

func (j *jvm) pid() int { return j.process.Pid }

// wait returns how the process ended. When ctx ends first, it is killed and waited for.
func (j *jvm) wait(ctx context.Context) error {
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		_ = j.kill(context.WithoutCancel(ctx))
		return context.Cause(ctx)
	}
}

// kill kills the process group and waits until the process is reaped.
func (j *jvm) kill(ctx context.Context) error { return j.end(ctx, syscall.SIGKILL) }

// end signals the process group and waits until the process is reaped.
func (j *jvm) end(ctx context.Context, signal syscall.Signal) error {
	select {
	case <-j.done:
		return nil
	default:
		_ = syscall.Kill(-j.pid(), signal) // an error means that it just ended, which done will say
	}
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("process %d was sent %q but is not gone: %w", j.pid(), signal, context.Cause(ctx))
	}
}
