"""Tests of the rules on what must not be committed."""
from checks.testing import RuleTest


class MarkersTest(RuleTest):
    """Rule markers."""

    def test_refuses_each_word_in_comments_too(self):
        files = {"a.cc": "int a;  // TODO: more\n", "b.md": "text\nFIXME\n", "c.yaml": "# HACK\n"}
        self.assertEqual(self.places("markers", files), ["a.cc:1:12", "b.md:2:1", "c.yaml:1:3"])

    def test_allows_longer_words(self):
        self.quiet("markers", {"a.cc": 'f("/tmp/x.XXXXXX");\nint todo;\n'})


class MachinePathsTest(RuleTest):
    """Rule machine-paths."""

    def test_refuses_paths_of_one_person(self):
        files = {"a.sh": "cd /root/x\n", "b.cc": 'f("/home/ann/x");\n', "c.md": "see /root/x\n"}
        self.assertEqual(self.places("machine-paths", files), ["a.sh:1:4", "b.cc:1:4", "c.md:1:5"])

    def test_allows_paths_within_others(self):
        self.quiet("machine-paths", {"a.sh": 'cd "$root/root/x" build/root/y\n',
                                     "b.yaml": "cwd: /home/agent/x\nhome: /sandbox\n"})


class SecretsTest(RuleTest):
    """Rule secrets."""

    def test_refuses_what_looks_live(self):
        key = "-----BEGIN " + "PRIVATE KEY-----\n" + "M" * 40 + "\n"
        files = {"a.pem": key, "b.yaml": "key: nv" + "api-" + "a" * 48 + "\n",
                 "c.txt": "x AK" + "IA" + "A" * 16 + "\n"}
        self.assertEqual(self.places("secrets", files), ["a.pem:1:12", "b.yaml:1:6", "c.txt:1:3"])

    def test_allows_words_about_keys(self):
        self.quiet("secrets", {"a.cc": 'EXPECT_THAT(pem, HasSubstr("BEGIN PRIVATE KEY-----"));\n',
                               "b.yaml": "api_key: sk-short\n"})


class GeneratedTest(RuleTest):
    """Rule generated."""

    def test_refuses_products_big_binary_and_broken_files(self):
        files = {"a.o": "x", "b.txt": "x" * (512 * 1024 + 1), "c.txt": b"a\0b", "d.txt": b"a\xff\n"}
        self.assertEqual(self.places("generated", files),
                         ["a.o:1:1", "b.txt:1:1", "c.txt:1:1", "d.txt:1:2"])

    def test_allows_binary_fixtures(self):
        self.quiet("generated", {"fixtures/corpora/a": b"\0\xff", "a.cc": "int a;\n"})


class ScriptsTest(RuleTest):
    """Rule scripts."""

    def test_wants_pipefail_and_the_executable_bit(self):
        files = {"ci/a": "#!/usr/bin/env bash\nset -e\n",
                 "ci/b": "#!/usr/bin/env bash\nset -euo pipefail\n"}
        self.assertEqual(self.places("scripts", files, executable=["ci/a"]),
                         ["ci/a:2:1", "ci/b:1:1"])

    def test_is_content_with_both(self):
        files = {"ci/b": "#!/usr/bin/env bash\n# says\nset -uo pipefail\n", "ci/c.sh": "x=1\n"}
        self.quiet("scripts", files, executable=["ci/b"])
