"""The kinds of auth that stand on their own."""

from framework.auth.api_key import ApiKeyAuth
from framework.auth.aws_sigv4 import AwsSigV4Auth
from framework.auth.basic import BasicAuth
from framework.auth.bearer import BearerAuth
from framework.auth.hmac import HmacAuth
from framework.auth.hook import HookAuth
from framework.auth.login import LoginAuth
from framework.auth.oauth2 import OAuth2Auth

Kind = ApiKeyAuth | BasicAuth | BearerAuth | OAuth2Auth | LoginAuth | AwsSigV4Auth | HmacAuth | HookAuth
