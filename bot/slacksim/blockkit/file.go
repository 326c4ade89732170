package blockkit

import "fmt"

// SlackFile is a picture in a block that was uploaded to Slack, named by its id or by one of its addresses.
type SlackFile struct {
	Pointer string
	ID      string
	URL     string
}

// SlackFiles lists the uploaded pictures that blocks show, wherever they are in them.
func SlackFiles(raw []byte, base string) []SlackFile {
	blocks, err := Decode(raw)
	if err != nil {
		return nil
	}
	var out []SlackFile
	for i, b := range blocks {
		out = slackFiles(out, fmt.Sprintf("%s/%d", base, i), b)
	}
	return out
}

func slackFiles(out []SlackFile, at string, v any) []SlackFile {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			out = slackFiles(out, fmt.Sprintf("%s/%d", at, i), e)
		}
	case map[string]any:
		if f, ok := v["slack_file"].(map[string]any); ok && v["type"] == "image" {
			out = append(out, SlackFile{Pointer: at + "/slack_file", ID: str(f, "id"), URL: str(f, "url")})
		}
		for _, field := range sorted(v) {
			if field != "slack_file" {
				out = slackFiles(out, at+"/"+field, v[field])
			}
		}
	}
	return out
}

// source checks where a picture comes from: the web, or a file of Slack's, never both.
func (c *checker) source(at string, o map[string]any) {
	_, web := o["image_url"]
	v, slack := o["slack_file"]
	switch {
	case web && slack:
		c.fail(at, "must have only one of image_url and slack_file")
	case slack:
		c.slackFile(at+"/slack_file", v)
	case !web:
		c.missing(at, "image_url")
	default:
		if link, ok := c.shortString(at, o, "image_url", maxURL); ok && !downloadable(link) {
			c.fail(at+"/image_url", "downloading image failed")
		}
	}
}

func (c *checker) slackFile(at string, v any) {
	f, ok := v.(map[string]any)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	c.only(at, f, "id", "url")
	_, byID := f["id"]
	_, byURL := f["url"]
	switch {
	case byID && byURL:
		c.fail(at, "must have only one of id and url")
	case byID:
		c.shortString(at, f, "id", maxID)
	case byURL:
		c.shortString(at, f, "url", maxURL)
	default:
		c.missing(at, "id")
	}
}
