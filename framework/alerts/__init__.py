"""Who is told when a run fails: a file per kind."""

from framework.alerts.slack import SlackAlert

AlertSpec = SlackAlert
