"""What an installed package must do, without pytest: ``python tests/smoke.py`` in its environment.

Run by ``make lowest`` (the oldest versions allowed), ``make newest`` and ``make wheel``.
"""

from __future__ import annotations

import importlib.metadata as md
import os
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
    shown = ("pandas", "xarray", "geopandas", "numpy", "pyarrow", "folium", "XStatic-leaflet")
    print("fine with", ", ".join(f"{name} {md.version(name)}" for name in shown))


if __name__ == "__main__":
    main()
