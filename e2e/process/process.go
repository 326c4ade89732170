// Package process runs the outside programs of the world as children that never outlive it: the
// kernel ends them when the test process ends, however it ends. What they print goes to a file.
package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// patience is how long a process may take to end when asked to.
const patience = 5 * time.Second

// Process is a running child.
type Process struct {
	name    string
	log     string
	command *exec.Cmd
	done    chan struct{} // closed when the child has ended
}

// Start runs a program with its output in DIR/NAME.log; a Stdout that is set already stays. It does not
// wait for the program to be ready.
func Start(dir, name string, command *exec.Cmd) (*Process, error) {
	p := &Process{name: name, log: filepath.Join(dir, name+".log"), command: command, done: make(chan struct{})}
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	if command.Stdout == nil {
		command.Stdout = file
	}
	command.Stderr = file
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL

	started := make(chan error)
	go func() {
		// The kernel sends the signal when the thread that started the child ends, so this
		// goroutine keeps its thread for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		defer file.Close()
		err := command.Start()
		started <- err
		if err == nil {
			// How it ended is in ProcessState.
			_ = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// Err says why the process is not running, and is nil while it is.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended (%s); the end of its log:\n%s", p.name, p.command.ProcessState, p.Tail(15))
	default:
		return nil
	}
}

// Pid returns the process id.
func (p *Process) Pid() int { return p.command.Process.Pid }

// ExitCode returns the status that the process ended with, -1 where a signal ended it. It has ended.
func (p *Process) ExitCode() int { return p.command.ProcessState.ExitCode() }

// Signal sends the process a signal and does not wait. One that has ended takes none.
func (p *Process) Signal(s os.Signal) { _ = p.command.Process.Signal(s) }

// Wait returns when the process has ended, which it is expected to do by itself.
func (p *Process) Wait() { <-p.done }

// Stop asks the process to end, insists after a while, and returns when it has ended. It may be
// called again.
func (p *Process) Stop() {
	p.end(syscall.SIGTERM)
}

// Kill ends the process without warning and returns when it has ended.
func (p *Process) Kill() {
	p.end(syscall.SIGKILL)
}

func (p *Process) end(first syscall.Signal) {
	// A process that has ended already cannot be signalled, which is as well.
	_ = p.command.Process.Signal(first)
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
		return
	case <-late.C:
	}
	_ = p.command.Process.Kill()
	<-p.done
}

// Tail returns the last lines of the log.
func (p *Process) Tail(lines int) string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimRight(content, "\n"), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
