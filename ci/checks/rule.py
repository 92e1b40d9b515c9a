"""What a rule is: a named function from a tree to findings, with its reason as its docstring."""
import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule of ci/check."""

    name: str
    run: typing.Callable

    @property
    def reason(self):
        """The first line of what the rule says about itself."""
        return (self.run.__doc__ or "").strip().split("\n", 1)[0]


def rule(name):
    """Marks a function `run(tree)` that yields (path, line, column, message) as rule NAME."""
    def mark(run):
        run.rule_name = name
        return run
    return mark


def rules_of(module):
    """The rules of a module, in the order of their names."""
    marked = [value for value in vars(module).values() if hasattr(value, "rule_name")]
    return [Rule(run.rule_name, run) for run in sorted(marked, key=lambda run: run.rule_name)]
