"""The files of a source tree as the rules see them: what is committed or would be, read once."""
import dataclasses
import functools
import os
import pathlib
import subprocess

# Folders that a walk outside git leaves out; inside git .gitignore says it.
IGNORED_FOLDERS = {".git", "build", ".cache", "run", "node_modules", "__pycache__"}

CPP = (".h", ".cc")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One complaint; line and column count from 1."""

    path: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}:{self.column}: [{self.rule}] {self.message}"


def position(text, offset):
    """(line, column) of an offset, both from 1."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


class Tree:
    """A tree below `root`. Paths are relative, with slashes, sorted."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(path for path in self._list() if self._regular(path))

    def _regular(self, path):
        full = self.root / path
        return full.is_file() and not full.is_symlink()

    def _list(self):
        if (self.root / ".git").exists():
            command = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
                       "--exclude-standard"]
            listed = subprocess.run(command, capture_output=True, check=False)
            if listed.returncode == 0:
                return {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
        return set(self._walk())

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in IGNORED_FOLDERS]
            for name in files:
                yield pathlib.Path(folder, name).relative_to(self.root).as_posix()

    def exists(self, path):
        """Whether a file or folder of that name is there, listed or not."""
        return (self.root / path).exists()

    @functools.lru_cache(maxsize=None)
    def data(self, path):
        """The bytes of a file."""
        return (self.root / path).read_bytes()

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """The text of a file; what isn't UTF-8 is replaced, and rule `generated` complains."""
        return self.data(path).decode("utf-8", errors="replace")

    def is_binary(self, path):
        """Whether the file holds a NUL byte early on."""
        return b"\0" in self.data(path)[:8192]

    def is_script(self, path):
        """Whether the file is a program in a scripting language."""
        if path.endswith((".py", ".sh", ".js", ".mjs")):
            return True
        return "." not in path.rsplit("/", 1)[-1] and self.data(path).startswith(b"#!")

    def is_python(self, path):
        """Whether the file is a Python program or module."""
        if path.endswith(".py"):
            return True
        return self.is_script(path) and "python" in self.text(path).split("\n", 1)[0]

    def is_bash(self, path):
        """Whether the file is a shell script."""
        if path.endswith(".sh"):
            return True
        return self.is_script(path) and self.text(path).startswith("#!/usr/bin/env bash")

    def select(self, suffixes, under=""):
        """The paths with one of these endings below a folder."""
        return [path for path in self.paths
                if path.endswith(tuple(suffixes)) and path.startswith(under)]

    def text_files(self):
        """Every file that isn't binary."""
        return [path for path in self.paths if not self.is_binary(path)]
