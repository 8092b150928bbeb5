"""Requests → responses: sent, timed, repeated, judged. The only place that talks to an API.

Behind one seam, `_once`, stands the HTTP client; everything else here is about what an answer means.
"""

import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Literal, NoReturn
from urllib.parse import urljoin, urlsplit, urlunsplit

from framework import __version__, exact_json
from framework.ahead import Pool
from framework.auth.base import Auth, AuthContext
from framework.body import Incomplete, decoded, too_large
from framework.connection import NotWhole, TooLate
from framework.decoders.base import Decoded, Undecodable
from framework.decoders.json import JsonProbe
from framework.errors import ApiError, DataProblem, Unreachable
from framework.limiter import Limiter
from framework.model import JmesPath, Redactor
from framework.place import NotSent
from framework.request import Request, Response
from framework.responses import Backoff, ResponseRule
from framework.spec import Http
from framework.template import TemplateProblem, render_text
from framework.transport import Answer as Received
from framework.transport import Transport

_REDIRECTS = (301, 302, 303, 307, 308)
CONNECT_SECONDS = 15.0
"""How long a host may take to be reached."""
CLOSE_SECONDS = 5.0
"""How long the end of a run waits for requests that nobody wants any more."""
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """A response that may be used, and what the rules say of it."""

    response: Response
    body: Decoded | None
    then: Literal["read", "skip", "stop"]
    requests: int
    """How many were sent for it."""


@dataclass(frozen=True)
class _Verdict:
    then: str
    why: str
    wait: float | None = None
    final: bool = False
    """Whether another run would be told the same."""


