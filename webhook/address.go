package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// CheckURL returns what is wrong with a target's address, in words that follow its key and quote nothing of it but the host;
// nil: nothing. What a name stands for is only known when it is reached: it is checked again then.
func CheckURL(address string, insecure bool, allowed []netip.Prefix) error {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Opaque != "", u.Hostname() == "", u.Scheme != "https" && u.Scheme != "http":
		return errors.New("is not an address; write for example https://ci.example.com/hooks/canarybot")
	case u.User != nil:
		return errors.New("holds a user or a password, and this file is read by many; write token_file, or url_file for all of it")
	case u.Fragment != "":
		return errors.New("has a fragment (#), which is never sent")
	case u.Scheme == "http" && !insecure:
		return errors.New("is not encrypted; write https://, or insecure: allowed where nobody can listen on the way")
	}
	return checkHost(u.Hostname(), allowed)
}

// checkHost returns why a host may not be reached, as far as its name says.
func checkHost(host string, allowed []netip.Prefix) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return checkIP(ip, allowed)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return checkIP(netip.MustParseAddr("127.0.0.1"), allowed)
	case name == "metadata.google.internal":
		return checkIP(netip.MustParseAddr("169.254.169.254"), allowed)
	}
	return nil
}

// checkIP returns why an address may not be reached; nil: it may.
func checkIP(ip netip.Addr, allowed []netip.Prefix) error {
	ip = inner(ip)
	what := reserved(ip)
	if what == "" {
		return nil
	}
	for _, n := range allowed {
		if n.Contains(ip) {
			return nil
		}
	}
	return fmt.Errorf("leads to %s, which is %s; it is not told unless networks allows that", ip, what)
}

// embedded are IPv6 networks whose addresses hold an IPv4 address, and where in it.
var embedded = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // translated
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4
}

// inner returns the address that is reached: the IPv4 address in an IPv6 one that stands for it.
func inner(ip netip.Addr) netip.Addr {
	ip = ip.WithZone("").Unmap()
	if !ip.Is6() || ip.IsUnspecified() || ip.IsLoopback() {
		return ip
	}
	for _, e := range embedded {
		if e.network.Contains(ip) {
			raw := ip.As16()
			v4, _ := netip.AddrFromSlice(raw[e.at : e.at+4])
			return v4
		}
	}
	return ip
}

// metadata are where clouds answer their machines, secrets among the answers, beside the link-local addresses.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),      // Amazon
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
}

// thisNetwork is IPv4's own network: systems take it for this machine.
var thisNetwork = netip.MustParsePrefix("0.0.0.0/8")

// reserved names what kind of address nobody means to tell; empty: none.
func reserved(ip netip.Addr) string {
	switch {
	case ip.IsUnspecified(), ip.IsLoopback(), ip.Is4() && thisNetwork.Contains(ip):
		return "this machine"
	case ip.IsLinkLocalUnicast():
		return "link-local, as a cloud's metadata is"
	case ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "many machines at once"
	}
	for _, n := range metadata {
		if n.Contains(ip) {
			return "a cloud's metadata"
		}
	}
	return ""
}

// dialer dials only addresses that may be reached. It looks at the one that a name was resolved to, right before the
// connection: another answer to a second question changes nothing.
func dialer(allowed []netip.Prefix) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return errors.New("is reached by something that is no address")
		}
		return checkIP(to.Addr(), allowed)
	}}
	return d.DialContext
}
