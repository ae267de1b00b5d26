package agent

// ConfigState is what is known of an agent's configuration file on the default branch. Its text is its
// name in exports.
type ConfigState string

// The states. The zero value is for what nobody has looked at, or may.
const (
	ConfigUnknown ConfigState = ""
	// ConfigNone: there is no file, which is fine.
	ConfigNone ConfigState = "none"
	// ConfigAccepted: GitLab's agent server takes the file.
	ConfigAccepted ConfigState = "accepted"
	// ConfigRefused: it takes nothing of the file, and the agent goes on with what it had.
	ConfigRefused ConfigState = "refused"
)
