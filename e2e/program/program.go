// Package program knows the outside programs that the real world is made of: from which module
// each is built, with which flags, and where its binary is kept. It knows nothing about how they
// are started.
//
// Each program is built in a module of its own under build/, so that neither the product's go.mod
// nor this module's learns of the hundreds of modules they need. Test it by building: the command
// canarybot.io/e2e/build does nothing else.
package program

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// self is the module that this package is in.
const self = "canarybot.io/e2e"

// Name is the name of a program's binary.
type Name string

// The programs of the real world.
const (
	APIServer         Name = "kube-apiserver"
	ControllerManager Name = "kube-controller-manager"
	Etcd              Name = "etcd"
	Prometheus        Name = "prometheus"
	Promtool          Name = "promtool"
	Traefik           Name = "traefik"
)

// Program is the recipe of one binary.
type Program struct {
	Name   Name
	Folder string // below build/: the module it is built in
	Module string // the module whose version is the program's
	Source string // the import path of its main package
	Tags   string
	Guess  string // how long a first build takes on two cores

	// stamp lists the string variables that are set to the version; clients of the API server
	// read them.
	stamp []string
}

// All returns every program, the longest build first.
func All() []Program {
	kubernetes := func(name Name, guess string) Program {
		const version = "k8s.io/component-base/version."
		return Program{
			Name: name, Folder: "kubernetes",
			Module: "k8s.io/kubernetes", Source: "k8s.io/kubernetes/cmd/" + string(name),
			Guess: guess, stamp: []string{version + "gitVersion"},
		}
	}
	prometheus := func(name Name, guess string) Program {
		const module = "github.com/prometheus/prometheus"
		return Program{
			Name: name, Folder: "prometheus", Module: module, Source: module + "/cmd/" + string(name),
			Guess: guess, Tags: "remove_all_sd,enable_kubernetes_sd",
		}
	}
	return []Program{
		kubernetes(APIServer, "8 minutes"),
		kubernetes(ControllerManager, "3 minutes"),
		{
			Name: Etcd, Folder: "etcd", Guess: "1 minute",
			Module: "go.etcd.io/etcd/server/v3", Source: "go.etcd.io/etcd/server/v3",
		},
		prometheus(Prometheus, "4 minutes"),
		prometheus(Promtool, "1 minute"), // of the same packages
		{
			Name: Traefik, Folder: "traefik", Guess: "9 minutes",
			Module: "github.com/traefik/traefik/v3", Source: "github.com/traefik/traefik/v3/cmd/traefik",
		},
	}
}

// Path returns where the binary of a program is. It is an error when it is not built yet, and the
// error says what to run.
func Path(ctx context.Context, name Name) (string, error) {
	for _, p := range All() {
		if p.Name != name {
			continue
		}
		binary, err := p.Locate(ctx)
		if err != nil {
			return "", err
		}
		if !binary.Built() {
			return "", fmt.Errorf("%s %s is not built yet: run `go run ./build` in the folder e2e (half an hour, once)", name, binary.Version)
		}
		return binary.Path, nil
	}
	return "", fmt.Errorf("no program is called %q", name)
}

// Binary is a program's place in the cache.
type Binary struct {
	Version string
	Path    string
	program Program
	folder  string
}

// Locate says where the program's binary belongs. The place changes with the version, the modules
// and the flags it is built from, so that a binary found there is never an old one.
func (p Program) Locate(ctx context.Context) (Binary, error) {
	root, err := ModuleFolder(ctx, self)
	if err != nil {
		return Binary{}, err
	}
	folder := filepath.Join(root, "build", p.Folder)
	mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return Binary{}, fmt.Errorf("read the modules of %s: %w", p.Name, err)
	}
	version, err := required(string(mod), p.Module)
	if err != nil {
		return Binary{}, fmt.Errorf("version of %s: %w", p.Name, err)
	}
	cache, err := Cache()
	if err != nil {
		return Binary{}, err
	}
	recipe := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%q", mod, p.Tags, p.stamp))
	file := fmt.Sprintf("%s-%s-%x", p.Name, version, recipe[:4])
	return Binary{Version: version, Path: filepath.Join(cache, file), program: p, folder: folder}, nil
}

// Cache returns the folder that keeps the binaries.
func Cache() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(user, "canarybot-e2e"), nil
}

// Built reports whether the binary is there.
func (b Binary) Built() bool {
	info, err := os.Stat(b.Path)
	return err == nil && info.Mode().IsRegular()
}

// Build compiles the program and puts it in its place. It blocks for minutes. A build that is
// interrupted leaves nothing behind that Built would take for a binary.
func (b Binary) Build(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(b.Path), 0o755); err != nil {
		return fmt.Errorf("make the cache folder: %w", err)
	}
	flags := "-s -w"
	for _, variable := range b.program.stamp {
		flags += " -X " + variable + "=" + b.Version
	}
	unfinished := b.Path + ".unfinished"
	defer os.Remove(unfinished)
	compile := exec.CommandContext(ctx, "go", "build",
		"-mod=mod", "-buildvcs=false", "-tags", b.program.Tags, "-ldflags", flags,
		"-o", unfinished, b.program.Source)
	compile.Dir = b.folder
	output, err := compile.CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", b.program.Name, err, output)
	}
	return os.Rename(unfinished, b.Path)
}

// ModuleFolder returns where the source of this module, or of one that it requires, is.
func ModuleFolder(ctx context.Context, module string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("find the module %s: %s", module, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("find the module %s: %w", module, err)
	}
	folder := strings.TrimSpace(string(output))
	if folder == "" {
		return "", fmt.Errorf("the module %s is not in the module cache", module)
	}
	return folder, nil
}

// required returns the version at which the text of a go.mod requires a module.
func required(mod, module string) (string, error) {
	for line := range strings.Lines(mod) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("its go.mod does not require %s", module)
}
