"""What an installed package must do, without pytest: ``python tests/smoke.py`` in its environment.

Run by ``make lowest`` (the oldest versions allowed), ``make newest`` and ``make wheel``.
"""

from __future__ import annotations

import contextlib
import importlib.metadata as md
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def energy(*words: str) -> str:
    """Run the installed command, away from any checkout; stop with its own words where it fails."""
    command = [sys.executable, "-W", "error::DeprecationWarning:energy", "-m", "energy.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          cwd=tempfile.gettempdir())  # fmt: skip
    if done.returncode:
        sys.exit(f"energy {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def own_number() -> None:
    """Take in the example of the template, which is a figure, and see it in the flows."""
    lines = energy("sources", "--template").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ENERGY_HOME"] = str(Path(folder, "home"))
        file = Path(folder, "mine.csv")
        file.write_text("\n".join(line.replace("# flow,", "flow,")
                                  for line in lines), encoding="utf-8")  # fmt: skip
        energy("import", "inbox", str(file))
        assert "9.9" in energy("flows", "PoS1", "--from", "2026Q3", "--estimate", "reported")
        del os.environ["ENERGY_HOME"]


OTHERS = {  # verb: words of a quick form that asks no network, and a word of the answer
    "map": ("map {out}/atlas.html", ""),
    "plot": ("plot {out}/map.svg 2025Q4", ""),
    "export": ("export {out}/layers --no-projections", ""),
    "exports": ("exports turkey --from 2024 --to 2024", "turkey"),
    "supply": ("supply eu 2024", "russia"),
    "economics": ("economics", "power-of-siberia-2"),
    "trade": ("trade --change 2024-04", "percent"),
    "network": ("network stranded 2025 --routes nord-stream-1", "nord-stream-1"),
    "project": ("project --until 2027 --scenario baseline --draws 50", "blue-stream"),
    "what-if": ("what-if --brent 50 --until 2027 --draws 50", "revenue"),
    "backtest": ("backtest --league", "source"),
    "scores": ("scores", "model"),
    "units": ("units", "bcm"),
    "metrics": ("metrics", "net_profit"),
    "scenarios": ("scenarios", "baseline"),
    "search": ("search chayanda", "chayanda"),
    "completion": ("completion bash", "complete"),
    "diff": ("diff 2025-01-01 2026-01-01", "revised"),
    "store": ("store verify", ""),
}
REFUSED = {  # verb: words that must end in one sentence, the codes they may end with, its words
    "site": ("site {taken}", (1, 2), "mine.txt"),
    "probe": ("probe --only ecb --offline {taken}", (1, 3), "ecb"),
    "mcp": ("mcp", (0, 1), ""),  # without its extra a sentence, with it the end of its input
}
IN_MAIN = {"build", "flows", "routes", "finance", "netback", "mirror", "cite", "check", "update",
           "sources", "import"}  # fmt: skip


def verbs() -> set[str]:
    """Return every verb that the help lists."""
    listed = energy("--help").partition("  VERB\n")[2].partition("\nstart here")[0]
    return set(re.findall(r"^    ([a-z][a-z-]*)", listed, re.MULTILINE))


def every_verb() -> None:
    """Run what the main job does not: in this process, so that packages are imported once."""
    left = verbs() ^ (IN_MAIN | set(OTHERS) | set(REFUSED))
    assert not left, f"a verb without a smoke test, or a test without its verb: {left}"
    from energy.cli import main as run

    with tempfile.TemporaryDirectory(prefix="smoke mit ü ") as folder:
        os.environ["ENERGY_HOME"] = str(Path(folder, "home"))
        taken = Path(folder, "taken")
        taken.mkdir()
        (taken / "mine.txt").write_text("of somebody else", encoding="utf-8")
        for words, answer in OTHERS.values():
            asked = [word.format(out=folder) for word in words.split()]
            said, told = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
                code = run(asked)
            if code == 1 and "pip install 'energy-trade-tracker[" in told.getvalue():
                print(f"energy {words}: {told.getvalue().strip()}")  # an extra that is not here
                continue
            assert code == 0, f"energy {words}: exit {code}\n{told.getvalue()}"
            assert answer in said.getvalue().lower(), f"energy {words} says no {answer!r}"
        for words, codes, answer in REFUSED.values():
            asked = [word.format(taken=taken) for word in words.split()]
            done = subprocess.run([sys.executable, "-m", "energy.cli", *asked], text=True,
                                  capture_output=True, check=False, stdin=subprocess.DEVNULL, cwd=folder)  # fmt: skip
            assert done.returncode in codes, (
                f"energy {words}: exit {done.returncode}\n{done.stderr}"
            )
            assert answer in done.stdout + done.stderr, f"energy {words}: {done.stderr}"
            assert "Traceback" not in done.stderr, done.stderr
        del os.environ["ENERGY_HOME"]


def main() -> None:
    """Run the verbs of the main job and look at what they wrote."""
    with tempfile.TemporaryDirectory(prefix="smoke mit ü ") as folder:
        out = Path(folder) / "out"
        energy("build", str(out))
        names = {path.name for path in out.rglob("*")}
        wanted = {"atlas.html", "summary.md", "flows.nc", "routes.geojson", "routes.parquet"}
        assert wanted <= names, wanted - names
        page = (out / "atlas.html").read_text(encoding="utf-8")
        assert len(page) > 300_000 and "Power of Siberia" in page
        assert "power-of-siberia-1" in (out / "summary.md").read_text(encoding="utf-8")
    assert "38.8" in energy("flows", "PoS1", "--freq", "A", "--from", "2025", "--to", "2025")
    assert "blue-stream" in energy("routes")
    assert "gap" in energy("finance", "--bridge", "2021")
    assert "border price" in energy("netback", "nord-stream-1", "2020")
    assert "turkey" in energy("mirror", "turkey", "2024")
    assert "volumes" in energy("cite", "V0001")
    energy("check")
    assert "eurostat" in energy("update", "2026Q3", "--plan")
    own_number()
    every_verb()
    shown = ("pandas", "xarray", "geopandas", "numpy", "pyarrow", "folium", "XStatic-leaflet")
    print("fine with", ", ".join(f"{name} {md.version(name)}" for name in shown))


if __name__ == "__main__":
    main()
