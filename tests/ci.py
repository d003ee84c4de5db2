"""The whole suite as continuous integration runs it: `python -m tests.ci [what pytest takes]`.

It prints the slowest files. What failed is run once more by itself: a test that passes then is flaky, which the last
lines say, and does not fail the run. A test that fails twice does.
"""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest

_SLOWEST_FILES = 10
# So many failures are no bad luck.
_MOST_RERUN = 8


@dataclass
class Recorder:
    """A plugin of pytest that keeps how long each file took, and what failed."""

    seconds: Counter[str] = field(default_factory=Counter)
    failed: dict[str, None] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]
        if report.failed:
            self.failed[report.nodeid] = None


def main(arguments: list[str]) -> int:
    """The exit status of the run, after the second chance."""
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
