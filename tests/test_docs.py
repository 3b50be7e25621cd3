"""The pages: every command and block of the README runs, the glossary has one line a word."""

import re
import shlex
from pathlib import Path

import pytest

from energy import cli
from energy.tracker import facet

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDS = (
    "PATH",
    "world.html",
    "update ",
    "import ",
    "diff ",
    "export --check",
    "plot map",
    "energy site ",
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def commands():
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/energy ")]


def test_the_readme_has_blocks_and_commands():
    assert len(blocks("python")) >= 3
    assert len(commands()) >= 8


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_is_one(line, capsys):
    words = shlex.split(line)[1:]
    if any(text in line for text in NEEDS):  # wants a file or a network: its words must parse
        options, rest = cli.parser().parse_known_args(words)
        assert rest == [] and options.verb == words[0]
        return
    assert cli.main(words) == 0
    out, err = capsys.readouterr()
    assert out.strip() or "no fault found" in err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_first_block_of_the_readme_runs(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    assert (tmp_path / "layers" / "routes.geojson").exists()


def test_no_page_uses_a_name_that_is_gone():
    old = "|".join(sorted(facet.MOVED))
    pages = [ROOT / "README.md", *(ROOT / "notebooks").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) >= 4
    found = [
        (p.name, m) for p in pages for m in re.findall(rf"\bt\.({old})\(", p.read_text("utf-8"))
    ]
    assert found == []


def test_the_glossary_explains_each_word_once_in_order():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", text, flags=re.M)[1:]
    words = [word for word in words if not set(word) <= {"-", " "}]
    assert 60 <= len(words) <= 80
    assert len({word.lower() for word in words}) == len(words)
    for word in ("cube", "basis", "gas year", "RAS", "netback", "vintage"):
        assert word in words
