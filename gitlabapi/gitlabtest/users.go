package gitlabtest

import "net/http"

// userBody is what everybody may know of a person.
type userBody struct {
	ID        int64   `json:"id"`
	Username  string  `json:"username"`
	Name      string  `json:"name"`
	State     string  `json:"state"`
	Locked    bool    `json:"locked"`
	AvatarURL *string `json:"avatar_url"`
	WebURL    string  `json:"web_url"`
}

// currentUserBody adds what a person learns about themselves.
type currentUserBody struct {
	userBody
	Email            string `json:"email"`
	External         bool   `json:"external"`
	Bot              bool   `json:"bot"`
	TwoFactorEnabled bool   `json:"two_factor_enabled"`
	// IsAdmin is there for administrators only.
	IsAdmin bool `json:"is_admin,omitempty"`
}

func (c *call) userBody(u *User) userBody {
	body := userBody{ID: u.ID, Username: u.Username, Name: u.Name, State: u.State, WebURL: c.base() + "/" + u.Username}
	if u.AvatarURL != "" {
		body.AvatarURL = &u.AvatarURL
	}
	return body
}

func currentUser(c *call) (Answer, error) {
	return jsonAnswer(http.StatusOK, currentUserBody{
		userBody: c.userBody(c.user),
		Email:    c.user.Email,
		External: c.user.External,
		Bot:      c.user.Bot,
		IsAdmin:  c.users[c.user.ID].Admin,
	}), nil
}

// acting is the person with the rights that they have by a token.
func (c *call) acting(u *User) *User {
	if !c.settings.AdminMode || u == nil || !u.Admin {
		return u
	}
	without := *u
	without.Admin = false
	return &without
}

// ChangeUser changes a person, as an administrator who blocks them does.
func (s *Server) ChangeUser(user int64, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(must(s.users, user, "user"))
}

func getUser(c *call) (Answer, error) {
	u := c.users[c.values.integer("id", 0)]
	if u == nil {
		return Answer{}, errNotFound("User")
	}
	return jsonAnswer(http.StatusOK, c.userBody(u)), nil
}

// memberBody is a person with their role in a project.
type memberBody struct {
	userBody
	AccessLevel AccessLevel `json:"access_level"`
	CreatedAt   timestamp   `json:"created_at"`
	ExpiresAt   timestamp   `json:"expires_at"`
}

// getMember tells a person's effective role in a project, inherited memberships included.
func getMember(c *call) (Answer, error) {
	p, err := c.findProject()
	if err != nil {
		return Answer{}, err
	}
	u := c.users[c.values.integer("user_id", 0)]
	if u == nil {
		return Answer{}, errRecordNotFound()
	}
	level := c.memberLevel(u, p)
	if level == NoAccess {
		return Answer{}, errRecordNotFound()
	}
	return jsonAnswer(http.StatusOK, memberBody{
		userBody: c.userBody(u), AccessLevel: level, CreatedAt: timestamp(p.CreatedAt),
	}), nil
}
