//go:build tools

// Package etcd pins the store behind the Kubernetes API of the real world.
package etcd

import _ "go.etcd.io/etcd/server/v3"
