package slacksim_test

import (
	"encoding/json"
	"testing"

	"github.com/gorilla/websocket"

	"canarybot.io/bot/slacksim"
)

// rawSocket is a Socket Mode client without an SDK, for what SDKs refuse to do.
type rawSocket struct {
	t  *testing.T
	ws *websocket.Conn
}

// frame is any frame the server sends.
type frame struct {
	Type           string          `json:"type"`
	Reason         string          `json:"reason"`
	NumConnections int             `json:"num_connections"`
	EnvelopeID     string          `json:"envelope_id"`
	RetryAttempt   int             `json:"retry_attempt"`
	RetryReason    string          `json:"retry_reason"`
	Payload        json.RawMessage `json:"payload"`
	Accepts        bool            `json:"accepts_response_payload"`
	DebugInfo      struct {
		Host string `json:"host"`
		Time int    `json:"approximate_connection_time"`
	} `json:"debug_info"`
	ConnectionInfo struct {
		AppID string `json:"app_id"`
	} `json:"connection_info"`
}

func socketURL(t *testing.T, sim *slacksim.Sim) string {
	t.Helper()
	_, url, err := newAPI(sim).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatalf("apps.connections.open: %v", err)
	}
	return url
}

// dialRaw opens a connection; the first frame is still unread.
func dialRaw(t *testing.T, sim *slacksim.Sim, url string) rawSocket {
	t.Helper()
	ws, resp, err := memoryDialer(sim).DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	return rawSocket{t: t, ws: ws}
}

// openRaw opens a connection and reads its hello.
func openRaw(t *testing.T, sim *slacksim.Sim) (rawSocket, frame) {
	t.Helper()
	r := dialRaw(t, sim, socketURL(t, sim))
	return r, r.next()
}

func (r rawSocket) next() frame {
	r.t.Helper()
	var f frame
	if err := r.ws.ReadJSON(&f); err != nil {
		r.t.Fatalf("read frame: %v", err)
	}
	return f
}

func (r rawSocket) ack(id string) {
	r.t.Helper()
	r.send([]byte(`{"envelope_id":"` + id + `"}`))
}

func (r rawSocket) send(b []byte) {
	r.t.Helper()
	if err := r.ws.WriteMessage(websocket.TextMessage, b); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}
