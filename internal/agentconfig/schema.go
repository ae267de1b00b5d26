package agentconfig

// KnownVersion is the GitLab whose documentation the schema below follows. GitLab adds keys from
// version to version, and KAS refuses those that it does not know.
const KnownVersion = "19.5"

// shape is what KAS takes for a field.
type shape int

const (
	shapeMessage  shape = iota // a mapping of the keys of field.of
	shapeText                  // a text
	shapeBoolean               // true or false
	shapeInteger               // a whole number, also in quotes
	shapeDuration              // seconds: "90s", "1.5s"
	shapeLevel                 // one of logLevels, or its number
	shapeLabels                // a mapping of texts
	shapeAnything              // whatever
)

// field is what KAS takes for the value of a key. Null is always taken, for nothing.
type field struct {
	shape shape
	of    *message
	// list: of these, as many as one likes; some: at least one.
	list, some bool
	// filled: a text of at least one byte, which has to be there unless it is in a list; a duration
	// above zero.
	filled bool
}

// message is a mapping that KAS knows.
type message struct {
	fields map[string]field
	// oneOf are the keys of which there has to be exactly one.
	oneOf []string
	// removed are the keys that are gone, and since which GitLab.
	removed map[string]string
}

// configurationFile is the message ConfigurationFile in pkg/agentcfg/agentcfg.proto of KAS. Its fields
// all set their JSON name to the name with underscores, so that ciAccess is as unknown as any other
// key. What is newer than the copies of that file that can be had follows the documents of the
// single features; of the limits to values only those are here that are certain.
func configurationFile() *message {
	return &message{
		fields: map[string]field{
			"observability":      {of: observability()},
			"ci_access":          {of: ciAccess()},
			"user_access":        {of: userAccess()},
			"container_scanning": {of: containerScanning()},
			"remote_development": {of: remoteDevelopment()},
			"flux":               {of: &message{fields: map[string]field{"webhook_receiver_url": text()}}},
			"custom_data":        {shape: shapeAnything},
		},
		removed: map[string]string{"gitops": "18.0", "starboard": "16.0", "cilium": "16.0"},
	}
}

func text() field    { return field{shape: shapeText} }
func texts() field   { return field{shape: shapeText, list: true} }
func name() field    { return field{shape: shapeText, filled: true} }
func names() field   { return field{shape: shapeText, list: true, filled: true} }
func boolean() field { return field{shape: shapeBoolean} }
func integer() field { return field{shape: shapeInteger} }

// logLevels are the values of log_level_enum.
func logLevels() []string { return []string{"info", "debug", "warn", "error"} }

// https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/
func ciAccess() *message {
	instance, grant := ciGrant(), ciGrant()
	grant.fields["id"] = name()
	return &message{fields: map[string]field{
		"projects": {of: grant, list: true}, "groups": {of: grant, list: true}, "instance": {of: instance},
	}}
}

// ciGrant is a grant without the path.
func ciGrant() *message {
	return &message{fields: map[string]field{
		"default_namespace": text(), "environments": names(), "protected_branches_only": boolean(),
		"resource_management": {of: &message{fields: map[string]field{"enabled": boolean()}}},
		"access_as": {of: &message{
			fields: map[string]field{"agent": {of: &message{}}, "ci_job": {of: &message{}}, "impersonate": {of: impersonate()}},
			oneOf:  []string{"agent", "impersonate", "ci_job"},
		}},
	}}
}

func impersonate() *message {
	extra := &message{fields: map[string]field{"key": name(), "val": {shape: shapeText, list: true, some: true, filled: true}}}
	return &message{fields: map[string]field{
		"username": name(), "groups": names(), "uid": text(), "extra": {list: true, of: extra},
	}}
}

// https://docs.gitlab.com/user/clusters/agent/user_access/
func userAccess() *message {
	grant := &message{fields: map[string]field{"id": name()}}
	return &message{fields: map[string]field{
		"projects": {of: grant, list: true}, "groups": {of: grant, list: true},
		"access_as": {filled: true, of: &message{
			fields: map[string]field{"agent": {of: &message{}}, "user": {of: &message{}}},
			oneOf:  []string{"agent", "user"},
		}},
	}}
}