class Client:
    """Speaks to one API for one run. Used by many threads at once."""

    def __init__(
        self,
        http: Http,
        values: Mapping[str, Any],
        redactor: Redactor,
        hosts: Mapping[str, str] | None = None,
        limiter: Limiter | None = None,
        reread: Callable[[], bool] = lambda: False,
        **of_auth: Any,
    ) -> None:
        """`reread` asks for the secrets anew and says whether they are others now. `of_auth` is what else the
        credentials need of the run: see AuthContext. A limiter of the run's own unless one is given."""
        self._http = http
        self._redact = redactor
        self._hosts = {origin.rstrip("/").lower(): place.rstrip("/") for origin, place in (hosts or {}).items()}
        limit = http.rate_limit
        self.limiter = limiter or Limiter(limit.requests, limit.per.total_seconds(), limit.concurrency)
        self.concurrency = limit.concurrency
        self._headers = tuple((name, render_text(text, values)) for name, text in http.headers.items())
        self._params = tuple((name, render_text(text, values)) for name, text in http.params.items())
        self.base_url = self._placed(render_text(http.base_url, values).rstrip("/"))
        self._origin = Request("GET", self.base_url).origin
        said = {"User-Agent": f"api-ingestion-framework/{__version__}", "Accept-Encoding": "gzip", "Accept": "*/*"}
        self._timeout = http.timeout.total_seconds()
        self._transport = Transport(said, min(self._timeout, CONNECT_SECONDS))
        given = {"base_url": self.base_url, "identify": self._identify, **of_auth}
        self._context = AuthContext(values, self._send_for_token, redactor.add, time.monotonic, **given)
        self._auth: Auth | None = http.auth.open(self._context) if http.auth else None
        self._reread, self._auth_lock = reread, threading.Lock()
        self.max_body_bytes = http.max_body_mb << 20
        self.ahead = Pool(self.concurrency)
        """For requests that are sent before it is their turn."""
        self._count_lock = threading.Lock()
        self.requests = 0
        self.retries = 0

    def _identify(self, context: ssl.SSLContext, hosts: Sequence[str]) -> None:
        """A certificate is a credential too: only the API and these hosts are shown it."""
        for place in (self._origin, *(Request("GET", self._placed(host)).origin for host in hosts)):
            self._transport.identify(place, context)

    def show(self, text: str) -> str:
        """The text with secrets hidden."""
        return self._redact(text)

    def close(self) -> None:
        """Ends the connections, and whatever is still under way."""
        self.limiter.stop()
        self.ahead.close(CLOSE_SECONDS)
        self._transport.close()

    def request(self, method: str, path: str) -> Request:
        """A request below base_url, or for a whole URL, with the headers and parameters that every request has."""
        whole = path.startswith(("https://", "http://"))
        url = self._placed(path) if whole else f"{self.base_url}/{path.removeprefix('/')}" if path else self.base_url
        made = Request(method, "", headers=self._headers).with_url(url)
        if whole and made.origin != self._origin:  # a link to a file elsewhere is complete as it is
            return Request(method, made.url, made.params, base=self.base_url)
        return Request(method, made.url, self._params + made.params, self._headers, base=self.base_url)

    def linked(self, request: Request, following: Request) -> Request:
        """The request that a page leads to. Off that page's host it carries nothing that holds a secret: whoever writes
        the answers may write its URL."""
        following = replace(following, url=self._placed(following.url))
        if following.origin == request.origin:
            return following
        params = tuple(pair for pair in following.params if not self._is_secret(pair[1]))
        headers = tuple(pair for pair in following.headers if not self._is_secret(pair[1]))
        if following.content is not None and self._is_secret(following.content.decode(errors="replace")):
            following = replace(following, json=None, form=None)
        return replace(following, params=params, headers=headers)

    def _is_secret(self, text: str) -> bool:
        return self._redact(text) != text

    def fetch(self, request: Request, rules: Sequence[ResponseRule], read: Callable[[bytes], Decoded]) -> Answer:
        """Sends until there is an answer to use. Raises Unreachable after the last attempt, ApiError where the API
        refuses or a rule says so; messages name the request, secrets hidden."""
        attempts = self._http.retry.attempts
        request = replace(request, url=self._placed(request.url))  # a page's link to the next names the API's own host
        renewed = False
        sent = 0
        for attempt in range(1, attempts + 1):
            while True:
                sent += 1
                sent_request, outcome, body = self._try(request, rules, read, sent > 1)
                if isinstance(outcome, Response):
                    verdict = _Verdict("read", "")
                    return Answer(outcome, body, "read", sent)
                verdict, response = outcome
                if verdict.then in ("skip", "stop") and response is not None:
                    return Answer(response, None, "skip" if verdict.then == "skip" else "stop", sent)
                if verdict.then == "reauthenticate" and not renewed and self._renewed(sent_request):
                    renewed = True
                    continue
                break
            if verdict.then in ("fail", "reauthenticate"):
                self._fail(ApiError, request, verdict.why, final=verdict.final)
            if attempt == attempts:
                self._fail(Unreachable, request, f"{verdict.why}; gave up after {attempts} tries", wait=verdict.wait)
            self._wait(request, verdict, attempt)
        raise AssertionError("the loop ends by return or raise")

    def _renewed(self, refused: Request) -> bool:
        """Whether there are other credentials now: the kind has newer ones, or the secrets were changed meanwhile."""
        was = self._auth
        if was is None or was.renew(refused):
            return was is not None
        with self._auth_lock:
            if self._auth is was and self._http.auth and self._reread():
                self._auth = self._http.auth.open(self._context)
            return self._auth is not was

    def _try(
        self, request: Request, rules: Sequence[ResponseRule], read: Callable[[bytes], Decoded], again: bool
    ) -> tuple[Request, Response | tuple[_Verdict, Response | None], Decoded | None]:
        """One request, judged: the response where it is good, else the verdict on it."""
        if self._auth and request.origin == self._origin:  # credentials never leave the API's own host
            request = self._auth.apply(request)
        try:
            response = self._redirected(request, again)
        except Incomplete as error:
            return request, (_Verdict("retry", str(error)), None), None
        verdict = self._judge(response, rules)
        if verdict.then != "read":
            return request, (verdict, response), None
        if response.status == HTTPStatus.NO_CONTENT:  # RFC 9110, 15.3.5: it never has a body; a page with no records
            return request, response, Decoded([])
        try:
            return request, response, read(response.body)
        except Undecodable as error:
            return request, (_Verdict("retry", str(error)), response), None
        except DataProblem as error:
            return request, (_Verdict("fail", str(error)), response), None

    def _redirected(self, request: Request, again: bool) -> Response:
        response = self._once(request, again)
        for _ in range(5):
            place = response.headers.get("location")
            if response.status not in _REDIRECTS or not place or request.method != "GET":
                break
            try:
                target = request.with_url(self._placed(urljoin(request.full_url, place)))
            except ValueError as error:
                self._fail(ApiError, request, f"it redirects to {place!r}, which is no URL: {error}")
            if target.origin != request.origin:
                target = Request("GET", target.url, target.params)
            elif self._auth and target.origin == self._origin:  # a signature is for one URL
                target = self._auth.apply(target)
            request, response = target, self._once(target, again)
        return response

    def _once(self, request: Request, again: bool = False) -> Response:
        """The seam: one request through the HTTP client, its whole body within the deadline, or Incomplete."""
        with self.limiter.request():
            with self._count_lock:
                self.requests += 1
                self.retries += again
            deadline = time.monotonic() + self._timeout
            try:
                with self._transport.asking(
                    request.method, request.full_url, _headers(request), request.content, deadline
                ) as answer:
                    raw = self._received(answer, request)
            except NotSent as error:
                self._fail(ApiError, request, f"{error}: check `headers`, `http.auth` and the secrets in them")
            except TooLate as error:
                raise Incomplete(f"{error} after {self._timeout:g} s") from None
            except NotWhole as error:
                raise Incomplete(f"the connection broke: {error}") from None
        self._heed_budget(answer.headers)
        try:
            body = decoded(raw, answer.headers.get("content-encoding", ""), self.max_body_bytes)
        except DataProblem as error:
            self._fail(DataProblem, request, str(error))
        return Response(request, answer.status, answer.headers, body)

    def _received(self, answer: Received, request: Request) -> bytes:
        """The whole body, as it was sent."""
        pieces, left = [], self.max_body_bytes
        for piece in answer:
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                self._fail(DataProblem, request, str(too_large(self.max_body_bytes)))
        return b"".join(pieces)

    def _heed_budget(self, headers: Mapping[str, str]) -> None:
        """Where the API says that nothing is left, nobody sends until it says that there is again."""
        budget = self._http.rate_limit
        if budget.remaining_header is None or budget.reset_header is None:
            return
        left = _number(headers.get(budget.remaining_header.lower()))
        wait = _seconds(headers.get(budget.reset_header.lower()), budget.reset_as)
        if left is not None and left < 1 and wait is not None:
            self.limiter.pause(min(wait, self._http.retry.max_wait.total_seconds()))

    def _judge(self, response: Response, rules: Sequence[ResponseRule]) -> _Verdict:
        for rule in (*rules, *self._http.responses):
            if _holds(rule, response):
                return _ruled(rule, response)
        status = response.status
        if 200 <= status < 300:
            return _Verdict("read", "")
        why = f"status {status} {_phrase(status)}{_excerpt(response)}"
        if status == 401:
            refused = "The API refused the credentials: check `http.auth` and its secrets"
            return _Verdict("reauthenticate", f"{why}. {refused}", final=True)
        if status == 403:
            refused = "These credentials may not read it: check their scopes and permissions"
            return _Verdict("fail", f"{why}. {refused}", final=True)
        if status in _TRY_AGAIN or status >= 500:
            return _Verdict("retry", why, _retry_after(response))
        return _Verdict("fail", f"{why}. Check the stream's `request`, or say in `responses` what this status means")

    def _wait(self, request: Request, verdict: _Verdict, attempt: int) -> None:
        longest = self._http.retry.max_wait.total_seconds()
        if verdict.wait is None:
            self.limiter.sleep(min(_backoff(self._http.retry.backoff, attempt), longest))
            return
        if verdict.wait > longest and verdict.then != "wait":
            self._fail(
                Unreachable,
                request,
                f"{verdict.why}; the API asks to wait {verdict.wait:.0f} s, more than max_wait",
                wait=verdict.wait,
            )
        self.limiter.pause(verdict.wait)
        self.limiter.sleep(verdict.wait)

    def _fail(
        self,
        kind: type[ApiError | DataProblem],
        request: Request,
        why: str,
        final: bool = False,
        wait: float | None = None,
    ) -> NoReturn:
        error = kind(self._redact(f"{request}: {why}{'' if why.endswith(('.', '!', '?')) else '.'}"))
        error.final, error.wait_seconds = final, wait
        raise error

    def _send_for_token(self, request: Request) -> Response:
        """A token request: the same patience, no credentials, any final status is an answer."""
        request = replace(request, url=self._placed(request.url))
        for attempt in range(1, self._http.retry.attempts + 1):
            try:
                response = self._once(request, attempt > 1)
                verdict = self._judge(response, [])
                if verdict.then != "retry":
                    return response
            except Incomplete as error:
                verdict = _Verdict("retry", str(error))
            if attempt < self._http.retry.attempts:
                self._wait(request, verdict, attempt)
        self._fail(Unreachable, request, f"{verdict.why}; gave up after {self._http.retry.attempts} tries")

    def _placed(self, url: str) -> str:
        """The URL at the address that the environment's `hosts` give for its host."""
        parts = urlsplit(url)
        place = self._hosts.get(f"{parts.scheme}://{parts.netloc}".lower())
        if place is None:
            return url
        other = urlsplit(place)
        return urlunsplit(parts._replace(scheme=other.scheme, netloc=other.netloc))


