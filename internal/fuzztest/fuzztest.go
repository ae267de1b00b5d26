// Package fuzztest makes seeds for fuzz targets. Every `go test` runs a target once with each of
// its seeds, without the cost of instrumenting and starting workers; so a few hundred seeds that
// are the same in every run are the fixed number of executions that each test run gets. `make
// fuzz` goes on from them for as long as one likes.
package fuzztest

import (
	"math/rand/v2"
	"strings"
)

// Executions is how many seeds a target gets besides those that its author wrote.
const Executions = 500

// hostile are pieces that parsers of URLs, cookies, headers, HTML, JSON and tables trip over.
var hostile = []string{ //nolint:gochecknoglobals // a table
	"\x00", "\t", "\r\n", "\n", " ", "\u00a0", "\u2028", "\u202e", "\ufeff", "\u0301", "\xff\xfe", "\xed\xa0\x80",
	"//", `\`, "/..", "/./", "%2f", "%5c", "%00", "%", "%zz", "@", "#", "?", "&", ";", "=", ":", ",", "|", `"`, "'", "`",
	"<script>", "</textarea>", "<!--", "&lt;", "{{", "${", "=HYPERLINK(", "+", "-", "javascript:", "https:", "evil.example",
	`{"`, `"}`, "[", "]", "null", "1e999", "-1", "[[[[[[[[", `\ud800`, `\u0000`,
	"日本語", "🏳️‍🌈", strings.Repeat("A", 300), strings.Repeat("é", 300),
}

// Mutations returns n changed copies of the given texts, the same ones in every run.
func Mutations(n int, texts ...string) []string {
	random := rand.New(rand.NewPCG(2026, 11)) //nolint:gosec // it has to repeat itself
	changed := make([]string, 0, n)
	for range n {
		text := texts[random.IntN(len(texts))]
		for range 1 + random.IntN(4) {
			text = mutate(random, text, texts[random.IntN(len(texts))])
		}
		changed = append(changed, text)
	}
	return changed
}

// mutate changes text in one place, with a piece of other for some of the ways.
func mutate(random *rand.Rand, text, other string) string {
	at := random.IntN(len(text) + 1)
	end := at + random.IntN(len(text)-at+1)
	switch random.IntN(6) {
	case 0: // insert something hostile
		return text[:at] + hostile[random.IntN(len(hostile))] + text[at:]
	case 1: // replace a piece by something hostile
		return text[:at] + hostile[random.IntN(len(hostile))] + text[end:]
	case 2: // cut a piece out
		return text[:at] + text[end:]
	case 3: // double a piece
		return text[:end] + text[at:end] + text[end:]
	case 4: // go on as another text ends
		return text[:at] + other[random.IntN(len(other)+1):]
	default: // flip a bit
		if at == len(text) {
			return text
		}
		flipped := []byte(text)
		flipped[at] ^= 1 << random.IntN(8)
		return string(flipped)
	}
}
