"""Rules on format and size."""
import ast
import re
import shutil
import subprocess
from concurrent import futures

from checks import cpp
from checks.rule import rule
from checks.tree import CPP, position

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
_DIAGNOSTIC = re.compile(r"^(.+?):(\d+):(\d+): (?:error|warning): (.*)$")
_BATCH = 16


def _sources(tree):
    """The files that people write in a programming language."""
    return [path for path in tree.paths if path.endswith(CPP) or tree.is_script(path)]


def clang_format(tree, extra):
    """The diagnostics of clang-format over all C++ files, in batches, two at a time."""
    paths = tree.select(CPP)
    batches = [paths[start:start + _BATCH] for start in range(0, len(paths), _BATCH)]

    def run(batch):
        command = ["clang-format", "--style=file", *extra, *batch]
        return subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL).stderr

    with futures.ThreadPoolExecutor(max_workers=2) as pool:
        return "".join(pool.map(run, batches)).splitlines()


@rule("format")
def format_(tree):
    """clang-format leaves a C++ file as it is (ci/check --fix-format makes it so)."""
    if shutil.which("clang-format") is None:
        yield ".clang-format", 1, 1, "clang-format isn't installed: ci/setup"
        return
    seen = set()
    for line in clang_format(tree, ["--dry-run", "-Werror"]):
        match = _DIAGNOSTIC.match(line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield match.group(1), int(match.group(2)), int(match.group(3)), match.group(4)


@rule("file-size")
def file_size(tree):
    """A file has at most 400 lines: one idea."""
    for path in _sources(tree):
        lines = len(tree.text(path).splitlines())
        if lines > FILE_LINES_MAX:
            yield path, FILE_LINES_MAX + 1, 1, f"{lines} lines; at most {FILE_LINES_MAX}"


def _cpp_functions(text):
    for function in cpp.functions(text):
        line, column = position(text, function.start)
        yield function.name, line, column, position(text, function.end)[0]


def _python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.col_offset + 1, node.end_lineno


@rule("function-size")
def function_size(tree):
    """A function has at most 70 lines, signature and braces included."""
    for path in _sources(tree):
        if path.endswith(CPP):
            found = _cpp_functions(tree.text(path))
        elif tree.is_python(path):
            found = _python_functions(tree.text(path))
        else:
            continue
        for name, first, column, last in found:
            lines = last - first + 1
            if lines > FUNCTION_LINES_MAX:
                yield path, first, column, f"{name}: {lines} lines; at most {FUNCTION_LINES_MAX}"


@rule("line-length")
def line_length(tree):
    """A line has at most 100 columns; lines of data within a raw string literal are free."""
    for path in _sources(tree):
        text = tree.text(path)
        free = cpp.raw_literal_lines(text) if path.endswith(CPP) else set()
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS_MAX and number not in free:
                yield path, number, COLUMNS_MAX + 1, f"{len(line)} columns; at most {COLUMNS_MAX}"


@rule("whitespace")
def whitespace(tree):
    """No tabs in code, no blanks at a line's end, a newline at the file's end."""
    for path in tree.text_files():
        text = tree.text(path)
        # In a patch a blank context line is a blank.
        if path.endswith(".patch") or path == "LICENSE" or path.startswith("fixtures/"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield path, number, len(line.rstrip()) + 1, "blanks at the end of the line"
            if "\t" in line and path.endswith(CPP):
                yield path, number, line.index("\t") + 1, "a tab"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, 1, "no newline at the end of the file"
