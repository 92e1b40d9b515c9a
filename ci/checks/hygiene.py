"""Rules on what must not be in a committed file at all."""
import os
import re

from checks.rule import rule
from checks.tree import position

# The rules' own words would trip them.
_OWN = ("ci/checks/",)
BYTES_MAX = 512 * 1024


def _matches(tree, pattern, message, skip=()):
    for path in tree.text_files():
        if path.startswith(_OWN + tuple(skip)):
            continue
        text = tree.text(path)
        for match in pattern.finditer(text):
            yield path, *position(text, match.start()), message.format(match.group().strip())


@rule("markers")
def markers(tree):
    """No TODO, FIXME, XXX, HACK: what is missing is told in an issue or in docs/."""
    pattern = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    yield from _matches(tree, pattern, "{}: do it, or say in docs/ what is missing")


@rule("machine-paths")
def machine_paths(tree):
    """No path of one person's machine."""
    pattern = re.compile(r"(?<![\w.$)}-])(?:/root/|/Users/\w|/home/(?!agent\b|sandbox\b)\w+/)")
    yield from _matches(tree, pattern, "{}: a path of one machine")


@rule("secrets")
def secrets(tree):
    """Nothing that looks like a live key; tests and worlds make theirs at run time."""
    pattern = re.compile(
        r"PRIVATE KEY-----(?:\\n|[\s\"])*[A-Za-z0-9+/]{32}"
        r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b"
        r"|\bnvapi-[\w-]{40,}|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{40,}|\bxox[baprs]-[\w-]{20,}")
    for path, line, column, _ in _matches(tree, pattern, ""):
        yield path, line, column, "looks like a secret"


@rule("generated")
def generated(tree):
    """Only what people write: no binaries, no build products, nothing over 512 KiB."""
    products = re.compile(r"\.(?:o|a|so|pyc|pb\.cc|pb\.h|gcda|gcno|orig|rej|log)$|(?:^|/)(?:"
                          r"CMakeCache\.txt|build\.ninja|compile_commands\.json|__pycache__/.*)$")
    for path in tree.paths:
        if products.search(path):
            yield path, 1, 1, "a generated file"
        elif len(tree.data(path)) > BYTES_MAX:
            yield path, 1, 1, f"over {BYTES_MAX // 1024} KiB"
        elif tree.is_binary(path) and not path.startswith("fixtures/"):
            yield path, 1, 1, "a binary file"
        elif not path.startswith("fixtures/") and b"\xef\xbf\xbd" not in tree.data(path):
            if "\ufffd" in tree.text(path):
                yield path, *position(tree.text(path), tree.text(path).index("\ufffd")), "not UTF-8"


@rule("scripts")
def scripts(tree):
    """A shell script says how it treats failures; a program is executable."""
    for path in tree.paths:
        if tree.is_bash(path) and tree.text(path).startswith("#!"):
            if not re.search(r"^set -(?:e?uo) pipefail$", tree.text(path), re.MULTILINE):
                yield path, 2, 1, "write: set -euo pipefail"
        if tree.is_script(path) and tree.data(path).startswith(b"#!"):
            if not os.access(tree.root / path, os.X_OK):
                yield path, 1, 1, "has a #! line but isn't executable"
