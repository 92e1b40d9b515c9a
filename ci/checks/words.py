"""Rules on scenarios, defects and documents, and that they agree."""
import pathlib
import posixpath
import re

from checks.rule import rule
from checks.tree import position

DEFECTS = "fixtures/defects/"
_KILLS = re.compile(
    r"^kills:[ \t]*(?P<flow>\[[^\]]*\])?"
    r"(?P<block>(?:[ \t]*(?:#[^\n]*)?\n[ \t]*(?:-[^\n]*|(?=#)))*)",
    re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_]+")


def kills(text):
    """[(name, offset)] of a scenario's `kills`."""
    found = []
    match = _KILLS.search(text)
    if match is None:
        return found
    for part in ("flow", "block"):
        if match.group(part):
            listed = re.sub(r"#[^\n]*", lambda note: " " * len(note.group()), match.group(part))
            found += [(name.group(), match.start(part) + name.start())
                      for name in _NAME.finditer(listed)]
    return found


def is_scenario(text):
    """Whether a YAML file is one: corpora and includes stand beside them."""
    return re.search(r"(?m)^scenario:", text) is not None


@rule("defects")
def defects(tree):
    """Each name in `kills` is a patch in fixtures/defects/, each patch is named by a scenario."""
    patches = {pathlib.PurePosixPath(path).stem: path
               for path in tree.select([".patch"], under=DEFECTS)}
    named = set()
    for path in tree.select([".yaml", ".yml"], under="scenarios/"):
        text = tree.text(path)
        for name, offset in kills(text):
            named.add(name)
            if name not in patches:
                yield path, *position(text, offset), f"no {DEFECTS}{name}.patch"
    for name, path in patches.items():
        if name not in named:
            yield path, 1, 1, f"no scenario has {name} in its `kills`"


@rule("modelines")
def modelines(tree):
    """A scenario's first line leads an editor to the schema."""
    for path in tree.select([".yaml", ".yml"], under="scenarios/"):
        text = tree.text(path)
        if not is_scenario(text):
            continue
        folder = posixpath.dirname(path)
        schema = posixpath.relpath("docs/scenario.schema.json", folder)
        wanted = f"# yaml-language-server: $schema={schema}"
        if text.split("\n", 1)[0] != wanted:
            yield path, 1, 1, f"the first line must be `{wanted}`"


_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r"^(```|~~~)[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


_COMMAND = re.compile(r"^[ \t]*(?:\$ )?(\.?ci/[\w.-]+)", re.MULTILINE)


def _blank(match):
    return re.sub(r"[^\n]", " ", match.group())


@rule("links")
def links(tree):
    """A relative link in a document leads to a file or folder of the tree."""
    for path in tree.select([".md"]):
        text = tree.text(path)
        plain = _CODE.sub(_blank, _FENCE.sub(_blank, text))
        for match in _LINK.finditer(plain):
            target = match.group(1).split("#", 1)[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if not tree.exists(full):
                yield path, *position(text, match.start(1)), f"no {full}"


@rule("readme-commands")
def readme_commands(tree):
    """A command of ours in README.md's code blocks is a program of the tree."""
    for path in tree.select(["README.md", "CONTRIBUTING.md"]):
        text = tree.text(path)
        for fence in _FENCE.finditer(text):
            for match in _COMMAND.finditer(fence.group()):
                if match.group(1) not in tree.paths:
                    yield (path, *position(text, fence.start() + match.start(1)),
                           f"no program {match.group(1)}")


_LIMIT = re.compile(r'\{"(\w+)", (?:nullptr|&Limits::\w+), (?:nullptr|&Limits::\w+)\}')


@rule("limits")
def limits(tree):
    """docs/limits.md has a row for each limit of reference/base/limits.cc, and for no other."""
    source, page = "reference/base/limits.cc", "docs/limits.md"
    if source not in tree.paths or page not in tree.paths:
        return
    names = _LIMIT.findall(tree.text(source))
    rows = {match.group(1): match.start(1)
            for match in re.finditer(r"^\| `(\w+)` \|", tree.text(page), re.MULTILINE)}
    for name in names:
        if name not in rows:
            yield page, 1, 1, f"no row for the limit {name}"
    for name, offset in rows.items():
        if name not in names:
            yield page, *position(tree.text(page), offset), f"no limit is called {name}"


_ANSWER = re.compile(r'(?:json_error\(\s*|\{DenyReason::\w+, "\w+", )(\d{3}),\s*"(\w+)"')
_ANSWER_ROW = re.compile(r"^\| (\d{3}) \| `(\w+)`", re.MULTILINE)
_LITERAL = re.compile(r'"(\w+)"')


@rule("errors")
def errors(tree):
    """docs/errors.md has a row for each status and error word that is answered, and no other's."""
    page = "docs/errors.md"
    if page not in tree.paths:
        return
    text = tree.text(page)
    rows = {match.groups(): match.start(2) for match in _ANSWER_ROW.finditer(text)}
    known = set()
    for path in tree.select([".cc"], under="reference/"):
        if path.endswith("_test.cc"):
            continue
        source = tree.text(path)
        known.update(_LITERAL.findall(source))
        for match in _ANSWER.finditer(source):
            if match.groups() not in rows:
                yield (path, *position(source, match.start(1)),
                       f"docs/errors.md has no row for {match.group(1)} {match.group(2)}")
    for (_, word), offset in rows.items():
        if word not in known:
            yield page, *position(text, offset), f"no answer says {word}"


_QUOTED = re.compile(r"`([^`\n]+)`")
_TEST_NAME = re.compile(r"[A-Z]\w*\.[A-Z]\w*")
_TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
_OWN_FILE = re.compile(r"(?:reference|simulator|scenarios|fixtures|ci|docs|cmake)/\S+\.\w+")


@rule("deviations")
def deviations(tree):
    """A test or file that docs/deviations.md names is there."""
    page = "docs/deviations.md"
    if page not in tree.paths:
        return
    tests = {f"{suite}.{name}" for path in tree.select(["_test.cc"])
             for suite, name in _TEST.findall(tree.text(path))}
    text = tree.text(page)
    for match in _QUOTED.finditer(text):
        name = match.group(1)
        if _TEST_NAME.fullmatch(name) and name not in tests:
            yield page, *position(text, match.start(1)), f"no test {name}"
        if _OWN_FILE.fullmatch(name) and name not in tree.paths:
            yield page, *position(text, match.start(1)), f"no file {name}"
