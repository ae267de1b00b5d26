package views

// IconName is a drawing of the sprite; static/icons/icons.txt lists the same names.
type IconName string

// The icons in use, by GitLab's names.
const (
	IconAgent        IconName = "kubernetes-agent"
	IconAlert        IconName = "notifications"
	IconArchived     IconName = "archive"
	IconCharts       IconName = "chart"
	IconChevronDown  IconName = "chevron-down"
	IconClose        IconName = "close"
	IconConnected    IconName = "status-success"
	IconCopy         IconName = "copy-to-clipboard"
	IconCritical     IconName = "severity-critical"
	IconError        IconName = "error"
	IconExport       IconName = "export"
	IconExternal     IconName = "external-link"
	IconHistory      IconName = "history"
	IconInfo         IconName = "information-o"
	IconKey          IconName = "key"
	IconKeyboard     IconName = "keyboard"
	IconLock         IconName = "lock"
	IconManage       IconName = "pencil"
	IconNext         IconName = "chevron-right"
	IconNever        IconName = "status-neutral"
	IconNotConnected IconName = "status-alert"
	IconPending      IconName = "status-running"
	IconPlus         IconName = "plus"
	IconPreferences  IconName = "preferences"
	IconPrevious     IconName = "chevron-left"
	IconProject      IconName = "project"
	IconRefused      IconName = "cancel"
	IconRemove       IconName = "remove"
	IconRetry        IconName = "retry"
	IconSearch       IconName = "search"
	IconShow         IconName = "eye"
	IconSignOut      IconName = "leave"
	IconSortDown     IconName = "arrow-down"
	IconSortUp       IconName = "arrow-up"
	IconSuccess      IconName = "check-circle"
	IconUnknown      IconName = "question-o"
	IconUser         IconName = "user"
	IconWait         IconName = "clock"
	IconWarning      IconName = "warning"
)

// icon is the drawing that goes with a notice.
func (n Notice) icon() IconName {
	switch n.Kind {
	case NoticeSuccess:
		return IconSuccess
	case NoticeWarning:
		return IconWarning
	case NoticeDanger:
		return IconError
	default:
		return IconInfo
	}
}

// class gives a notice its colour.
func (n Notice) class() string {
	switch n.Kind {
	case NoticeSuccess, NoticeWarning, NoticeDanger:
		return "notice notice-" + string(n.Kind)
	default:
		return "notice notice-info"
	}
}
