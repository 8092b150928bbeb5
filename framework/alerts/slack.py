"""A Slack channel, by an incoming webhook."""

from typing import Literal

from framework.model import Strict


class SlackAlert(Strict):
    """A Slack channel, by an incoming webhook (https://api.slack.com/messaging/webhooks)."""

    type: Literal["slack"]
    url: str
    """The webhook's URL; it is a secret: write `secret:alerts#slack_url`."""

    def message(self, title: str, text: str) -> dict[str, str]:
        """The JSON that the webhook takes."""
        return {"text": f"*{title}*\n{text}"}
