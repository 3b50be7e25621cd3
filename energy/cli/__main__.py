"""``python -m energy.cli``: the command without its script."""

import sys

from energy.cli import main

if __name__ == "__main__":
    sys.exit(main())
