"""Rules of the house that a linter cannot see: what importing loads, and that versions agree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import plrnn_analysis

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "numba", "scipy", "matplotlib", "networkx", "pandas", "xarray", "flint", "safetensors", "rich")


def loaded_after(statement: str) -> set[str]:
    """Names of the top-level packages in sys.modules after a statement, in a new interpreter."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["plrnn_analysis", "plrnn_training"])
def test_import_is_light(package: str) -> None:
    assert loaded_after(f"import {package}") & set(HEAVY) == set()


def test_command_line_starts_light() -> None:
    heavy = set(HEAVY) - {"rich"}  # typer's own
    assert loaded_after("import plrnn_analysis.cli") & heavy == set()


def test_search_runs_without_torch() -> None:
    statement = """
import sys
sys.modules["torch"] = None                     # any import of torch now fails
import plrnn_analysis as pa
model = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
assert len(model.fixed_points()) == 2
assert "plrnn_training" not in sys.modules
"""
    assert "plrnn_analysis" in loaded_after(statement)


def test_every_public_name_resolves() -> None:
    for name in plrnn_analysis.__all__:
        assert getattr(plrnn_analysis, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = plrnn_analysis.no_such_name


def imported_names(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_analysis_never_imports_training_nor_torch_outside_the_reader() -> None:
    package = ROOT / "plrnn_analysis"
    for path in sorted(package.rglob("*.py")):
        allowed = {"torch"} if path.is_relative_to(package / "checkpoint") else set()
        assert imported_names(path) & {"torch", "plrnn_training"} <= allowed, path


def test_torch_is_imported_inside_functions_only() -> None:
    for path in sorted((ROOT / "plrnn_analysis" / "checkpoint").rglob("*.py")):
        assert "torch" not in imported_names(path, top_level_only=True), path


def test_versions_agree() -> None:
    version = plrnn_analysis.__version__
    assert metadata.version("plrnn-analysis") == version, "reinstall: pip install -e ."
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_metadata_holds_ranges_only_and_constraints_pins_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    assert not [requirement for requirement in wanted if "==" in requirement]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {}
    for line in pins:
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line), line
            name, _, version = line.partition("==")
            pinned[re.sub(r"[-_.]+", "-", name).lower()] = version
    extras = project["optional-dependencies"]
    tested = [*project["dependencies"], *(r for extra in ("train", "dev", "docs") for r in extras[extra])]
    missing = [r for r in tested if re.split(r"[\[<>=!~ ]", r, maxsplit=1)[0].lower() not in pinned]
    assert not missing, f"not in constraints.txt: {missing}"


def test_the_versions_of_python_that_are_tested_are_named_alike() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    rows = re.findall(r"^\| ((?:3\.\d+(?:, )?)+) \|", (ROOT / "docs/installation.md").read_text("utf-8"), re.MULTILINE)
    assert classified == list(dict.fromkeys(", ".join(rows).split(", ")))
    assert project["requires-python"] == f">={classified[0]}"


def test_the_lowest_versions_that_are_tested_are_those_of_the_metadata() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["hdf5"], *extras["xarray"]]
    floors = dict(r.split(">=") for r in (*needed, *extras["dev"]) if "[" not in r)
    pins = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in pins if not line.startswith("#"))
    assert not {r.split(">=")[0] for r in needed} - set(tested)

    def number(version: str) -> list[int]:
        return [int(part) for part in (version + ".0.0").split(".")[:3]]

    differ = {
        name: (floors[name], pin)
        for name, pin in tested.items()
        if name in floors and number(floors[name]) != number(pin)
    }
    assert not differ, f"lowest in pyproject.toml and in constraints-lowest.txt: {differ}"


# Modules that begin with an underscore are not for users, but open to every room of their package.
SHARED_MODULES = {"_signatures", "_validation", "_files", "_frozen", "_wording"}


def room_of(module: list[str]) -> tuple[str, ...]:
    """The package a module belongs to below its top-level package, or the module itself where it stands alone."""
    return tuple(module[:2])


