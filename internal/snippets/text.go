package snippets

import (
	"strings"
	"unicode"
)

// visible is p without what nobody can see in its texts. They come from GitLab and end up in
// terminals, where an escape sequence acts and a change of direction lies.
func (p Params) visible() Params {
	for _, text := range []*string{
		&p.Agent, &p.ProjectPath, &p.GitLabURL, &p.KASAddress, &p.KASVersion, &p.ChartRepo, &p.Image,
		&p.Namespace, &p.Release, &p.SecretName, &p.JWTPublicKey, &p.ProxyURL,
	} {
		*text = Visible(*text)
	}
	return p
}

// Visible is text without characters that control, format or separate lines, and without bytes
// that are no text.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// isInvisible reports whether r shows nothing by itself and changes how other characters are shown
// or taken: controls, bidirectional and zero-width formatting, tags, line and paragraph separators,
// and what Unicode leaves to private agreement.
func isInvisible(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }
