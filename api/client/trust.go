package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// untrusted reports whether a certificate, or its absence, is what keeps us from the server.
func untrusted(err error) bool {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &verification) || errors.As(err, &record)
}
