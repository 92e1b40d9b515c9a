"""Tests of the rules on format and size."""
import shutil
import unittest

from checks.testing import RuleTest

_STYLE = "BasedOnStyle: Google\nColumnLimit: 100\n"


class FormatTest(RuleTest):
    """Rule format."""

    @unittest.skipUnless(shutil.which("clang-format"), "needs clang-format")
    def test_complains_at_the_first_place_only(self):
        files = {".clang-format": _STYLE, "a.cc": "int  f();\nint  g();\n"}
        self.assertEqual(self.places("format", files), ["a.cc:1:4"])

    @unittest.skipUnless(shutil.which("clang-format"), "needs clang-format")
    def test_is_content_with_formatted_code(self):
        self.quiet("format", {".clang-format": _STYLE, "a.cc": "int f();\n", "b.py": "x  =  1\n"})


class FileSizeTest(RuleTest):
    """Rule file-size."""

    def test_refuses_the_401st_line(self):
        files = {"a.cc": "int a;\n" * 401, "ci/tool": "#!/bin/sh\n" + "true\n" * 400}
        self.assertEqual(self.places("file-size", files), ["a.cc:401:1", "ci/tool:401:1"])

    def test_allows_400_lines_and_long_documents(self):
        self.quiet("file-size", {"a.h": "int a;\n" * 400, "a.md": "word\n" * 900})


class FunctionSizeTest(RuleTest):
    """Rule function-size."""

    def body(self, signature, lines, end="}"):
        """A function of so many lines."""
        return signature + " {\n" + "  g();\n" * (lines - 2) + end + "\n"

    def test_refuses_71_lines_at_the_signature(self):
        text = "namespace a {\n\n// says why\n" + self.body("void f(int x)", 71) + "}\n"
        self.assertEqual(self.findings("function-size", {"a.cc": text}),
                         [("a.cc:4:1", "f: 71 lines; at most 70")])

    def test_allows_70_lines(self):
        self.quiet("function-size", {"a.cc": self.body("int f() const noexcept", 70)})

    def test_sees_members_constructors_and_trailing_types(self):
        text = ("struct A : B<int(int)> {\n public:\n" +
                self.body("  A(int x) : b_{x}, c_(x)", 72) +
                self.body("  auto g() -> Task<int>", 73) + "};\n")
        messages = [message for _, message in self.findings("function-size", {"a.h": text})]
        self.assertEqual(messages, ["A: 72 lines; at most 70", "g: 73 lines; at most 70"])

    def test_sees_past_default_arguments_and_members_with_braces(self):
        text = ("struct A {\n  int a{1};\n  std::vector<int> b = {1, 2};\n};\n" +
                self.body("int f(std::string a = {}, B b = B{})", 71) +
                self.body("int g()", 72))
        messages = [message for _, message in self.findings("function-size", {"a.cc": text})]
        self.assertEqual(messages, ["f: 71 lines; at most 70", "g: 72 lines; at most 70"])

    def test_counts_a_lambda_with_its_function(self):
        text = "void f() {\n  auto g = [] {\n" + "    h();\n" * 70 + "  };\n}\n"
        self.assertEqual(self.places("function-size", {"a.cc": text}), ["a.cc:1:1"])

    def test_leaves_tables_classes_and_namespaces_alone(self):
        table = "constexpr int kTable[] = {\n" + "    1,\n" * 100 + "};\n"
        enum = "enum class A : int {\n" + "  b,\n" * 100 + "};\n"
        many = "class A {\n" + "  void f() { g(); }\n" * 100 + "};\n"
        self.quiet("function-size", {"a.cc": "namespace a {\n" + table + enum + many + "}\n"})

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = 'void f() {\n  g("{", \'{\', R"(}}{{)");  // {\n  /* { */\n}\n' + "int a;\n" * 80
        self.quiet("function-size", {"a.cc": text})

    def test_measures_python_too(self):
        text = "x = 1\ndef f():\n" + "    g()\n" * 70
        self.assertEqual(self.places("function-size", {"a.py": text}), ["a.py:2:1"])


class LineLengthTest(RuleTest):
    """Rule line-length."""

    def test_refuses_the_101st_column(self):
        files = {"a.cc": "int a;\n// " + "x" * 98 + "\n", "b.py": "# " + "é" * 98 + "\n"}
        self.assertEqual(self.places("line-length", files), ["a.cc:2:101"])

    def test_leaves_data_in_raw_literals_alone(self):
        data = 'auto a = R"(x\n' + "x" * 150 + '\n)";\n'
        self.assertEqual(self.places("line-length", {"a.cc": data + "// " + "x" * 98 + "\n"}),
                         ["a.cc:4:101"])


class WhitespaceTest(RuleTest):
    """Rule whitespace."""

    def test_tells_tabs_trailing_blanks_and_a_missing_end(self):
        files = {"a.cc": "int a; \n\tint b;\n", "b.md": "word"}
        self.assertEqual(self.places("whitespace", files), ["a.cc:1:7", "a.cc:2:1", "b.md:1:1"])

    def test_leaves_fixtures_and_patches_alone(self):
        self.quiet("whitespace", {"fixtures/corpora/a": "a \r\n", "x.patch": " \n", "b.md": "a\n"})
