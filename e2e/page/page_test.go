package page

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"canarybot.io/e2e/process"
)

var pictures = flag.String("pictures", "", "the folder in which the scenarios leave the pictures of the docs")

// browser is where the scenarios find the Chromium that they share; folder is where they, what drives them, and the demo are.
var browser, folder string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := prepare(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// prepare finds Chromium, installs what drives it, builds the demo, runs the tests, and leaves nothing behind.
func prepare(run func() int) (code int, err error) {
	path, err := chromium()
	if err != nil {
		return 0, err
	}
	if folder, err = process.Node("page"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "demo"), "./cmd/demo")
	build.Dir = filepath.Join("..", "..") // the main module's own versions: they are compiled already
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	stop, err := open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return run(), nil
}

// open starts the browser that the scenarios share; stop ends it.
func open(path string) (stop func() error, err error) {
	command := exec.Command("node", "browser.mjs")
	command.Dir, command.Stderr = folder, os.Stderr
	command.Env = append(os.Environ(), "CHROMIUM="+path)
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop = func() error { return errors.Join(in.Close(), command.Wait()) }
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return nil, errors.Join(errors.New("the browser does not say where it is"), stop())
	}
	browser = lines.Text()
	return stop, nil
}

// chromium finds the browser.
func chromium() (string, error) {
	if named := os.Getenv("CHROMIUM"); named != "" {
		return named, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "chromium-headless-shell", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the scenarios of the page need Chromium: install it, as with `apt-get install chromium`, or say in CHROMIUM where it is")
}

// People do on the page what they do in Slack, and each of them can.
func TestPage(t *testing.T) {
	scenarios, err := filepath.Glob("node/scenarios/*.mjs")
	if err != nil || len(scenarios) == 0 {
		t.Fatalf("no scenarios (%v)", err)
	}
	if *pictures != "" {
		t.Cleanup(func() {
			if err := lighten(whither(t)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, path := range scenarios {
		name := strings.TrimSuffix(filepath.Base(path), ".mjs")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := exec.CommandContext(t.Context(), "node", filepath.Join("scenarios", name+".mjs"))
			play.Dir = folder
			play.Env = append(os.Environ(), "BROWSER="+browser, "URL="+demo(t), "PICTURES="+whither(t), "STORIES="+toured(t))
			if out, err := play.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// whither returns the folder for pictures; "" if nobody asked for any.
func whither(t *testing.T) string {
	t.Helper()
	if *pictures == "" {
		return ""
	}
	path, err := filepath.Abs(*pictures)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// toured returns the stories that docs/tour.md shows.
func toured(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`\(pictures/(\w+)\.png\)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat("../../bot/view/storybook/stories/" + m[1] + ".json"); err == nil {
			all = append(all, m[1]) // the others are pictures of the demo
		}
	}
	return strings.Join(all, " ")
}

// demo starts a demo that nobody used before, and returns its address.
func demo(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "demo"), "-quick", "-v")
	command.Env = append(os.Environ(), "ADDR=127.0.0.1:0")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(t.TempDir(), "demo", command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.Tail(40))
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if open := regexp.MustCompile(`Open (http://[0-9.]+:[0-9]+)`).FindStringSubmatch(lines.Text()); open != nil {
			return open[1]
		}
	}
	t.Fatalf("the demo does not say where it is:\n%s", p.Tail(20))
	return ""
}