def _headers(request: Request) -> list[tuple[str, str]]:
    given = list(request.headers)
    if request.content is not None and not any(name.lower() == "content-type" for name, _ in given):
        kind = "application/json" if request.form is None else "application/x-www-form-urlencoded"
        given.append(("Content-Type", kind))
    return given


def date_of(response: Response) -> datetime | None:
    """The API's own clock, from the Date header."""
    return _http_date(response.headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)  # -0000 is UTC too
    except (TypeError, ValueError, OverflowError):
        return None


def _holds(rule: ResponseRule, response: Response) -> bool:
    statuses = rule.when.statuses()
    if statuses is not None and response.status not in statuses:
        return False
    if rule.when.text is not None and not re.search(rule.when.text, response.body.decode(errors="replace")):
        return False
    return rule.when.body is None or bool(_probe(rule.when.body).value(response.body))


_probe = lru_cache(maxsize=1000)(JsonProbe)
_WHOLE = JmesPath("@")


def _ruled(rule: ResponseRule, response: Response) -> _Verdict:
    why = _words(rule, response)
    if rule.wait is None:
        return _Verdict(rule.then, why, _retry_after(response) if rule.then == "retry" else None)
    text = response.headers.get(rule.wait.header.lower())
    seconds = _seconds(text, rule.wait.as_)
    if seconds is None:
        return _Verdict("retry", f"{why}; the header {rule.wait.header} says {text!r}, no wait")
    if seconds > rule.wait.max.total_seconds():
        return _Verdict("fail", f"{why}; {rule.wait.header} asks to wait {seconds:.0f} s, more than `max`")
    return _Verdict("wait", why, seconds)


