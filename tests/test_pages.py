"""The pages under docs: every Python block runs in order, every command is one, the site is offline."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import energy
from energy import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```", flags=re.S | re.M)
CHEAP = ("energy check mine", "energy sources --template", "energy sources --fills")


def blocks(path):
    return BLOCK.findall(path.read_text(encoding="utf-8"))


CODED = [path for path in PAGES if any(kind == "python" for kind, _ in blocks(path))]


def test_there_are_pages_of_each_kind():
    names = {path.relative_to(ROOT / "docs").parts[0] for path in PAGES}
    assert {"tutorial.md", "how-to", "reference", "explanation", "glossary.md"} <= names
    assert len(list((ROOT / "docs" / "how-to").glob("*.md"))) >= 6
    assert len(CODED) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", CODED, ids=lambda path: path.stem)
def test_the_blocks_of_a_page_run_in_order(path, tracker, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(energy, "load", lambda: tracker)  # the same facts, read once
    space = {}
    for kind, text in blocks(path):
        if kind == "python":
            exec(compile(text, str(path), "exec"), space)
        for line in text.splitlines() if kind == "sh" else ():
            if line.startswith(CHEAP):
                assert cli.main(shlex.split(line, comments=True)[1:]) == 0, line
    capsys.readouterr()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_of_a_page_is_one(path):
    lines = [
        line for kind, text in blocks(path) if kind in ("sh", "text") for line in text.splitlines()
    ]
    lines += re.findall(r"`(energy [a-z-]+[^`…]*)`", path.read_text(encoding="utf-8"))
    for line in lines:
        words = shlex.split(line.partition(" > ")[0], comments=True)
        if words[:1] == ["energy"] and "A" not in words and "VERB" not in words:
            options, rest = cli.parser().parse_known_args(words[1:])
            assert rest == [] and options.verb == words[1], line


@pytest.mark.slow
def test_the_site_builds_and_asks_no_network(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra docs")
    pytest.importorskip("mkdocstrings", reason="the extra docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 15
    asked = [(page.name, found) for page in pages
             for found in re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?://[^\"]+)",
                                     page.read_text(encoding="utf-8"))]  # fmt: skip
    assert asked == []
    reference = (tmp_path / "reference" / "python.html").read_text(encoding="utf-8")
    for name in ("energy.tracker.Tracker.flows", "energy.tracker.plot.Plot.exports"):
        assert f'id="{name}"' in reference
