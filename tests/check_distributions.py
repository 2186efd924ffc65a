"""What is handed out holds what it should and nothing else. Run by check_wheel.sh, not by pytest.

Usage: python tests/check_distributions.py FROM_SDIST FROM_TREE, two directories: of an sdist and the wheel that was
built from it, and of a wheel built from the working tree.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).resolve().parent.parent
INFO = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
KINDS = {".py", ".typed", ".html", ".css", ".js"}
# Of the repository alone.
LEFT_OUT = {".ci/run"}


def tracked() -> set[str]:
    """Files of the repository, new ones too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (ROOT / name).is_file()}


def only(directory: Path, pattern: str) -> Path:
    (found,) = directory.glob(pattern)
    return found


# Beside what reads their answers, so that an installed package has them.
CHECKERS = {
    "plrnn_analysis/proofs/check_certificate.py": "tools/check_certificate.py",
    "plrnn_analysis/reduce/check_reduction.py": "tools/check_reduction.py",
}


def members_of_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def members_of_sdist(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as file:
        assert all(member.isfile() for member in file), "no links, no devices"
        return {member.name.partition("/")[2]: file.extractfile(member).read() for member in file}


def names_nothing_local(members: Mapping[str, bytes]) -> None:
    """No path of the machine that built it."""
    here = [str(place).encode() for place in (ROOT, Path(sys.prefix), Path.home())]
    found = [name for name, content in members.items() if any(path + b"/" in content for path in here)]
    assert not found, found


def check_wheel(wheel: Mapping[str, bytes]) -> None:
    files = tracked()
    wanted = {name for name in files if name.startswith("plrnn_analysis/")}
    wanted |= {name.removeprefix("training/") for name in files if name.startswith("training/plrnn_training/")}
    wanted |= set(CHECKERS)
    info = {name for name in wheel if ".dist-info/" in name}
    assert set(wheel) - info == wanted, set(wheel) - info ^ wanted
    assert {name.partition(".dist-info/")[2] for name in info} == INFO, info
    odd = [name for name in wanted if Path(name).suffix not in KINDS]
    assert not odd and {"plrnn_analysis/py.typed", "plrnn_training/py.typed"} <= wanted, odd
    for name, source in CHECKERS.items():
        assert wheel[name] == (ROOT / source).read_bytes(), name


def check_sdist(sdist: Mapping[str, bytes]) -> None:
    assert set(sdist) == tracked() - LEFT_OUT | {"PKG-INFO"}, set(sdist) ^ (tracked() - LEFT_OUT)
    changed = [name for name, content in sdist.items() if name != "PKG-INFO" and content != (ROOT / name).read_bytes()]
    assert not changed, changed


def check_metadata(wheel: Mapping[str, bytes]) -> None:
    (text,) = (content for name, content in wheel.items() if name.endswith(".dist-info/METADATA"))
    metadata = Metadata.from_email(text, validate=True)
    (licence,) = (content for name, content in wheel.items() if name.endswith("/licenses/LICENSE"))
    assert metadata.license_expression == "MIT" and licence == (ROOT / "LICENSE").read_bytes()
    assert metadata.description_content_type == "text/markdown" and metadata.description
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r":: Python :: (3\.\d+)", "\n".join(metadata.classifiers or []))
    assert versions and str(metadata.requires_python) == project["requires-python"] == f">={versions[0]}", versions


def main(from_sdist: Path, from_tree: Path) -> None:
    wheel = members_of_wheel(only(from_sdist, "*.whl"))
    assert wheel == members_of_wheel(only(from_tree, "*.whl")), "the sdist makes another wheel than the tree"
    sdist = members_of_sdist(only(from_sdist, "*.tar.gz"))
    check_wheel(wheel)
    check_sdist(sdist)
    check_metadata(wheel)
    names_nothing_local({**sdist, **wheel})
    if importlib.util.find_spec("twine"):
        subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *from_sdist.iterdir()], check=True)
    print(f"distributions: {len(wheel)} files in the wheel, from the sdist ({len(sdist)} files) as from the tree")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
