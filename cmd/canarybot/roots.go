package main

// The image is built from nothing, so the certificates of the public authorities come with the binary, pinned as every
// other module. They hold only where the system has none: a bundle that is mounted into the pod goes before them.
import _ "golang.org/x/crypto/x509roots/fallback"
