package node

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// drainTime bounds how long a stopping container may take to finish open requests.
const drainTime = time.Second

// listener serves one handler on the addresses of a container.
type listener struct {
	server  *http.Server
	serving sync.WaitGroup
}

// listen starts to serve; either shutdown or kill ends it.
func listen(addresses []string, handler http.Handler) (*listener, error) {
	l := &listener{server: &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}}
	for _, address := range addresses {
		socket, err := net.Listen("tcp", address)
		if err != nil {
			l.kill()
			return nil, err
		}
		l.serving.Go(func() {
			if err := l.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
				// From now on calls to the pod are refused, as if it had crashed.
				_ = socket.Close()
			}
		})
	}
	return l, nil
}

// shutdown stops listening at once and lets requests under way end, also when ctx has ended.
func (l *listener) shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	// What is left after the time is cut off by kill.
	_ = l.server.Shutdown(ctx)
	l.kill()
}

// kill cuts every connection.
func (l *listener) kill() {
	_ = l.server.Close()
	l.serving.Wait()
}
