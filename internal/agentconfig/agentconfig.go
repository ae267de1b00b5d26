// Package agentconfig reads an agent's configuration file as GitLab's agent server (KAS) does
// (https://docs.gitlab.com/user/clusters/agent/work_with_agent/#available-configuration-file-fields),
// and says of each grant in it what GitLab makes of it.
//
// KAS turns the YAML into JSON and reads that as a protobuf message, strictly: one key that it does
// not know, or one value of another type, and it takes nothing of the file; the agent goes on with
// what it had. Parse is that reading, by the schema in schema.go. GitLab itself then drops grants
// without a word: that is Judge.
package agentconfig

// Folder is where GitLab looks for what agents are told, on the default branch.
const Folder = ".gitlab/agents"

// Path is where it looks for the configuration of the agent.
func Path(agent string) string { return Folder + "/" + agent + "/config.yaml" }

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
	// As is who all of them act as in the cluster; ci_access says it of each grant instead.
	As Identity
}

// Identity is who acts in the cluster (https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/#use-impersonation-to-restrict-project-and-group-access).
type Identity string

// The identities.
const (
	AsAgent       Identity = ""            // the agent's own service account, as without a word about it
	AsUser        Identity = "user"        // the person
	AsJob         Identity = "ci_job"      // the pipeline's job
	AsImpersonate Identity = "impersonate" // somebody whom the file names
)

// Grant lets a group, a project or the instance in.
type Grant struct {
	Path         string   // full path; "" for the instance
	Environments []string // the only ones; none: all
	// ProtectedRefs says that only pipelines of protected branches and tags get in.
	ProtectedRefs bool
	// Namespace is the one that commands are for where they say none; "" for the cluster's own.
	Namespace string
	// As is who acts in the cluster; in user_access it is the list's. Impersonated has the name and the
	// groups with AsImpersonate.
	As           Identity
	Impersonated []string
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
	access.As, _ = identityOf(fields["access_as"])
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
	grant := Grant{
		Path: item.fields["id"].text, ProtectedRefs: item.fields["protected_branches_only"].yes, Namespace: item.fields["default_namespace"].text,
	}
	grant.As, grant.Impersonated = identityOf(item.fields["access_as"])
	for _, name := range item.fields["environments"].items {
		grant.Environments = append(grant.Environments, name.text)
	}
	return grant
}

// identityOf reads access_as, which has one key at most.
func identityOf(as value) (identity Identity, impersonated []string) {
	for name, who := range as.fields {
		if name != "agent" {
			identity = Identity(name)
		}
		if name := who.fields["username"].text; name != "" {
			impersonated = append(impersonated, name)
		}
		for _, group := range who.fields["groups"].items {
			impersonated = append(impersonated, group.text)
		}
	}
	return identity, impersonated
}
