package portal

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// readAuthorities makes authorities and rootCAs of what GITLAB_CA_FILE holds. Its certificates count
// beside the system's: a GitLab that moves from a private authority to a public one, or the other way,
// does so without an hour in which the portal knows only the wrong one.
func (c *config) readAuthorities(bad *problems) {
	const variable = "GITLAB_CA_FILE"
	text, ok := bad.readLines(variable, c.CAFile)
	if !ok {
		return
	}
	var err error
	if c.authorities, err = parseCertificates([]byte(text)); err != nil {
		bad.add(variable, err.Error())
		return
	}
	if c.rootCAs, err = x509.SystemCertPool(); err != nil {
		c.rootCAs = x509.NewCertPool() // an image may have none
	}
	for _, authority := range c.authorities {
		c.rootCAs.AddCert(authority)
	}
}

// parseCertificates reads all certificates of a file in PEM.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("names a file with a damaged certificate")
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		return nil, errors.New("names a file without a certificate in PEM")
	}
	return all, nil
}

// expiresSoon is how long before its end a certificate of an authority is worth a word.
const expiresSoon = 30 * 24 * time.Hour

// judgeCertificate says whether an authority's certificate is of use, now and for some time.
func judgeCertificate(certificate *x509.Certificate, now time.Time) error {
	day := func(at time.Time) string { return at.UTC().Format(time.DateOnly) }
	switch {
	case now.Before(certificate.NotBefore):
		return fmt.Errorf("valid only from %s on", day(certificate.NotBefore))
	case now.After(certificate.NotAfter):
		return fmt.Errorf("expired on %s", day(certificate.NotAfter))
	case now.Add(expiresSoon).After(certificate.NotAfter):
		return fmt.Errorf("expires on %s", day(certificate.NotAfter))
	}
	return nil
}
