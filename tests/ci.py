"""Run the whole suite as continuous integration does: `python -m tests.ci [pytest arguments]`.

It prints the slowest files. Each failed test is rerun once by itself: one that passes then is reported as flaky in the
last lines and does not fail the run. A test that fails twice does.
"""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest

_SLOWEST_FILES = 10
# More failures than this are not flaky tests, and are not rerun.
_MOST_RERUN = 8


@dataclass
class Recorder:
    """A pytest plugin that records the duration of each file and the failed tests."""

    seconds: Counter[str] = field(default_factory=Counter)
    failed: dict[str, None] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]
        if report.failed:
            self.failed[report.nodeid] = None


def main(arguments: list[str]) -> int:
    """Run the suite and return its exit status after the reruns."""
    recorder = Recorder()
    status = pytest.main(arguments, plugins=[recorder])
    print("\nThe slowest files, in seconds of their tests:")
    for file, seconds in recorder.seconds.most_common(_SLOWEST_FILES):
        print(f"{seconds:8.1f}  {file}")
    if status != pytest.ExitCode.TESTS_FAILED or not 0 < len(recorder.failed) <= _MOST_RERUN:
        return int(status)
    print(f"\nOnce more, each by itself: {len(recorder.failed)} that failed.", flush=True)
    broken = [test for test in recorder.failed if _fails_alone(test)]
    for test in broken:
        print(f"FAILED TWICE: {test}")
    for test in sorted(recorder.failed.keys() - set(broken)):
        print(f"FLAKY, to be mended before anything else: {test}")
    return int(status) if broken else 0


def _fails_alone(test: str) -> bool:
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:xdist", test]
    return subprocess.run(command, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
