// Command licences knows under which licence each module is that the binary is made of. Run it in the repository's root:
//
//	licences           holds THIRD_PARTY.md against what is linked
//	licences -write    rewrites it; read the difference
//	licences -texts    prints every licence word for word, as the release has to carry them
//
// A licence that it does not recognise, or that is not allowed, is an error: a person reads it then.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const page = "THIRD_PARTY.md"

const head = `# What the binary is made of

Every module that is linked into ` + "`canarybot`" + `, and its licence. Made by ` + "`bin/licences -write`" + `, and held against the
binary by ` + "`make supply`" + `. The release carries the licences' texts.

| module | version | licence |
|---|---|---|
`

// allowed are the licences under which a module may be linked: all of them let anybody use the binary for anything. The
// Mozilla licence asks for the source of files that were changed, and none are.
func allowed() []string {
	return []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}
}

func main() {
	log.SetFlags(0)
	write, texts := flag.Bool("write", false, "rewrite "+page), flag.Bool("texts", false, "print the licences' texts")
	flag.Parse()
	if err := run(*write, *texts); err != nil {
		log.Fatal("licences: ", err)
	}
}

func run(write, texts bool) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	if texts {
		for _, m := range modules {
			fmt.Printf("%s %s\n\n", m.path, m.version)
			for _, name := range slices.Sorted(maps.Keys(m.texts)) {
				fmt.Printf("%s\n\n", strings.TrimRight(m.texts[name], "\n"))
			}
		}
		return nil
	}
	table := head
	var wrong []error
	for _, m := range modules {
		for _, licence := range m.licences() {
			if !slices.Contains(allowed(), licence) {
				wrong = append(wrong, fmt.Errorf("%s %s is under %q: read its licence", m.path, m.version, licence))
			}
		}
		table += fmt.Sprintf("| %s | %s | %s |\n", m.path, m.version, strings.Join(m.licences(), ", "))
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	if write {
		return os.WriteFile(page, []byte(table), 0o644)
	}
	if known, err := os.ReadFile(page); err != nil || string(known) != table {
		return fmt.Errorf("%s is not what is linked (%v): run bin/licences -write, and read the difference", page, err)
	}
	return nil
}

// module is one that is linked, with its licences and notices by file name.
type module struct {
	path, version string
	texts         map[string]string
}

// linked returns the modules of the binary, for all architectures of a release, sorted.
func linked() ([]module, error) {
	found := map[string]module{}
	for _, arch := range []string{"amd64", "arm64"} {
		list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./cmd/canarybot")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		list.Stderr = os.Stderr
		output, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("list what is linked: %w", err)
		}
		for line := range strings.Lines(string(output)) {
			fields := strings.Fields(line)
			if len(fields) != 3 || found[fields[0]].path != "" {
				continue
			}
			texts, err := read(fields[2])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", fields[0], err)
			}
			found[fields[0]] = module{fields[0], fields[1], texts}
		}
	}
	root, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("find Go itself: %w", err)
	}
	folder, version, _ := strings.Cut(strings.TrimSpace(string(root)), "\n")
	texts, err := read(folder)
	if err != nil {
		return nil, err
	}
	found["std"] = module{"std", version, texts}
	return slices.SortedFunc(maps.Values(found), func(a, b module) int { return strings.Compare(a.path, b.path) }), nil
}

// read returns the licences and notices in a module's folder.
func read(folder string) (map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		texts[e.Name()] = string(text)
	}
	return texts, nil
}

// licences returns the SPDX names of the module's licences, sorted; "" stands for one that a person has to read.
func (m module) licences() []string {
	var all []string
	for name, text := range m.texts {
		if upper := strings.ToUpper(name); !strings.HasPrefix(upper, "NOTICE") && upper != "LICENSE.DOCS" { // of texts, none of which is linked
			all = append(all, recognise(text)...)
		}
	}
	if len(all) == 0 {
		return []string{""}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// recognise returns the SPDX names of the licences in a text, by sentences that no other has.
func recognise(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(sentences ...string) bool {
		return slices.ContainsFunc(sentences, func(s string) bool { return strings.Contains(text, s) })
	}
	mozilla := has("mozilla public license, version 2.0", "mozilla public license version 2.0")
	bsd, clause := has("redistribution and use in source and binary forms"), has("neither the name", "may not be used to endorse")
	var all []string
	for name, is := range map[string]bool{
		"Apache-2.0":   has("apache license version 2.0", "apache license, version 2.0"),
		"BSD-2-Clause": bsd && !clause,
		"BSD-3-Clause": bsd && clause,
		"ISC":          has("permission to use, copy, modify, and/or distribute this software", "permission to use, copy, modify, and distribute this software"),
		"MIT":          has("permission is hereby granted, free of charge, to any person obtaining a copy"),
		"MPL-2.0":      mozilla,
		"":             has("general public license") && !mozilla, // Mozilla's text names it
	} {
		if is {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return []string{""}
	}
	return all
}
