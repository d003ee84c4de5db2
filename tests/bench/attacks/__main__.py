"""Run the attacks that are named, or all of them: each is a module of this package with a coroutine `attack`."""

import asyncio
import importlib
import pkgutil
import sys
import time

from tests.bench import attacks


def main(wanted: list[str]) -> int:
    names = [module.name for module in pkgutil.iter_modules(attacks.__path__) if not module.name.startswith("_")]
    if unknown := set(wanted) - set(names):
        print(f"there is no attack {', '.join(sorted(unknown))}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    for name in wanted or names:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        asyncio.run(importlib.import_module(f"{attacks.__name__}.{name}").attack())
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
