"""Tests of the other programs in ci/, in small trees with fakes for what they start."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CI = pathlib.Path(__file__).resolve().parent.parent
_BASH = "#!/usr/bin/env bash\n"


class ProgramTest(unittest.TestCase):
    """A temporary tree with some of our programs, and a folder of fakes first on the PATH."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name, "tree")
        self.fakes = pathlib.Path(folder.name, "fakes")
        self.fakes.mkdir()
        (self.root / "ci").mkdir(parents=True)

    def ours(self, *names):
        """Copies programs of the real tree into this one."""
        for name in names:
            target = self.root / name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(CI.parent / name, target)

    def program(self, path, body, folder=None):
        """Writes a shell program."""
        target = (folder or self.root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_BASH + body, encoding="utf-8")
        target.chmod(0o755)

    def call(self, *command, cwd=None):
        """(exit status, output) of a program of this tree."""
        environment = dict(os.environ, PATH=f"{self.fakes}:{os.environ['PATH']}", CI="true")
        done = subprocess.run([str(self.root / command[0]), *command[1:]], cwd=cwd or "/",
                              env=environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr


class SetupTest(ProgramTest):
    """ci/setup."""

    def setUp(self):
        super().setUp()
        self.ours("ci/setup")
        packages = "# tools\n\nninja-build\nbash-package unless bash\nlibfmt-dev\n"
        (self.root / "ci/packages.txt").write_text(packages, encoding="utf-8")
        self.program("dpkg-query", "echo 'ninja-build installed'\n", self.fakes)
        self.program("apt-get", f'echo "$@" >>{self.root}/apt.log\n', self.fakes)
        self.program("id", "echo 0\n", self.fakes)

    def apt_log(self):
        """The command lines that apt-get got."""
        log = self.root / "apt.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def test_installs_only_what_is_missing_and_says_so(self):
        status, output = self.call("ci/setup")
        self.assertEqual(status, 0, output)
        self.assertIn("ci/setup: installing libfmt-dev\n", output)
        self.assertRegex(self.apt_log(), r" install --yes --no-install-recommends libfmt-dev\n$")

    def test_is_silent_when_nothing_is_missing(self):
        self.program("dpkg-query", "printf 'ninja-build installed\\nlibfmt-dev installed\\n'\n",
                     self.fakes)
        self.assertEqual(self.call("ci/setup"), (0, ""))
        self.assertEqual(self.apt_log(), "")

    def test_updates_the_lists_when_a_package_is_not_found_at_first(self):
        self.program("apt-get", f'echo "$@" >>{self.root}/apt.log\n'
                     f"[[ $(wc -l <{self.root}/apt.log) -ne 1 ]]\n", self.fakes)
        self.assertEqual(self.call("ci/setup")[0], 0)
        words = [line.split()[3] for line in self.apt_log().splitlines()]
        self.assertEqual(words, ["install", "update", "install"])

    def test_tells_what_apt_said_when_it_fails(self):
        self.program("apt-get", "echo no such thing\nexit 100\n", self.fakes)
        status, output = self.call("ci/setup")
        self.assertEqual(status, 1)
        self.assertIn("no such thing\nci/setup: apt-get could not install: libfmt-dev\n", output)

    def test_goes_through_sudo_when_not_root(self):
        self.program("id", "echo 1000\n", self.fakes)
        self.program("sudo", f'echo "sudo $1" >>{self.root}/apt.log\nshift\n"$@"\n', self.fakes)
        self.assertEqual(self.call("ci/setup")[0], 0)
        self.assertIn("sudo -n\n", self.apt_log())

    def test_without_root_and_sudo_it_gives_the_command(self):
        self.program("id", "echo 1000\n", self.fakes)
        self.program("sudo", "exit 1\n", self.fakes)
        status, output = self.call("ci/setup")
        self.assertEqual(status, 1)
        self.assertIn("apt-get install --yes --no-install-recommends libfmt-dev", output)

    def test_off_debian_it_fails_with_one_line_that_names_the_packages(self):
        # A PATH with nothing but what the script itself needs.
        bare = self.root / "bare"
        bare.mkdir()
        for name in ("bash", "env", "dirname"):
            (bare / name).symlink_to(shutil.which(name))
        done = subprocess.run([str(self.root / "ci/setup")], env={"PATH": str(bare)}, check=False,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertTrue(done.stderr.endswith(": ninja-build libfmt-dev\n"), done.stderr)


class RunTest(ProgramTest):
    """ci/run."""

    def setUp(self):
        super().setUp()
        self.ours("ci/run", "ci/lib.sh")
        self.program("ci/setup", "")
        self.program("ci/clients", "")
        self.program("cmake", "", self.fakes)
        (self.root / "scenarios").mkdir()
        self.program("build/release/bin/sallyport", 'echo "$@"\nexit 3\n')

    def test_runs_all_scenarios_by_default(self):
        self.assertEqual(self.call("ci/run", cwd=self.root), (3, "run scenarios\n"))

    def test_adds_options_to_all_scenarios(self):
        status, output = self.call("ci/run", "--tag", "tls", "-j", "1", "-v", cwd=self.root)
        self.assertEqual((status, output), (3, "run scenarios --tag tls -j 1 -v\n"))

    def test_passes_paths_through(self):
        self.assertEqual(self.call("ci/run", "-j", "1", "x/y.yaml"), (3, "run -j 1 x/y.yaml\n"))

    def test_finds_the_scenarios_from_another_folder(self):
        (self.root / "docs").mkdir()
        self.assertEqual(self.call("ci/run", cwd=self.root / "docs"), (3, "run ../scenarios\n"))

    def test_shows_what_cmake_said_when_it_fails(self):
        self.program("cmake", "echo no compiler\nexit 1\n", self.fakes)
        status, output = self.call("ci/run")
        self.assertEqual(status, 1)
        self.assertIn("no compiler\n", output)

    def test_a_failed_build_is_a_failure_though_its_output_is_filtered(self):
        self.program("cmake", '[[ $1 != --build ]] && exit\nfor ((i = 0; i < 60; ++i)); do\n'
                     'echo "[$i/60] Building"\ndone\necho "a.cc: error"\nexit 1\n', self.fakes)
        status, output = self.call("ci/run")
        self.assertEqual(status, 1)
        self.assertEqual(output, "[24/60] Building\n[49/60] Building\na.cc: error\n")


class SumTest(ProgramTest):
    """.ci/run."""

    def setUp(self):
        super().setUp()
        self.ours(".ci/run", "ci/lib.sh")

    def run_with(self, run, test):
        """(exit status, last line) with these two programs."""
        self.program("ci/run", run)
        self.program("ci/test", test)
        status, output = self.call(".ci/run")
        return status, output.splitlines()[-1]

    def test_adds_both(self):
        run = "echo '3 passed, 0 failed, 1 skipped in 1.9 s (2 scenarios)'\n"
        test = "echo '1 passed, 1 failed'\necho '7 passed, 0 failed'\n"
        self.assertEqual(self.run_with(run, test), (0, "10 passed, 0 failed"))

    def test_fails_when_one_failed(self):
        self.assertEqual(self.run_with("echo '3 passed, 2 failed'\nexit 1\n",
                                       "echo '7 passed, 0 failed'\n"), (1, "10 passed, 2 failed"))

    def test_a_status_without_a_count_is_a_failure(self):
        self.assertEqual(self.run_with("echo '3 passed, 0 failed'\nexit 4\n", "exit 1\n"),
                         (1, "3 passed, 2 failed"))

    def test_fails_when_nothing_ran(self):
        self.assertEqual(self.run_with("", ""), (1, "0 passed, 0 failed"))


class TestTest(ProgramTest):
    """ci/test."""

    def setUp(self):
        super().setUp()
        self.ours("ci/test", "ci/lib.sh")
        self.program("ci/setup", "")
        self.program("ci/clients", "")
        self.program("cmake", "", self.fakes)
        self.program("ci/check", "echo '9 passed, 0 failed'\n")
        self.program("ci/defects", "echo '2 passed, 0 failed'\n")
        self.program("ci/schema", "echo '0 passed, 0 failed'\n")
        for name in ("check_test", "unit_tests"):
            (self.root / f"ci/{name}.py").write_text("print('10 passed, 0 failed')\n",
                                                     encoding="utf-8")
        (self.root / "README.md").write_text("```yaml\nscenario: a\n```\n", encoding="utf-8")

    def last(self):
        """(exit status, last line)."""
        status, output = self.call("ci/test")
        return status, output.splitlines()[-1]

    def test_adds_all_sections_and_the_build(self):
        self.assertEqual(self.last(), (0, "32 passed, 0 failed"))

    def test_runs_the_scenarios_and_the_one_of_the_readme(self):
        self.program("build/dev/bin/sallyport", 'cat $2 2>/dev/null\n'
                     "echo '4 passed, 0 failed, 0 skipped in 2 s (1 scenario)'\n")
        status, output = self.call("ci/test")
        self.assertIn("scenario: a\n4 passed", output)
        self.assertEqual((status, output.splitlines()[-1]), (0, "40 passed, 0 failed"))

    def test_a_section_that_fails_without_counting_is_a_failure(self):
        self.program("ci/check", "echo crashed\nexit 1\n")
        self.assertEqual(self.last(), (1, "23 passed, 1 failed"))

    def test_a_section_that_says_nothing_is_a_failure(self):
        self.program("ci/check", "")
        self.assertEqual(self.last(), (1, "23 passed, 1 failed"))

    def test_a_failed_build_ends_it(self):
        self.program("cmake", "exit 1\n", self.fakes)
        self.assertEqual(self.last(), (1, "0 passed, 1 failed"))


_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES NONE)
add_custom_target(sallyport
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/program ${CMAKE_BINARY_DIR}/bin/sallyport)
add_custom_target(sallyport-supervisor)
add_custom_target(sallyport-gateway)
add_custom_target(sallyport-middleware)
add_custom_target(content-guard)
"""


class DefectsTest(ProgramTest):
    """ci/defects, on a project whose program judges a scenario by its own text."""

    def setUp(self):
        super().setUp()
        self.ours("ci/defects", "ci/checks/__init__.py", "ci/checks/rule.py", "ci/checks/tree.py",
                  "ci/checks/words.py")
        self.write("CMakeLists.txt", _PROJECT)
        self.program("program", "# sound\ngrep -q sound $0 || exit 1\n")
        self.write("scenarios/a.yaml", "scenario: a\nkills: [broken]\n")
        self.write("fixtures/defects/broken.patch", self.patch("sound", "rotten"))

    def write(self, path, text):
        """Writes a file of the tree."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    @staticmethod
    def patch(old, new):
        """A patch of the program's second line. What it searches for is in its third."""
        return ("--- a/program\n+++ b/program\n@@ -1,3 +1,3 @@\n #!/usr/bin/env bash\n"
                f"-# {old}\n+# {new}\n grep -q sound $0 || exit 1\n")

    def test_tells_a_defect_that_is_caught(self):
        self.program("program", "# sound\ngrep -q '^# sound' $0 || exit 1\n")
        self.write("fixtures/defects/broken.patch",
                   self.patch("sound", "rotten").replace("-q sound", "-q '^# sound'"))
        status, output = self.call("ci/defects")
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"ok   broken +scenarios/a.yaml +caught")
        self.assertTrue(output.endswith("1 passed, 0 failed\n"))
        self.assertIn("# sound", (self.root / "program").read_text(encoding="utf-8"))

    def test_a_scenario_that_stays_green_is_a_failure(self):
        status, output = self.call("ci/defects")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"FAIL broken +scenarios/a.yaml +NOT CAUGHT")

    def test_a_scenario_that_is_red_anyway_is_a_failure(self):
        self.program("program", "exit 1\n")
        status, output = self.call("ci/defects")
        self.assertEqual(status, 1)
        self.assertIn("red without a defect", output)

    def test_check_tells_a_patch_that_no_longer_applies(self):
        self.assertEqual(self.call("ci/defects", "--check")[0], 0)
        self.program("program", "# other\n")
        status, output = self.call("ci/defects", "--check")
        self.assertEqual(status, 1)
        self.assertIn("doesn't apply", output)
        self.assertTrue(output.endswith("0 passed, 1 failed\n"))

    def test_an_unknown_name_is_misuse(self):
        self.assertEqual(self.call("ci/defects", "gone"),
                         (2, "ci/defects: no such defect: gone\n"))


class UnitTestsTest(unittest.TestCase):
    """ci/unit_tests.py."""

    def test_counts_cases_and_not_programs(self):
        import unit_tests
        report = {"testsuites": [
            {"testsuite": [{"status": "RUN"}, {"status": "RUN", "failures": [{"failure": "x"}]}]},
            {"testsuite": [{"status": "RUN"}, {"status": "NOTRUN"}]}]}
        self.assertEqual(unit_tests.count_cases(report), (2, 1))