def imports_of(path: Path, package_root: Path) -> list[tuple[list[str], ast.alias]]:
    """Every name imported from this project's packages: the module it comes from, absolute, and the name."""
    here = list(path.relative_to(package_root).with_suffix("").parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = here[: -node.level] if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            if module and module[0] in ("plrnn_analysis", "plrnn_training"):
                found += [(module, alias) for alias in node.names]
    return found


def foreign_underscores(path: Path, package_root: Path) -> list[str]:
    """Names with an underscore that a file takes from another room, by import or as an attribute of a module."""
    room = room_of(list(path.relative_to(package_root).with_suffix("").parts))
    found: list[str] = []
    modules = set()
    for module, alias in imports_of(path, package_root):
        target = [*module, alias.name]
        file = package_root.joinpath(*target)
        is_module = file.is_dir() or file.with_suffix(".py").exists()
        private = [part for part in target[1:] if part.startswith("_") and not part.endswith("__")]
        if private and room_of(target if is_module else module) != room and not set(private) <= SHARED_MODULES:
            found.append(alias.name)
        if is_module and room_of(target) != room:
            modules.add(alias.asname or alias.name)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            if node.attr.startswith("_") and not node.attr.endswith("__"):
                found.append(node.attr)
    return found


def test_no_underscore_name_crosses_a_room() -> None:
    found = set()
    for root, package in ((ROOT, "plrnn_analysis"), (ROOT / "training", "plrnn_training")):
        for path in sorted((root / package).rglob("*.py")):
            found |= {(path.stem, name) for name in foreign_underscores(path, root)}
    assert not found


def test_the_search_for_underscores_finds_them(tmp_path: Path) -> None:
    (tmp_path / "plrnn_analysis" / "engines").mkdir(parents=True)
    (tmp_path / "plrnn_analysis" / "engines" / "_inner.py").touch()
    (tmp_path / "plrnn_analysis" / "cycles.py").touch()
    source = """
from . import cycles as c
from ._validation import as_array, _own
from .cycles import _corners, find_cycles
from .engines import _inner
from .engines._inner import anything
c._corners, c.find_cycles, c.__name__
"""
    path = tmp_path / "plrnn_analysis" / "regions.py"
    path.write_text(source)
    assert sorted(foreign_underscores(path, tmp_path)) == ["_corners", "_corners", "_inner", "_own", "anything"]


def requirements() -> dict[str, list[str]]:
    """Normalised names of the declared dependencies: those of the package under "", and of each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    bare = {group: [re.split(r"[\[<>=!~ ]", r, maxsplit=1)[0] for r in wanted] for group, wanted in groups.items()}
    return {group: [re.sub(r"[-_.]+", "-", name).lower() for name in names] for group, names in bare.items()}


def imported_distributions(*folders: str) -> set[str]:
    """Distributions of which some Python file under the folders imports a module."""
    names = {name for folder in folders for path in (ROOT / folder).rglob("*.py") for name in imported_names(path)}
    providers = metadata.packages_distributions()
    return {re.sub(r"[-_.]+", "-", found).lower() for name in names for found in providers.get(name, [])}


def test_every_declared_dependency_is_used() -> None:
    """By the sources, for what users install; by tests, checks or the documentation for the other extras."""
    wanted = requirements()
    sources = imported_distributions("plrnn_analysis", "training")
    # Not all of them are installed where the tests run: the names of the modules have to do.
    modules = {"scikit-learn": "sklearn"}
    names = {name for path in (ROOT / "training").rglob("*.py") for name in imported_names(path)}
    assert {modules.get(name, name) for name in (*wanted.pop("data"), *wanted.pop("audio"))} <= names
    extras = [*wanted.pop(""), *(name for extra in ("train", "hdf5", "xarray", "onnx") for name in wanted.pop(extra))]
    assert set(extras) <= sources
    tests = imported_distributions("tests")
    # A cluster is an executor that the user hands over: the sources import none, the tests try one.
    assert wanted.pop("cluster") == ["dask"] and "distributed" in tests
    configuration = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    for name in wanted.pop("docs"):  # extensions and the theme are named, not imported
        module = name.removesuffix("-parser")
        assert any(f'"{spelt}' in configuration for spelt in (module, module.replace("-", "_"))), name
    checks = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "tests/check_wheel.sh"))
    commands = {"import-linter": "lint-imports", "build": "-m build", "pytest-cov": "--cov", "pytest-xdist": "--dist"}
    for name in set(wanted.pop("dev")) - tests - sources - {"dask"}:
        assert re.search(rf"{commands.get(name, name)}\b", checks), f"{name}: nothing runs it"
    assert not wanted, "an extra that no rule above covers"


def test_hooks_before_a_commit_are_the_checks_of_make() -> None:
    hooks = re.findall(r"entry: (\S+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    checks = re.findall(r"\$\(BIN\)/(\S+)", rules)
    assert checks and [Path(hook).name for hook in hooks] == checks


def test_the_house_in_one_page_names_every_room() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [path for path in (ROOT / "plrnn_analysis").iterdir() if not path.name.startswith("__")]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in rooms} - {"py.typed"}
    missing = {name for name in names if name not in page.split()}
    assert not missing


def test_the_solver_of_linear_programs_is_called_in_one_place() -> None:
    """So that what its answers prove is decided in one place too."""
    callers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "plrnn_analysis").rglob("*.py"))
        if re.search(r"\b(linprog|milp|highspy)\b\(?", path.read_text(encoding="utf-8"))
    ]
    assert callers == ["plrnn_analysis/polytopes/programs.py"]


def test_test_files_have_names_of_their_own() -> None:
    """Folders of tests are no packages, so that worker processes can import what a test sends them."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py")]
    assert sorted(names) == sorted(set(names))
