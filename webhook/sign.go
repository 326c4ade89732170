package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"canarybot.io/secret"
)

// The headers and the form of keys are those of Standard Webhooks, for which receivers have libraries.
const (
	idHeader, timeHeader, signatureHeader = "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"
	keyPrefix                             = "whsec_"
	leastKey, mostKey                     = 24, 64 // bytes
)

// signer signs events with the keys in files.
type signer []*secret.File

func newSigner(paths []string, log *slog.Logger) signer {
	var s signer
	for _, p := range paths {
		s = append(s, secret.NewFile(p, keyForm, log))
	}
	return s
}

// keyForm is the form of a key.
func keyForm(text string) error {
	if _, ok := keyOf(text); !ok {
		return errors.New("is not whsec_ and the base64 of 24 to 64 bytes")
	}
	return nil
}

// keyOf returns the key that a text stands for.
func keyOf(text string) (key []byte, ok bool) {
	encoded, ok := strings.CutPrefix(text, keyPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	return key, ok && err == nil && len(key) >= leastKey && len(key) <= mostKey
}

// sign adds the headers that say what the event is, when this try was made, and by each key that can be read that both and
// the body are ours. It is an error when there are keys, and none can be read.
func (s signer) sign(h http.Header, id string, at time.Time, body []byte) error {
	stamp := strconv.FormatInt(at.Unix(), 10)
	h.Set(idHeader, id)
	h.Set(timeHeader, stamp)
	var all []string
	var unread error
	for _, file := range s {
		text, err := file.Read()
		if err != nil {
			unread = err
			continue
		}
		key, _ := keyOf(text)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(all) == 0 {
		return unread
	}
	h.Set(signatureHeader, strings.Join(all, " "))
	return nil
}
