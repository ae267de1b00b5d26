package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.json
var catalogues embed.FS

// maxMatched is how many headers Match remembers, maxMatchedBytes how long one may be: whoever
// makes up headers fills neither the memory nor more than this list.
const maxMatched, maxMatchedBytes = 256, 256

// languages lists what the portal speaks; the first one is the default.
func languages() []Lang { return []Lang{English, Chinese} }

// These are built once, at first use, and depend on nothing but the embedded files.
//
//nolint:gochecknoglobals // constants, but for the language having none of these types
var (
	matcher = sync.OnceValue(func() language.Matcher {
		tags := make([]language.Tag, 0, len(languages()))
		for _, lang := range languages() {
			tags = append(tags, language.MustParse(string(lang)))
		}
		return language.NewMatcher(tags)
	})
	// matched remembers what Match found for the headers that browsers send: there are few of them.
	matched = sync.OnceValue(func() *lru.Cache[string, Lang] {
		cache, err := lru.New[string, Lang](maxMatched)
		if err != nil {
			panic(err) // only a size of 0 fails
		}
		return cache
	})
	printers = sync.OnceValue(func() map[Lang]*Printer {
		all := make(map[Lang]*Printer, len(languages()))
		for _, lang := range languages() {
			messages, err := load(lang)
			if err != nil {
				// The files are part of the program: only a build that no test has seen gets here.
				panic(err)
			}
			all[lang] = newPrinter(lang, messages)
		}
		return all
	})
)

// newPrinter returns the printer of a language, with the one for JiHu GitLab.
func newPrinter(lang Lang, messages map[string]message) *Printer {
	p := &Printer{lang: lang, tag: language.MustParse(string(lang)), messages: messages}
	jihu := *p
	if lang == Chinese {
		jihu.messages = make(map[string]message, len(messages))
		for id, m := range messages {
			jihu.messages[id] = m.renamed()
		}
	}
	jihu.jihu = &jihu
	p.jihu = &jihu
	return p
}

// load reads the catalogues of one language.
func load(lang Lang) (map[string]message, error) {
	entries, err := catalogues.ReadDir("catalogue")
	if err != nil {
		return nil, fmt.Errorf("reading the catalogues: %w", err)
	}
	messages := make(map[string]message)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), "."+string(lang)+".json") {
			continue
		}
		if err := loadFile("catalogue/"+entry.Name(), messages); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

func loadFile(path string, into map[string]message) error {
	content, err := catalogues.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading a catalogue: %w", err)
	}
	file, err := goi18n.ParseMessageFileBytes(content, path, map[string]goi18n.UnmarshalFunc{"json": json.Unmarshal})
	if err != nil {
		return fmt.Errorf("catalogue %s: %w", path, err)
	}
	for _, m := range file.Messages {
		if _, taken := into[m.ID]; taken {
			return fmt.Errorf("catalogue %s: %s is already in another file", path, m.ID)
		}
		into[m.ID] = newMessage(m.One, m.Other)
	}
	return nil
}

// message is one text; one is its form for a single thing, where the language has one.
type message struct {
	one   *text
	other text
}

// renamed is m with the name that JiHu's pages give the instance. Its first sign is Chinese, so no
// space stands before it.
func (m message) renamed() message {
	names := strings.NewReplacer(" GitLab", "极狐GitLab", "GitLab", "极狐GitLab")
	literals := make([]string, len(m.other.literals))
	for i, literal := range m.other.literals {
		literals[i] = names.Replace(literal)
	}
	m.other.literals = literals
	return m
}

func newMessage(one, other string) message {
	m := message{other: newText(other)}
	if one != "" {
		form := newText(one)
		m.one = &form
	}
	return m
}
