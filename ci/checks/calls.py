"""Rules on what code may call and how coroutines are written."""
import dataclasses
import re

from checks import cpp, statements
from checks.rule import rule
from checks.tree import CPP, position

EXECUTOR = "reference/net/executor.h"


@rule("coroutine-statement")
def coroutine_statement(tree):
    """No braced list and no lambda in a statement with co_await (GCC 12 destroys them twice)."""
    for path in tree.select(CPP):
        text = tree.text(path)
        if "co_await" not in text:
            continue
        for statement in statements.statements(text):
            if not statement.awaits:
                continue
            for offset in statement.braces:
                yield path, *position(text, offset), "a braced list beside co_await: name it first"
            for found in statement.lambdas:
                yield path, *position(text, found.offset), "a lambda beside co_await: name it first"


@rule("coroutine-lambda")
def coroutine_lambda(tree):
    """A lambda that captures is no coroutine: its captures die before its body ends."""
    for path in tree.select(CPP):
        text = tree.text(path)
        if not re.search(r"\bco_(?:await|return|yield)\b", text):
            continue
        for statement in statements.statements(text):
            for found in statement.lambdas:
                if found.captures and found.words:
                    yield (path, *position(text, found.offset),
                           "a capturing lambda with co_await or co_return: make it a function")


@rule("coroutine-token")
def coroutine_token(tree):
    """There is one completion token, net::kAwait."""
    for path in tree.select(CPP):
        if path == EXECUTOR:
            continue
        text = tree.text(path)
        for match in re.finditer(r"\buse_awaitable(?:_t)?\b|\bas_tuple\b", cpp.blanked(text)):
            yield path, *position(text, match.start()), f"{match.group()}: write net::kAwait"


def _everywhere(_):
    return True


def _outside(*folders):
    return lambda path: not path.startswith(folders)


def _is_header(path):
    return path.endswith(".h")


@dataclasses.dataclass(frozen=True)
class Ban:
    """What is refused where, and what to do instead."""

    pattern: re.Pattern
    where: object
    instead: str


def _ban(pattern, instead, where=_everywhere):
    return Ban(re.compile(pattern), where, instead)


BANS = [
    _ban(r"\bthis_thread\s*::\s*sleep_\w+|\b(?:usleep|nanosleep|clock_nanosleep)\s*\("
         r"|(?<!\w)::\s*sleep\s*\(|(?<![\w.>:])sleep\s*\(\s*\d",
         "a thread never sleeps: wait for an event, or net::Clock"),
    _ban(r"\b(?:std\s*::\s*)?system\s*\(|\bpopen\s*\(", "start programs by argv, without a shell"),
    _ban(r"\b(?:strcpy|strcat|v?sprintf|gets|strtok)\s*\(", "unbounded: use std::string or fmt"),
    _ban(r"\b(?:steady_timer|system_timer|high_resolution_timer|basic_waitable_timer)\b",
         "timers come from the Clock port", _outside("reference/net/")),
    _ban(r"\basio\s*::\s*ssl\b", "TLS is OpenSSL on the socket (docs/adr)"),
    _ban(r"\bgetaddrinfo\b|\bgethostby\w+\s*\(", "blocks: names go through the Resolver port"),
    _ban(r"\bstd\s*::\s*(?:format|expected)\b", "not in GCC 12: fmt::format, base::Result"),
    _ban(r"\bany_io_executor\b", "the executor is net::Executor"),
    _ban(r"\bGTEST_SKIP\b|\bDISABLED_\w+", "a test runs or is deleted"),
    _ban(r"_for_test(?:s|ing)?\b|\bFRIEND_TEST\b", "the shipped path is the tested path"),
    _ban(r"\bnlohmann\b", "JSON is RapidJSON"),
    _ban(r"\busing\s+namespace\b", "a header must not open a namespace for others", _is_header),
]

INCLUDE_BANS = [
    _ban(r"^boost/asio/ssl", "TLS is OpenSSL on the socket (docs/adr)"),
    _ban(r"^(?:nlohmann|json|boost/json)\b", "JSON is RapidJSON"),
    _ban(r"^(?:boost/asio/(?:steady|system|high_resolution|basic_waitable)_timer|"
         r"boost/asio/basic_waitable)", "timers come from the Clock port",
         _outside("reference/net/")),
    _ban(r"^boost/asio\.hpp$", "name the parts of Asio that you use"),
    _ban(r"^(?:format|expected)$", "not in GCC 12: fmt::format, base::Result"),
]

_TEST_SWITCH = re.compile(r"^[ \t]*#[ \t]*(?:el)?if(?:n?def)?\b[^\n]*\b(?:UNIT_)?TEST(?:S|ING)?\b",
                          re.MULTILINE)


@rule("banned-calls")
def banned_calls(tree):
    """What blocks, overflows, is missing in GCC 12, or has one place of its own."""
    for path in tree.select(CPP):
        text = tree.text(path)
        code = cpp.blanked(text)
        for ban in BANS:
            if ban.where(path):
                for match in ban.pattern.finditer(code):
                    yield (path, *position(text, match.start()),
                           f"{match.group().strip()}: {ban.instead}")
        for include in cpp.includes(text):
            for ban in INCLUDE_BANS:
                if ban.where(path) and ban.pattern.match(include.name):
                    yield path, *position(text, include.offset), f"{include.name}: {ban.instead}"
        for match in _TEST_SWITCH.finditer(text):
            yield path, *position(text, match.start()), "no build that tests see and users don't"
