package gitlabtest

import "strings"

// GitLab answers some refusals in the person's preferred language, behind an English status. These
// are the two that the agent routes can produce.
const (
	limitText      = "An agent can have only two active tokens at a time"
	permissionText = "You have insufficient permissions to create a cluster agent for this project"
)

// localised is text in the language of who calls.
func (c *call) localised(text string) string {
	if !strings.HasPrefix(c.user.Locale, "zh") {
		return text
	}
	switch text {
	case limitText:
		return "一个代理一次只能拥有两个活动令牌"
	case permissionText:
		return "您没有足够的权限为此项目创建集群代理"
	default:
		return text
	}
}
