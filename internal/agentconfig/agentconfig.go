// Package agentconfig reads an agent's configuration file as GitLab's agent server (KAS) does
// (https://docs.gitlab.com/user/clusters/agent/work_with_agent/#available-configuration-file-fields),
// and says of each grant in it what GitLab makes of it.
//
// KAS turns the YAML into JSON and reads that as a protobuf message, strictly: one key that it does
// not know, or one value of another type, and it takes nothing of the file; the agent goes on with
// what it had. Parse is that reading, by the schema in schema.go. GitLab itself then drops grants
// without a word: that is Judge.
package agentconfig

// Path is where GitLab looks for the configuration of the agent, on the default branch.
func Path(agent string) string { return ".gitlab/agents/" + agent + "/config.yaml" }

// MaxSize is how large a file is read, in bytes. It is what GitLab's agent server reads unless
// it is set up otherwise (max_configuration_file_size).
const MaxSize = 128 << 10

// Config is whom an agent lets in.
type Config struct {
	CI   Access // ci_access: pipelines
	User Access // user_access: people, by their role there
	// Repeated are the keys that stand more than once in one mapping. KAS takes the last one, and
	// says nothing of the others. No more than maxProblems.
	Repeated []Repeat
}

// Access is one of the two lists.
type Access struct {
	Groups, Projects []Grant
	// Instance lets everybody on the instance in; nil: it does not. user_access knows none.
	Instance *Grant
}

// Grant lets a group, a project or the instance in.
type Grant struct {
	Path         string   // full path; "" for the instance
	Environments []string // the only ones; none: all
	// ProtectedRefs says that only pipelines of protected branches and tags get in.
	ProtectedRefs bool
	// Verdict is what GitLab makes of the grant; empty before Judge.
	Verdict Verdict
}

// Repeat is a key that a mapping has already.
type Repeat struct {
	Line  int    // of the later one, counted from 1
	Field string // such as "ci_access.projects"
}

// Parse reads a file. Nobody is let in by one that has problems.
func Parse(data []byte) (Config, Problems) {
	root, r := read(data)
	if len(r.problems) > 0 {
		return Config{}, r.problems
	}
	ci, user := root["ci_access"].fields, root["user_access"].fields
	config := Config{CI: access(ci), User: access(user), Repeated: r.repeated}
	return config, nil
}

func access(fields object) Access {
	access := Access{Groups: grants(fields["groups"]), Projects: grants(fields["projects"])}
	if instance, ok := fields["instance"]; ok {
		everybody := grantOf(instance)
		access.Instance = &everybody
	}
	return access
}

func grants(list value) []Grant {
	var grants []Grant
	for _, item := range list.items {
		grants = append(grants, grantOf(item))
	}
	return grants
}

func grantOf(item value) Grant {
	grant := Grant{Path: item.fields["id"].text, ProtectedRefs: item.fields["protected_branches_only"].yes}
	for _, name := range item.fields["environments"].items {
		grant.Environments = append(grant.Environments, name.text)
	}
	return grant
}
