"""Run every benchmark in this folder, or those whose names are given.

python tests/benchmarks/run.py [start] [gem] [geojson]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(wanted: list[str]) -> int:
    scripts = sorted(Path(__file__).parent.glob("bench_*.py"))
    chosen = [s for s in scripts if not wanted or s.stem.removeprefix("bench_") in wanted]
    if not chosen:
        names = ", ".join(s.stem.removeprefix("bench_") for s in scripts)
        print(f"no benchmark of that name; there are: {names}", file=sys.stderr)
        return 2
    codes = []
    for script in chosen:
        print(f"\n== {script.stem}", flush=True)
        codes.append(subprocess.run([sys.executable, str(script)], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
