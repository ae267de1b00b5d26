package portal

import (
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// shortestWatch is the shortest WATCH_INTERVAL: GitLab's own times are no finer than some minutes.
const shortestWatch = time.Minute

// longestWatch is the longest: what is told later than that, somebody has seen before.
const longestWatch = time.Hour

// watches reports whether somebody gave the portal a token to watch with.
func (c *config) watches() bool { return len(c.watchTokens) > 0 }

// checkWatch examines what the watch is configured by, and takes its tokens from where they are.
func (c *config) checkWatch(bad *problems) {
	const value, file = "WATCH_TOKEN", "WATCH_TOKEN_FILE"
	variable, text := value, c.WatchToken.Reveal()
	switch {
	case text != "" && c.WatchTokenFile != "":
		bad.add(file, "is set beside "+value+": unset one of them")
	case c.WatchTokenFile != "":
		variable = file
		text, _ = bad.readLines(file, c.WatchTokenFile)
	}
	c.watchTokens = watchTokens(bad, variable, text)
	if c.WatchInterval < shortestWatch || c.WatchInterval > longestWatch {
		bad.add("WATCH_INTERVAL", "is not between 1m and 1h")
	}
}

// watchTokens are the tokens of a list, each once.
func watchTokens(bad *problems, variable, text string) []gitlabapi.Secret {
	var tokens []gitlabapi.Secret
	seen := map[string]bool{}
	for token := range strings.FieldsFuncSeq(text, isBetweenTokens) {
		switch {
		case seen[token]:
			bad.add(variable, "holds a token twice")
		case strings.ContainsFunc(token, func(r rune) bool { return r > '~' }):
			bad.add(variable, "holds something that is no token of GitLab's")
		}
		seen[token] = true
		tokens = append(tokens, gitlabapi.NewSecret(token))
	}
	return tokens
}

func isBetweenTokens(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' }
