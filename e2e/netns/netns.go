// Package netns gives the test process a network of its own: it runs the process once more inside
// a new network namespace, in which nothing can reach the outside and every address of one made-up
// range is local.
//
// The namespace has no name: it is gone when the last process in it is, however that one ends. A
// process that is not root becomes root of a new user namespace, which is enough for all of this.
package netns

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Addresses of the world. The range is reserved for benchmarks of network devices, so no network
// uses it. Kubernetes refuses loopback addresses in endpoints, which is why pods need another range.
const (
	Range  = "198.18.0.0/16"
	Host   = "198.18.0.1" // of everything that is not a pod
	Second = "198.18.0.2" // of the second node
)

// inside marks, in its environment, the process that runs in the namespace.
const inside = "CANARYBOT_E2E_INSIDE"

// Run calls world in a network namespace of its own and returns the exit status that it returned.
// It does so by starting the same program again with the same arguments; main (or TestMain) must
// therefore come here before it does anything else.
func Run(world func() int) int {
	if os.Getenv(inside) == "" {
		status, err := reenter()
		if err != nil {
			fmt.Fprintln(os.Stderr, "network namespace:", err)
			return 1
		}
		return status
	}
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "network namespace:", err)
		return 1
	}
	return world()
}

// reenter runs this program again, in a new namespace, and waits for its end.
func reenter() (int, error) {
	// The kernel ends the child when the thread that started it ends, so that thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	child := exec.Command("/proc/self/exe", os.Args[1:]...)
	child.Args[0] = os.Args[0]
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Env = append(os.Environ(), inside+"=yes")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := child.Start(); err != nil {
		return 0, fmt.Errorf("start inside a new one (root, or unprivileged user namespaces, are needed): %w", err)
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				// Losing the race against its end is fine: nobody is left to notify.
				_ = child.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	err := child.Wait()
	close(ended)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// prepare sets up the addresses inside the namespace. It refuses to touch a network that has
// another interface than lo: that would be the machine's own.
func prepare() error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list the network interfaces: %w", err)
	}
	if len(interfaces) != 1 || interfaces[0].Flags&net.FlagLoopback == 0 {
		return fmt.Errorf("%s is set, yet this is not a namespace of its own", inside)
	}
	ip, err := exec.LookPath("ip")
	if err != nil {
		return errors.New("the command ip was not found: install iproute2")
	}
	for _, arguments := range [][]string{
		{"link", "set", "lo", "up"},
		{"addr", "add", Host + "/32", "dev", "lo"},
		{"route", "add", "local", Range, "dev", "lo"},
	} {
		if output, err := exec.Command(ip, arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", arguments, err, output)
		}
	}
	return nil
}
