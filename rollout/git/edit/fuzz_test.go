package edit_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
)

// Whatever the file is, it is refused, or what comes out parses and has the same values in the same order but for the
// versions, which then are those that were asked for.
func FuzzEdit(f *testing.F) {
	for _, seed := range []string{
		entry + "v1\n", entry + "\"v1\" # x\n", "images: [{newTag: v1, name: " + repository + "}]", "\ufeff" + entry + "'1.10'\r\n",
		"image:\n  tag: v1\n", "image:\n  repository: " + repository + "\n  tag: v1\n  digest: " + digestA + "\n", "image: " + repository + ":v1\n",
		"s:\n- image: {tag: v1}\n", deployment + "      - name: app\n        image: " + repository + ":v1\n", "x: &a v1\ny: *a\n---\nimage: {tag: v1}\n",
		"{{ if }}\n", "image: {tag: |\n  v1}\n", "? image\n: tag: v1\n", "image:\n  tag: v1\u2028# x\n",
	} {
		for kind := range uint8(3) {
			f.Add([]byte(seed), kind, "image.tag", v2)
			f.Add([]byte(seed), kind, "", pinned)
			f.Add([]byte(seed), kind, "image", repository+":1.10")
		}
	}
	kinds := []rollout.GitEdit{rollout.Kustomize, rollout.HelmValues, rollout.Manifest}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, key, version string) {
		image, err := rollout.Image(repository, version)
		if err != nil {
			return
		}
		of := target(kinds[int(kind)%len(kinds)], key)
		file, err := edit.Read(data, of)
		if err != nil {
			return
		}
		out, err := file.Write(image)
		if err != nil {
			return
		}
		if bytes.Count(out, []byte("\n")) != bytes.Count(data, []byte("\n")) {
			t.Fatalf("another number of lines: %q", out)
		}
		before, after := scalars(t, data), scalars(t, out)
		if len(before) != len(after) {
			t.Fatalf("%d values became %d: %q", len(before), len(after), out)
		}
		changed := 0
		for i := range before {
			if before[i] != after[i] {
				changed++
			}
		}
		again, err := edit.Read(out, of)
		if err != nil || !again.Says(image) {
			t.Fatalf("%q says another image (%v)", out, err)
		}
		if !file.Says(image) && changed == 0 || file.Says(image) && (changed > 0 || !bytes.Equal(out, data)) {
			t.Fatalf("%d values changed: %q", changed, out)
		}
		back, err := again.Write(file.Image())
		if err != nil {
			return // a version that is no version any more, such as an empty one beside a digest
		}
		if was, err := edit.Read(back, of); err != nil || was.Image() != file.Image() {
			t.Fatalf("%q does not lead back (%v): %q", out, err, back)
		}
	})
}

// scalars returns every word of every document, in order.
func scalars(t *testing.T, data []byte) (all []string) {
	t.Helper()
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
			all = append(all, n.Value)
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%q does not parse: %v", data, err)
		}
		walk(&doc)
	}
}
