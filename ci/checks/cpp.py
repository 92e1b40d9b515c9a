"""Just enough of C++'s grammar for the rules: blanked text, includes, functions, statements.

Blanked text has comments, the insides of literals and preprocessor lines overwritten by spaces, so
that offsets, lines and columns stay those of the file.
"""
import dataclasses
import functools
import re

_LITERAL = re.compile(
    r"""//[^\n]*(?:\\\n[^\n]*)*"""
    r"""|/\*.*?\*/"""
    r"""|(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)\""""
    r"""|"(?:[^"\\\n]|\\.)*\""""
    r"""|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'""",
    re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def _spaces(text):
    return re.sub(r"[^\n]", " ", text)


def _blank_literal(match):
    text = match.group(0)
    if text.startswith("/"):
        return _spaces(text)
    quote = "'" if text.endswith("'") else '"'
    first = text.index(quote)
    return text[:first + 1] + _spaces(text[first + 1:-1]) + quote


@functools.lru_cache(maxsize=None)
def without_literals(text):
    """The text with comments and the insides of literals blanked."""
    return _LITERAL.sub(_blank_literal, text)


@functools.lru_cache(maxsize=None)
def blanked(text):
    """The text without comments, insides of literals and preprocessor lines."""
    return _DIRECTIVE.sub(lambda match: _spaces(match.group(0)), without_literals(text))


def raw_literal_lines(text):
    """The numbers of the lines that a raw string literal of several lines covers."""
    lines = set()
    for match in _LITERAL.finditer(text):
        if match.group("delimiter") is not None and "\n" in match.group():
            first = text.count("\n", 0, match.start()) + 1
            lines.update(range(first, first + match.group().count("\n") + 1))
    return lines


@dataclasses.dataclass(frozen=True)
class Include:
    """One #include line: the file named, whether in quotes, and where."""

    name: str
    quoted: bool
    offset: int


@functools.lru_cache(maxsize=None)
def includes(text):
    """The #include lines of a file, comments left out."""
    plain = without_literals(text)
    found = []
    for match in _INCLUDE.finditer(text):
        # A directive that a comment or literal holds is blank in `plain`.
        if plain[match.start():match.start(1)].strip():
            found.append(Include(match.group(2), match.group(1) == '"', match.start(2)))
    return found


@dataclasses.dataclass
class Function:
    """A function body with its signature, as offsets into the text."""

    start: int
    end: int
    name: str


_LABELS = re.compile(r"(?:\s*(?:public|private|protected)\s*:(?!:))*\s*")
_INITIALISERS = re.compile(r"\)\s*(?:noexcept\s*(?:\([^()]*\))?\s*)?:(?!:)")
_NAME = re.compile(r"([~\w:]+)\s*\(")


def _kind(head):
    """What the brace after `head` opens: `scope`, `function`, or `other`."""
    head = head[_LABELS.match(head).end():].strip()
    if head.startswith(("namespace", "inline namespace", "extern")) and "(" not in head:
        return "scope"
    plain = re.sub(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)|template\s*<[^{}]*?>(?=\s*\w)", " ", head)
    if re.match(r"\s*(?:class|struct|union|enum)\b", plain):
        return "scope"
    if "(" not in plain:
        return "scope" if re.search(r"\b(?:class|struct|union|enum)\b", plain) else "other"
    if re.search(r"(?<![=!<>]) = (?!default|delete)", re.split(r"\(", plain)[0]):
        return "other"
    if _INITIALISERS.search(plain) and re.search(r"[\w>]\s*$", plain):
        return "other"
    return "function"


@functools.lru_cache(maxsize=None)
def functions(text):
    """The functions of a file that stand at namespace or class level; lambdas count with theirs."""
    code = blanked(text)
    found = []
    stack = []
    head = 0
    depth = 0  # of parentheses: a brace within them is a default argument's
    for match in re.finditer(r"[{};()]", code):
        offset = match.start()
        inside = bool(stack) and stack[-1][0] != "scope"
        if match.group() in "()":
            if not inside:
                depth = max(0, depth + (1 if match.group() == "(" else -1))
        elif match.group() == "{":
            kind = "other" if inside or depth > 0 else _kind(code[head:offset])
            stack.append((kind, head))
            if not inside and kind != "other":
                head = offset + 1
        elif match.group() == "}":
            if not stack:
                continue
            kind, start = stack.pop()
            outside = not stack or stack[-1][0] == "scope"
            if kind == "function":
                first = _LABELS.match(code, start).end()
                name = _NAME.search(code, first)
                found.append(Function(first, offset, name.group(1) if name else "?"))
            if outside and kind != "other":
                head = offset + 1
        elif not inside:
            head = offset + 1
            depth = 0
    return found
