//go:build tools

// Package traefik pins the proxy of the real world.
package traefik

import _ "github.com/traefik/traefik/v3/cmd/traefik"
