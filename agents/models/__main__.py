"""`python -m agents.models check`: tell which models of this desk can be reached, and what is wrong with the others."""

import argparse
import asyncio
import sys

from agents.catalog import read_catalog
from agents.models.check import check_models
from agents.models.orders import stray_addresses
from agents.security.log_redaction import log_to_stderr
from agents.settings import AgentSettings
from knowledge.errors import DeskError


def main() -> int:
    """Return 0 if every model that has credentials answered, 1 if one did not, 2 if the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m agents.models", description=__doc__)
    parser.add_argument("command", choices=["check"])
    parser.parse_args()
    try:
        settings = AgentSettings.read()
        log_to_stderr("error")
        agents = read_catalog(settings.catalog).agents
        findings = asyncio.run(check_models(settings, agents))
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    for stray in stray_addresses(settings, agents):
        print(f"unused   {stray}: no agent of this desk has that id")
    return int(any(finding.failure and not finding.lacks_key for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
