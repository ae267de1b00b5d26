package agent

// Fallback is why agents were read without GraphQL, so perhaps without the use of their tokens.
type Fallback int

// The reasons, from good to bad.
const (
	FallbackNone        Fallback = iota
	FallbackPartial              // GraphQL left something out
	FallbackSlow                 // GraphQL did not answer in time
	FallbackUnavailable          // GraphQL failed: 5xx, a broken connection, nonsense, a limit of rate
	FallbackTooComplex           // the instance refuses even the smallest query
	FallbackRefused              // GraphQL is forbidden to the person
	FallbackUnsupported          // no answer: the instance does not know the query, or has no GraphQL
)

// String names the reason in logs, metrics and catalogues.
func (f Fallback) String() string {
	return [...]string{"none", "partial", "slow", "unavailable", "too_complex", "refused", "unsupported"}[f]
}

// Lasts reports whether asking GraphQL again is of no use.
func (f Fallback) Lasts() bool { return f >= FallbackTooComplex }
