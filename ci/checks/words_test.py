"""Tests of the rules on scenarios and documents."""
from checks.testing import RuleTest


class DefectsTest(RuleTest):
    """Rule defects."""

    PATCHES = {"fixtures/defects/one.patch": "", "fixtures/defects/two.patch": ""}

    def test_refuses_a_name_without_a_patch(self):
        files = dict(self.PATCHES, **{
            "scenarios/a.yaml": "scenario: a\nkills: [one, three]\n",
            "scenarios/b.yaml": "kills:\n  # why\n  - two\n  - four  # not one\nsteps: {}\n"})
        self.assertEqual(self.places("defects", files),
                         ["scenarios/a.yaml:2:14", "scenarios/b.yaml:4:5"])

    def test_refuses_a_patch_that_nothing_names(self):
        files = dict(self.PATCHES, **{"scenarios/a.yaml": "kills: [one]  # not two\n"})
        self.assertEqual(self.places("defects", files), ["fixtures/defects/two.patch:1:1"])

    def test_is_content_when_both_agree(self):
        self.quiet("defects", dict(self.PATCHES, **{
            "scenarios/x/a.yaml": "kills: [one,\n   two]\n",
            "scenarios/b.yaml": "kills: []\n"}))


class LinksTest(RuleTest):
    """Rule links."""

    def test_refuses_a_link_to_nothing(self):
        files = {"docs/a.md": "text\n[b](b.md) and [c](../c.md#part)\n", "c.md": ""}
        self.assertEqual(self.places("links", files), ["docs/a.md:2:5"])

    def test_leaves_code_addresses_and_anchors_alone(self):
        self.quiet("links", {"a.md": "[x](https://a.test/b) [y](#y) `[z](z)`\n```\n[w](w)\n```\n"})


class ReadmeTest(RuleTest):
    """Rule readme-commands."""

    def test_refuses_a_program_that_is_not_there(self):
        files = {"README.md": "```sh\nci/run\n$ ci/gone -j 2\n```\n", "ci/run": "x"}
        self.assertEqual(self.places("readme-commands", files), ["README.md:3:3"])


class LimitsTest(RuleTest):
    """Rule limits."""

    SOURCE = ('{{\n  {"head", &Limits::head_max, nullptr},\n'
              '  {"idle", nullptr, &Limits::idle},\n}}\n')

    def test_refuses_missing_and_unknown_rows(self):
        files = {"reference/base/limits.cc": self.SOURCE,
                 "docs/limits.md": "# Limits\n| `head` | 1 |\n| `gone` | 2 |\n"}
        self.assertEqual(self.findings("limits", files), [
            ("docs/limits.md:1:1", "no row for the limit idle"),
            ("docs/limits.md:3:4", "no limit is called gone")])

    def test_is_content_when_both_agree(self):
        self.quiet("limits", {"reference/base/limits.cc": self.SOURCE,
                              "docs/limits.md": "| `head` | 1 |\n| `idle` | 2 |\n"})


class ErrorsTest(RuleTest):
    """Rule errors."""

    SOURCE = ('  return http::json_error(\n      502, "upstream_gone", text);\n'
              '    {DenyReason::no_policies, "no_policies", 403, "policy_denied", "opa"},\n')

    def test_refuses_missing_and_unknown_rows(self):
        files = {"reference/relay/a.cc": self.SOURCE,
                 "docs/errors.md": "| 403 | `policy_denied` |\n| 400 | `never_said` |\n"}
        self.assertEqual(self.findings("errors", files), [
            ("docs/errors.md:2:10", "no answer says never_said"),
            ("reference/relay/a.cc:2:7", "docs/errors.md has no row for 502 upstream_gone")])

    def test_is_content_when_both_agree(self):
        self.quiet("errors", {
            "reference/relay/a.cc": self.SOURCE,
            "reference/relay/a_test.cc": 'json_error(418, "teapot")',
            "docs/errors.md": "| 403 | `policy_denied` |\n| 502 | `upstream_gone` |\n"})


class DeviationsTest(RuleTest):
    """Rule deviations."""

    def test_refuses_tests_and_files_that_are_not_there(self):
        files = {"docs/deviations.md": "| `Head.Reads` `Head.Gone` `ci/run.py` `crates/x.rs` |\n",
                 "reference/http/head_test.cc": "TEST(Head, Reads) {}\n"}
        self.assertEqual(self.findings("deviations", files), [
            ("docs/deviations.md:1:17", "no test Head.Gone"),
            ("docs/deviations.md:1:29", "no file ci/run.py")])
