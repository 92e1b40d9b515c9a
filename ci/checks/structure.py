"""Rules on what may depend on what: includes, layers, heavy units, headers."""
import dataclasses
import posixpath
import re

from checks import cpp
from checks.rule import rule
from checks.tree import CPP, position

LAYERS = "ci/layers.txt"
HEAVY = "ci/heavy.txt"
HEAVY_MAX = 16
_HEAVY_INCLUDE = re.compile(r"^(?:boost/beast|grpcpp|grpc)\b")
_GENERATED = (".pb.h",)
STAND_ALONE = "fixtures/services/"


@dataclasses.dataclass
class Layer:
    """A folder, its place in the order, and what it may include (None: all before it)."""

    folder: str
    rank: int
    only: list


def read_layers(tree):
    """The layers of ci/layers.txt by folder, in order."""
    layers = {}
    if not tree.exists(LAYERS):
        return layers
    for line in tree.text(LAYERS).splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        only = words[2:] if len(words) > 1 and words[1] == "only" else None
        layers[words[0]] = Layer(words[0], len(layers), only)
    return layers


def layer_of(layers, path):
    """The layer that a path is in, or None."""
    folder = path
    while "/" in folder:
        folder = folder.rsplit("/", 1)[0]
        if folder in layers:
            return layers[folder]
    return None


def _below(folder, parents):
    return any(folder == parent or folder.startswith(parent + "/") for parent in parents)


@rule("layers")
def layers_(tree):
    """A folder includes only folders that stand before it in ci/layers.txt."""
    layers = read_layers(tree)
    for path in tree.select(CPP):
        own = layer_of(layers, path)
        if own is None:
            if path.startswith(("reference/", "simulator/", "proto/")):
                yield path, 1, 1, f"the folder isn't in {LAYERS}"
            continue
        text = tree.text(path)
        for include in cpp.includes(text):
            other = layer_of(layers, include.name)
            if other is None or other is own:
                continue
            if other.rank > own.rank:
                why = f"{own.folder} may not include {other.folder}, which stands after it"
            elif own.only is not None and not _below(other.folder, own.only):
                why = f"{own.folder} may include only {' '.join(own.only)}"
            else:
                continue
            yield path, *position(text, include.offset), why


@rule("includes")
def includes_(tree):
    """Includes of our own files are in quotes and written from the repository's root.

    An example that builds by itself (fixtures/services) names the files beside it."""
    own = set(tree.select(CPP))
    for path in tree.select(CPP):
        text = tree.text(path)
        for include in cpp.includes(text):
            place = position(text, include.offset)
            if include.quoted:
                beside = posixpath.join(posixpath.dirname(path), include.name)
                if path.startswith(STAND_ALONE) and beside in own:
                    continue
                if include.name not in own and not include.name.endswith(_GENERATED):
                    yield path, *place, f'no "{include.name}" below the repository\'s root'
            elif include.name in own:
                yield path, *place, f"a file of ours: write it in quotes: \"{include.name}\""


@rule("headers")
def headers(tree):
    """A header opens with a paragraph of comment, then #pragma once."""
    for path in tree.select([".h"]):
        text = tree.text(path)
        if not text.startswith("//"):
            yield path, 1, 1, "open with what this is, who owns it, which thread (style: headers)"
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield path, 1, 1, "no #pragma once"


def read_heavy(tree):
    """[(line, unit, reason)] of ci/heavy.txt."""
    listed = []
    if tree.exists(HEAVY):
        for number, line in enumerate(tree.text(HEAVY).splitlines(), 1):
            words = line.split("#", 1)[0].split(None, 1)
            if words:
                listed.append((number, words[0], words[1].strip() if len(words) > 1 else ""))
    return listed


def _heavy_headers(tree):
    """Our headers that bring Beast or gRPC, themselves or through others."""
    reached = {}
    for path in tree.select([".h"]):
        reached[path] = {include.name for include in cpp.includes(tree.text(path))}
    heavy = {path for path, names in reached.items() if any(map(_HEAVY_INCLUDE.match, names))}
    grown = True
    while grown:
        more = {path for path, names in reached.items() if names & heavy} - heavy
        heavy |= more
        grown = bool(more)
    return heavy


@rule("heavy")
def heavy(tree):
    """Units with Beast or gRPC are listed in ci/heavy.txt with a reason, at most sixteen."""
    listed = read_heavy(tree)
    names = {unit for _, unit, _ in listed}
    heavy_headers = _heavy_headers(tree)
    found = set()
    for path in tree.select([".cc"]):
        if path.endswith(".pb.cc"):
            continue
        text = tree.text(path)
        for include in cpp.includes(text):
            if not _HEAVY_INCLUDE.match(include.name) and include.name not in heavy_headers:
                continue
            if path not in names and path not in found:
                yield path, *position(text, include.offset), f"brings Beast or gRPC: not in {HEAVY}"
            found.add(path)
    for number, (line, unit, reason) in enumerate(listed, 1):
        if unit not in found:
            yield HEAVY, line, 1, f"{unit} isn't there or isn't heavy"
        if not reason:
            yield HEAVY, line, 1, f"{unit}: no reason given"
        if number == HEAVY_MAX + 1:
            yield HEAVY, line, 1, f"more than {HEAVY_MAX} heavy units"
