"""What the rules' tests share: a small tree in a temporary folder."""
import pathlib
import tempfile
import unittest

from checks import calls, hygiene, rule, sizes, structure, words
from checks.tree import Tree

RULES = {found.name: found for module in (sizes, structure, calls, hygiene, words)
         for found in rule.rules_of(module)}


class RuleTest(unittest.TestCase):
    """A test that gives files to a rule and looks at the places that it complains about."""

    def places(self, name, files, executable=()):
        """`path:line:column` of each finding of rule NAME over the files, sorted."""
        return [place for place, _ in self.findings(name, files, executable)]

    def findings(self, name, files, executable=()):
        """[(place, message)] of rule NAME over the files, sorted."""
        with tempfile.TemporaryDirectory() as folder:
            for path, content in files.items():
                target = pathlib.Path(folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                data = content if isinstance(content, bytes) else content.encode("utf-8")
                target.write_bytes(data)
                target.chmod(0o755 if path in executable else 0o644)
            found = list(RULES[name].run(Tree(folder)))
        return sorted((f"{path}:{line}:{column}", message) for path, line, column, message in found)

    def quiet(self, name, files, executable=()):
        """Fails unless the rule has nothing to say."""
        self.assertEqual(self.findings(name, files, executable), [])
