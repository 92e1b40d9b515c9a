"""Tests of the rules on dependencies."""
from checks.testing import RuleTest

_LAYERS = """# order
reference/base
reference/net
reference/relay
simulator/journal only reference/base reference/net
simulator/world only reference/base simulator
"""


class LayersTest(RuleTest):
    """Rule layers."""

    def check(self, path, include):
        """The complaints about one file with one include."""
        files = {"ci/layers.txt": _LAYERS, path: f'#include <vector>\n#include "{include}"\n'}
        return self.findings("layers", files)

    def test_refuses_an_include_of_what_stands_after(self):
        self.assertEqual(self.check("reference/base/a.h", "reference/net/b.h"), [
            ("reference/base/a.h:2:11",
             "reference/base may not include reference/net, which stands after it")])

    def test_allows_the_own_folder_and_those_before(self):
        self.assertEqual(self.check("reference/net/a.cc", "reference/net/testing/a.h"), [])
        self.assertEqual(self.check("reference/relay/a.cc", "reference/base/a.h"), [])

    def test_only_leaves_out_the_rest(self):
        self.assertEqual(self.check("simulator/journal/a.cc", "reference/net/a.h"), [])
        self.assertEqual(self.check("simulator/journal/a.cc", "reference/relay/a.h"), [
            ("simulator/journal/a.cc:2:11",
             "simulator/journal may include only reference/base reference/net")])

    def test_only_names_a_folder_with_all_below_it(self):
        self.assertEqual(self.check("simulator/world/a.cc", "simulator/journal/a.h"), [])
        self.assertEqual(len(self.check("simulator/journal/a.cc", "simulator/world/a.h")), 1)

    def test_refuses_a_folder_that_has_no_rank(self):
        self.assertEqual(self.check("reference/new/a.h", "vector"), [
            ("reference/new/a.h:1:1", "the folder isn't in ci/layers.txt")])

    def test_an_include_in_a_comment_is_none(self):
        files = {"ci/layers.txt": _LAYERS,
                 "reference/base/a.h": '/*\n#include "reference/net/b.h"\n*/\n'}
        self.quiet("layers", files)


class IncludesTest(RuleTest):
    """Rule includes."""

    def test_refuses_relative_absent_and_angled_forms(self):
        files = {"a/b.h": "", "a/c.cc": '#include "b.h"\n#include "a/gone.h"\n#include <a/b.h>\n'}
        self.assertEqual(self.places("includes", files),
                         ["a/c.cc:1:11", "a/c.cc:2:11", "a/c.cc:3:11"])

    def test_allows_the_rooted_form_systems_and_generated_headers(self):
        self.quiet("includes", {"a/b.h": "", "a/c.cc": '#include "a/b.h"\n#include <vector>\n'
                                                       '#include "proto/x.pb.h"\n'})

    def test_lets_examples_that_build_by_themselves_name_what_is_beside_them(self):
        self.quiet("includes", {"fixtures/services/a/b.h": "",
                                "fixtures/services/a/c.cc": '#include "b.h"\n'})
        self.assertEqual(self.places("includes", {"fixtures/services/a/c.cc": '#include "b.h"\n'}),
                         ["fixtures/services/a/c.cc:1:11"])


class HeadersTest(RuleTest):
    """Rule headers."""

    def test_wants_a_paragraph_and_pragma_once(self):
        files = {"a.h": "#pragma once\n", "b.h": "// What it is.\nint b;\n"}
        self.assertEqual(self.places("headers", files), ["a.h:1:1", "b.h:1:1"])

    def test_is_content_with_both(self):
        self.quiet("headers", {"a.h": "// What it is.\n#pragma once\n", "a.cc": "int a;\n"})


class HeavyTest(RuleTest):
    """Rule heavy."""

    def test_refuses_a_unit_that_is_not_listed(self):
        files = {"a.cc": "#include <vector>\n#include <boost/beast/http.hpp>\n",
                 "b.cc": "#include <grpcpp/server.h>\n"}
        self.assertEqual(self.places("heavy", files), ["a.cc:2:11", "b.cc:1:11"])

    def test_sees_through_our_own_headers(self):
        files = {"a.h": "#include <boost/beast/core.hpp>\n", "b.h": '#include "a.h"\n',
                 "c.cc": '#include "b.h"\n'}
        self.assertEqual(self.places("heavy", files), ["c.cc:1:11"])

    def test_a_listed_unit_must_be_heavy_and_have_a_reason(self):
        files = {"ci/heavy.txt": "# units\na.cc\ngone.cc  was once\n",
                 "a.cc": "#include <grpcpp/server.h>\n"}
        self.assertEqual(self.findings("heavy", files), [
            ("ci/heavy.txt:2:1", "a.cc: no reason given"),
            ("ci/heavy.txt:3:1", "gone.cc isn't there or isn't heavy")])

    def test_sixteen_is_the_most(self):
        names = [f"a{number:02}.cc" for number in range(17)]
        files = {name: "#include <boost/beast/core.hpp>\n" for name in names}
        files["ci/heavy.txt"] = "".join(f"{name} because\n" for name in names)
        self.assertEqual(self.places("heavy", files), ["ci/heavy.txt:17:1"])
