"""Runs ctest on a build folder and counts single GoogleTest cases, not test programs.

Usage: unit_tests.py BUILD_DIR. ctest shows what failed; the last line is `N passed, N failed`.
A program that failed without a failed case (a crash, a sanitizer's report, a timeout) counts as
one failure.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def count_cases(report):
    """(passed, failed) of one GoogleTest JSON report."""
    passed = failed = 0
    for suite in report.get("testsuites", []):
        for case in suite.get("testsuite", []):
            if case.get("status") != "RUN":
                continue
            if case.get("failures"):
                failed += 1
            else:
                passed += 1
    return passed, failed


def run_ctest(build, reports):
    """The exit status of ctest, whose programs leave their reports in the folder `reports`."""
    environment = dict(os.environ, GTEST_OUTPUT=f"json:{reports}/", GTEST_COLOR="no")
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error",
               "-j", "2"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    return done.returncode


def main(arguments):
    """Counts over all programs of the build folder."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    passed = failed = 0
    with tempfile.TemporaryDirectory() as reports:
        status = run_ctest(pathlib.Path(arguments[0]), reports)
        for report in sorted(pathlib.Path(reports).glob("*.json")):
            now_passed, now_failed = count_cases(json.loads(report.read_text(encoding="utf-8")))
            passed += now_passed
            failed += now_failed
    if status != 0 and failed == 0:
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
