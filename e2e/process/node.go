package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Node copies the files of the folder node into a new folder, installs there by npm what they name, and returns it; whoever
// asked removes it.
func Node(name string) (folder string, err error) {
	if folder, err = os.MkdirTemp("", name); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if err := os.CopyFS(folder, os.DirFS("node")); err != nil {
		return "", err
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm could not install what %s needs, which takes Node 20 or newer, and a registry that npm can reach: %w\n%s", name, err, out)
	}
	return folder, nil
}
