"""Statements of C++ code with what a coroutine must not mix: awaits, braced lists, lambdas."""
import dataclasses
import re

from checks import cpp

_TOKEN = re.compile(
    r"[A-Za-z_]\w*|\d[\w.']*|::|->|\[\[|[\[\](){};,<>=&*:?!+\-/|^~%.]|\"\s*\"|'\s*'")
# After these words a bracket begins a lambda, a brace a list.
_EXPRESSION_WORDS = {"return", "co_return", "co_await", "co_yield", "case", "throw", "else", "and",
                     "or", "not"}
_BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
_COROUTINE = {"co_await", "co_return", "co_yield"}


@dataclasses.dataclass
class Lambda:
    """A lambda: where it begins, whether it captures, and the coroutine words of its own body."""

    offset: int
    captures: bool
    words: list


@dataclasses.dataclass
class Statement:
    """One statement, lambda bodies in it left out."""

    awaits: list
    braces: list
    lambdas: list


@dataclasses.dataclass
class Token:
    """A word or sign of the code."""

    text: str
    offset: int


class _Parser:
    """Goes over a file once and collects every statement of every block."""

    def __init__(self, code):
        self.tokens = [Token(match.group(), match.start()) for match in _TOKEN.finditer(code)]
        self.index = 0
        self.statements = []

    def _at(self, index):
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def block(self, words):
        """Statements up to the brace that closes this block; coroutine words go to `words`."""
        while self.index < len(self.tokens) and self._at(self.index) != "}":
            self._statement(words)
        self.index += 1

    def _statement(self, words):
        statement = Statement([], [], [])
        depth = 0
        first = True
        while self.index < len(self.tokens):
            text = self._at(self.index)
            if text == ";" and depth == 0:
                self.index += 1
                break
            if text == "}":
                break
            if text == "{":
                if depth == 0 and (first or self._opens_block()):
                    # What stands before a block (an `if`, a signature) is a statement of its own.
                    self.statements.append(statement)
                    self.index += 1
                    self.block(words)
                    return
                self._braced(statement, words)
            elif text == "[" and self._begins_lambda():
                self._lambda(statement)
            else:
                depth += {"(": 1, "[": 1, "[[": 2, ")": -1, "]": -1}.get(text, 0)
                self._word(statement, words)
                self.index += 1
            first = False
        self.statements.append(statement)

    def _word(self, statement, words):
        token = self.tokens[self.index]
        if token.text in _COROUTINE:
            words.append(token)
        if token.text == "co_await":
            statement.awaits.append(token.offset)

    def _opens_block(self):
        """Whether the brace at hand opens a block and not a list of values."""
        before = self._at(self.index - 1)
        if before == ")" or before in _BLOCK_WORDS or before in (":", "}", "{", ";"):
            return True
        if before in ("=", ",", "(", "return", "co_return", "co_await", "co_yield"):
            return False
        # `namespace a {`, `struct A : B {`, `auto f() -> Task<int> {`.
        index = self.index - 1
        while index >= 0 and self._at(index) not in (";", "{", "}", "="):
            text = self._at(index)
            if text in ("namespace", "class", "struct", "union", "enum", "extern", "requires"):
                return self._at(index - 1) not in ("(", ",")
            if text == "->" and self._at(index - 1) in (")", "const", "noexcept", "mutable"):
                return True
            index -= 1
        return False

    def _braced(self, statement, words):
        """A list of values: its own lambdas, awaits and lists belong to the statement."""
        statement.braces.append(self.tokens[self.index].offset)
        self.index += 1
        while self.index < len(self.tokens) and self._at(self.index) != "}":
            text = self._at(self.index)
            if text == "{":
                self._braced(statement, words)
            elif text == "[" and self._begins_lambda():
                self._lambda(statement)
            else:
                self._word(statement, words)
                self.index += 1
        self.index += 1

    def _begins_lambda(self):
        before = self._at(self.index - 1)
        if before in (")", "]") or before.startswith(('"', "'")):
            return False
        if before in ("&", "*"):
            return self._at(self.index - 2) not in ("auto", "&")
        if re.match(r"\w", before):
            return before in _EXPRESSION_WORDS
        return before != ">"

    def _lambda(self, statement):
        start = self.tokens[self.index].offset
        captures = self._at(self.index + 1) != "]"
        self._skip_pair("[", "]")
        while self.index < len(self.tokens) and self._at(self.index) != "{":
            if self._at(self.index) == "(":
                self._skip_pair("(", ")")
            elif self._at(self.index) in (";", "}"):
                return
            else:
                self.index += 1
        self.index += 1
        own = []
        self.block(own)
        statement.lambdas.append(Lambda(start, captures, own))

    def _skip_pair(self, opening, closing):
        depth = 0
        while self.index < len(self.tokens):
            text = self._at(self.index)
            self.index += 1
            if text == opening:
                depth += 1
            elif text == closing:
                depth -= 1
                if depth == 0:
                    return


def statements(text):
    """Every statement of a file's text."""
    parser = _Parser(cpp.blanked(text))
    while parser.index < len(parser.tokens):
        parser.block([])
    return parser.statements
