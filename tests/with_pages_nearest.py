"""A desk with pages whose agents are those of `tests.nearest`."""

import sys

from tests.nearest import main

if __name__ == "__main__":
    sys.exit(main(with_pages=True))
