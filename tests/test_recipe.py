"""The conda recipe asks for what pyproject.toml asks for, no more and no less."""

import re
import tomllib
from pathlib import Path

import yaml

import energy

ROOT = Path(__file__).parents[1]
CONDA = {"duckdb": "python-duckdb"}  # conda-forge's own word: duckdb alone is the shell there


def asked(text):
    """Return name and bound of a requirement, as both files spell it.

    >>> asked("XStatic-leaflet>=1.9.3"), asked("pip")
    (('xstatic-leaflet', '>=1.9.3'), ('pip', ''))
    """
    name, bound = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", text).groups()
    return CONDA.get(name.lower(), name.lower()), bound


def test_the_recipe_and_the_project_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    recipe = yaml.safe_load((ROOT / "conda/recipe/recipe.yaml").read_text(encoding="utf-8"))
    wanted = [asked(text) for text in project["project"]["dependencies"]]
    python = ("python", project["project"]["requires-python"])
    assert sorted(map(asked, recipe["requirements"]["run"])) == sorted([python, *wanted])
    builders = {asked(text) for text in project["build-system"]["requires"]}
    assert set(map(asked, recipe["requirements"]["host"])) == {python, ("pip", ""), *builders}
    assert recipe["context"]["version"] == energy.__version__
    assert recipe["package"]["name"] == project["project"]["name"]
    scripts = [f"{name} = {call}" for name, call in project["project"]["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    assert recipe["about"]["license"] == project["project"]["license"]
    assert all((ROOT / name).is_file() for name in recipe["about"]["license_file"])
