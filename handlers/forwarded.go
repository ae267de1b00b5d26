package handlers

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedBy returns what proxies say they were asked by, in the order in which they wrote it, as
// they spell it, and the header that says so. X-Forwarded-For counts if it is there at all, and
// Forwarded (RFC 7239) only without it: nearly every proxy writes the former, and one that does
// often passes the latter on as a visitor made it up.
func forwardedBy(header http.Header) (name string, nodes []string) {
	// Commas in quotes separate too: no address has one, and a quote that a visitor left open must
	// not swallow what a proxy has appended.
	if nodes = elements(header.Values("X-Forwarded-For")); len(nodes) > 0 {
		return "X-Forwarded-For", nodes
	}
	nodes = elements(header.Values("Forwarded"))
	for i, element := range nodes {
		nodes[i] = forParameter(element)
	}
	return "Forwarded", nodes
}

// elements are those of a list in a header; empty ones do not count (RFC 9110 section 5.6.1).
func elements(values []string) []string {
	all := strings.Split(strings.Join(values, ","), ",")
	for i, element := range all {
		all[i] = strings.TrimSpace(element)
	}
	return slices.DeleteFunc(all, func(element string) bool { return element == "" })
}

// forParameter is the value of the one parameter "for" of an element of Forwarded; where there is
// no such parameter, or several, the element itself, which is no address.
func forParameter(element string) string {
	node, found := element, 0
	for parameter := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(parameter, "=")
		if ok && strings.EqualFold(strings.TrimSpace(name), "for") {
			node, found = strings.TrimSpace(value), found+1
		}
	}
	if found != 1 {
		return element
	}
	return node
}

// parseNode reads an address in any usual spelling: alone, in brackets, with a port, in quotes. The
// zone of an address means something on the proxy's machine only.
func parseNode(node string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(node, `"`); ok {
		if node, ok = strings.CutSuffix(inner, `"`); !ok {
			return netip.Addr{}, false
		}
	}
	address, err := netip.ParseAddr(withoutPort(node))
	return address.WithZone("").Unmap(), err == nil
}

// withoutPort takes the port off, and the brackets that keep it apart from an address of IPv6.
func withoutPort(node string) string {
	host, port, hasPort := strings.Cut(node, ":")
	if inner, ok := strings.CutPrefix(node, "["); ok {
		var rest string
		host, rest, ok = strings.Cut(inner, "]")
		if port, hasPort = strings.CutPrefix(rest, ":"); !ok || rest != "" && !hasPort || !strings.Contains(host, ":") {
			return ""
		}
	}
	if strings.Contains(port, ":") {
		return node // an address of IPv6 without brackets has no port
	}
	if hasPort && !isNodePort(port) {
		return ""
	}
	return host
}

// isNodePort reports whether text is a port, or stands for one that a proxy keeps to itself
// (RFC 7239 section 6.3).
func isNodePort(text string) bool {
	if name, hidden := strings.CutPrefix(text, "_"); hidden {
		return name != "" && isPlain(name)
	}
	return len(text) <= 5 && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// isPlain reports whether text is made of letters, digits and a few marks alone, so that it may
// stand anywhere.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return false
		default:
			return !strings.ContainsRune("._-:", r)
		}
	})
}
