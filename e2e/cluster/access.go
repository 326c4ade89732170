package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Files in the cluster's folder.
const (
	publicKey   = "service-account.pub"
	privateKey  = "service-account.key"
	tokens      = "tokens.csv"
	certificate = "apiserver.crt" // written by the API server, signed by itself
)

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// CertificateFile returns the file with the certificate to check the API server against.
func (c *Cluster) CertificateFile() string { return c.file(certificate) }

// AdminToken returns the token of a user who may do everything.
func (c *Cluster) AdminToken() string { return c.token }

// ServiceAccountToken returns a token with which a client is the service account, with the rights
// that RBAC grants it and no others. With audiences it is made for those alone. The service account must exist.
func (c *Cluster) ServiceAccountToken(ctx context.Context, namespace, name string, audiences ...string) (string, error) {
	hour := int64(3600)
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &hour, Audiences: audiences}}
	granted, err := c.Kube.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, meta.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of service account %s/%s: %w", namespace, name, err)
	}
	return granted.Status.Token, nil
}

// Config returns the configuration of a client that shows a token. Its rate limits are out of the
// way of tests.
func (c *Cluster) Config(token string) *rest.Config {
	return &rest.Config{
		Host:            URL,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.CertificateFile()},
		QPS:             500,
		Burst:           1000,
	}
}

// Client returns an HTTP client that shows a token.
func (c *Cluster) Client(token string) (*http.Client, error) {
	return rest.HTTPClientFor(c.Config(token))
}

// WriteKubeconfig writes NAME.kubeconfig into the cluster's folder, for programs that show a token,
// and returns its path.
func (c *Cluster) WriteKubeconfig(name, token string) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: URL, CertificateAuthority: c.CertificateFile()}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: name}
	config.CurrentContext = "e2e"
	path := c.file(name + ".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("write the kubeconfig of %s: %w", name, err)
	}
	return path, nil
}

// writeSecrets writes what the API server must find when it starts: the keys that service account
// tokens are signed and checked with, and the administrator's token.
func (c *Cluster) writeSecrets() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make the key for service accounts: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encode the key for service accounts: %w", err)
	}
	for name, content := range map[string][]byte{
		privateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		publicKey:  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		tokens:     []byte(c.token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(c.file(name), content, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
