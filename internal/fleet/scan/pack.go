package scan

import (
	"encoding/binary"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// A fleet that is kept is packed: as values of Go's it takes about seven times the memory, for times,
// numbers and texts that repeat. The functions of this file name every field once, for packing and for
// unpacking; a test fills all fields in and fails for one that is forgotten.

// fields writes values one after the other, or reads them in the same order.
type fields interface {
	text(*string) // each is stored once
	time(*time.Time)
	number(*int64)
	id(*int64) // a number near the id before
	flag(*bool)
}

// pack makes a snapshot small.
func pack(s *fleet.Snapshot) string {
	p := &packer{seen: map[string]uint64{}}
	index := make(map[*agent.Project]int64, len(s.Projects))
	counts := counts{projects: int64(len(s.Projects)), agents: int64(len(s.Agents)), warnings: int64(len(s.Warnings))}
	for i := range s.Agents {
		counts.tokens += int64(len(s.Agents[i].Tokens))
	}
	snapshotFields(p, s, &counts)
	for i, project := range s.Projects {
		index[project] = int64(i) + 1
		projectFields(p, project)
	}
	var at, tokens int64
	for i := range s.Agents {
		at, tokens = index[s.Agents[i].Project], int64(len(s.Agents[i].Tokens))
		agentFields(p, &s.Agents[i].Agent, &at, &tokens)
		for n := range s.Agents[i].Tokens {
			tokenFields(p, &s.Agents[i].Tokens[n])
		}
	}
	for i := range s.Warnings {
		at = index[s.Warnings[i].Project] // 0 for none
		warningFields(p, &s.Warnings[i], &at)
	}
	return string(p.buffer)
}

// unpack returns the snapshot that was packed. Its texts are parts of packed.
func unpack(packed string) *fleet.Snapshot {
	u := &unpacker{rest: packed, seen: []string{""}}
	s, counts := new(fleet.Snapshot), counts{}
	snapshotFields(u, s, &counts)
	projects := make([]agent.Project, counts.projects)
	s.Projects, s.Agents, s.Warnings = make([]*agent.Project, counts.projects), make([]fleet.Agent, counts.agents), make([]fleet.Warning, counts.warnings)
	byIndex := make([]*agent.Project, 1, counts.projects+1) // of 0 there is none
	for i := range projects {
		projectFields(u, &projects[i])
		s.Projects[i] = &projects[i]
		byIndex = append(byIndex, &projects[i])
	}
	room := make([]agent.Token, counts.tokens)
	var at, tokens int64
	for i := range s.Agents {
		agentFields(u, &s.Agents[i].Agent, &at, &tokens)
		s.Agents[i].Project, s.Agents[i].Tokens, room = byIndex[at], room[:tokens:tokens], room[tokens:]
		for n := range s.Agents[i].Tokens {
			tokenFields(u, &s.Agents[i].Tokens[n])
		}
	}
	for i := range s.Warnings {
		warningFields(u, &s.Warnings[i], &at)
		s.Warnings[i].Project = byIndex[at]
	}
	return s
}

// counts are how many values of each kind follow.
type counts struct{ projects, agents, tokens, warnings int64 }

func snapshotFields(f fields, v *fleet.Snapshot, n *counts) {
	fallback := int64(v.Fallback)
	f.time(&v.ReadAt)
	f.time(&v.RetryAt)
	f.number(&fallback)
	f.number(&n.projects)
	f.number(&n.agents)
	f.number(&n.tokens)
	f.number(&n.warnings)
	f.flag(&v.OwnOnly)
	v.Fallback = agent.Fallback(fallback)
}

func projectFields(f fields, v *agent.Project) {
	f.id(&v.ID)
	f.text(&v.Name)
	f.text(&v.Path)
	f.text(&v.Description)
	f.text(&v.DefaultBranch)
	f.text((*string)(&v.Frozen))
	f.text((*string)(&v.Access))
	f.flag(&v.Archived)
	f.flag(&v.Maintains)
}

func agentFields(f fields, v *agent.Agent, project, tokens *int64) {
	count := int64(v.TokenCount)
	f.number(project)
	f.id(&v.ID)
	f.text(&v.Name)
	f.time(&v.CreatedAt)
	personFields(f, &v.CreatedBy)
	f.number(tokens)
	f.number(&count)
	f.time(&v.RevokedUse)
	f.flag(&v.Receptive)
	f.text((*string)(&v.Config))
	runningFields(f, &v.Running)
	v.TokenCount = int(count)
}

// runningFields packs versions as one text: most agents have one version, and the same one.
func runningFields(f fields, v *agent.Running) {
	versions := strings.Join(v.Versions, "\n")
	f.flag(&v.Known)
	f.flag(&v.Warned)
	f.text(&versions)
	if versions != "" {
		v.Versions = strings.Split(versions, "\n")
	}
}

func tokenFields(f fields, v *agent.Token) {
	f.id(&v.ID)
	f.text(&v.Name)
	f.text(&v.Description)
	f.time(&v.CreatedAt)
	personFields(f, &v.CreatedBy)
	f.time(&v.LastUsedAt)
	f.flag(&v.UseKnown)
}

func personFields(f fields, v *agent.Person) {
	f.number(&v.ID)
	f.text(&v.Username)
	f.text(&v.Name)
	f.text((*string)(&v.Account))
}

func warningFields(f fields, v *fleet.Warning, project *int64) {
	kind := int64(v.Kind)
	f.number(project)
	f.number(&kind)
	f.flag(&v.Lasting)
	v.Kind = fleet.WarningKind(kind)
}

// packer writes.
type packer struct {
	buffer []byte
	seen   map[string]uint64 // the numbers of the texts so far
	last   int64
}

func (p *packer) number(n *int64) { p.buffer = binary.AppendVarint(p.buffer, *n) }

func (p *packer) id(n *int64) {
	p.buffer = binary.AppendVarint(p.buffer, *n-p.last)
	p.last = *n
}

// text writes the number of a text, or 0 and the text.
func (p *packer) text(text *string) {
	number := p.seen[*text]
	p.buffer = binary.AppendUvarint(p.buffer, number)
	if number == 0 {
		p.seen[*text] = uint64(len(p.seen)) + 1
		p.buffer = binary.AppendUvarint(p.buffer, uint64(len(*text)))
		p.buffer = append(p.buffer, *text...)
	}
}

// time writes 0 for no time, or one more than its nanoseconds, and then its seconds.
func (p *packer) time(t *time.Time) {
	if t.IsZero() {
		p.buffer = append(p.buffer, 0)
		return
	}
	seconds := t.Unix()
	p.buffer = binary.AppendUvarint(p.buffer, uint64(t.Nanosecond())+1)
	p.number(&seconds)
}

func (p *packer) flag(flag *bool) {
	bit := byte(0)
	if *flag {
		bit = 1
	}
	p.buffer = append(p.buffer, bit)
}

// unpacker reads what a packer wrote, and nothing else.
type unpacker struct {
	rest string
	seen []string
	last int64
}

func (u *unpacker) byte() byte {
	b := u.rest[0]
	u.rest = u.rest[1:]
	return b
}

func (u *unpacker) uvarint() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := u.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) varint() int64 {
	n := u.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) number(n *int64) { *n = u.varint() }

func (u *unpacker) id(n *int64) {
	u.last += u.varint()
	*n = u.last
}

func (u *unpacker) text(text *string) {
	number := u.uvarint()
	if number == 0 {
		number = uint64(len(u.seen))
		length := u.uvarint()
		u.seen = append(u.seen, u.rest[:length])
		u.rest = u.rest[length:]
	}
	*text = u.seen[number]
}

func (u *unpacker) time(t *time.Time) {
	if nanoseconds := u.uvarint(); nanoseconds > 0 {
		*t = time.Unix(u.varint(), int64(nanoseconds)-1).UTC()
	}
}

func (u *unpacker) flag(flag *bool) { *flag = u.byte() == 1 }