def _words(rule: ResponseRule, response: Response) -> str:
    """The author's words, else what the rule found: of an answer that is an error its beginning, of any other, which
    may hold records, no more than that."""
    if rule.message is None:
        found = _probe(rule.when.body).value(response.body) if rule.when.body else None
        told = exact_json.encode(found).decode() if isinstance(found, str | list | dict) else ""
        shown = _excerpt(response) if response.status >= 400 else f" ({told[:200]})" if told else ""
        return f"status {response.status} {_phrase(response.status)}, by a rule of `responses`{shown}"
    known = {"status": response.status, "headers": response.headers, "body": _probe(_WHOLE).value(response.body)}
    try:
        return render_text(rule.message, known)
    except TemplateProblem:  # a name that this answer does not hold
        return f"{rule.message}{_excerpt(response) if response.status >= 400 else ''}"


def _retry_after(response: Response) -> float | None:
    """RFC 9110 10.2.3: seconds or an HTTP date."""
    text = response.headers.get("retry-after", "").strip()
    return _seconds(text, "seconds") if text.replace(".", "", 1).isdigit() else _seconds(text, "http_date")


def _seconds(text: str | None, form: str) -> float | None:
    if not text:
        return None
    try:
        if form in ("seconds", "milliseconds"):
            return max(0.0, float(text) / (1000 if form == "milliseconds" else 1))
        epoch = {"epoch": 1, "epoch_ms": 1000}.get(form)
        moment = datetime.fromtimestamp(float(text) / epoch, UTC) if epoch else _http_date(text)
        return None if moment is None else max(0.0, (moment - datetime.now(UTC)) / timedelta(seconds=1))
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _backoff(spec: Backoff, attempt: int) -> float:
    """Seconds before the try after this one."""
    initial = spec.initial.total_seconds()
    if spec.type == "constant":
        return initial
    return float(min(initial * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0), spec.max.total_seconds()))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _excerpt(response: Response) -> str:
    text = " ".join(response.body[:600].decode(errors="replace").split())
    return f" ({text[:200]})" if text and not text.startswith("<") else ""
