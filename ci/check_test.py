"""The tests of ci/check and of the other programs in ci/: each rule is shown to fire and to rest.

Usage: check_test.py. The last line is `N passed, N failed`.
"""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
CI = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(CI))


def main():
    """Runs every *_test.py of ci/checks/."""
    suite = unittest.defaultTestLoader.discover(str(CI / "checks"), "*_test.py", str(CI))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
