"""What the installed wheel must do where there is no torch. Run by check_wheel.sh, not by pytest."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Not on the path of an isolated interpreter.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from page_examples import run_examples

# What a reader tries first. The others need further packages, or minutes.
PAGES = (
    "README.md",
    "docs/quickstart.md",
    "docs/what-it-proves.md",
    "docs/which-function.md",
    "docs/howto/command-line.md",
)


def plrnn(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("plrnn")
    return subprocess.run([command, *arguments], capture_output=True, text=True)


def pages_do_what_they_print(source: Path) -> None:
    """Their examples, with the installed command, in directories of their own."""

    def run(arguments: list[str]) -> tuple[int, str]:
        done = plrnn(*arguments)
        return done.returncode, done.stdout + done.stderr

    os.environ["COLUMNS"] = "80"
    for page in PAGES:
        with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
            if page == "README.md":
                os.symlink(source / "docs", "docs")
            run_examples(source / page, run)


def main(data: Path, source: Path) -> None:
    assert importlib.util.find_spec("torch") is None, "this environment must not have torch"
    import plrnn_analysis as pa

    assert "torch" not in sys.modules
    assert Path(sys.prefix).resolve() in Path(pa.__file__).resolve().parents, pa.__file__
    assert (Path(pa.__file__).parent / "py.typed").exists()
    assert importlib.util.find_spec("plrnn_training") is not None, "the wheel must hold both packages"

    for name in ("choice.safetensors", "choice.npz"):
        fixed_points = pa.load(data / name).fixed_points()
        assert [p.bitcode for p in fixed_points] == ["01", "10", "11"] and fixed_points.complete, fixed_points

    done = plrnn("--version")
    assert done.returncode == 0 and pa.__version__ in done.stdout, done
    done = plrnn("analyze", str(data / "choice.safetensors"))
    assert done.returncode == 0 and "Complete: all 2^2 subregions" in done.stdout, done
    for command in ("certify", "verify"):
        done = plrnn(command, str(data / "choice.safetensors"), "choice.cert.json.gz")
        assert done.returncode == 0, done
    assert f"Verified by {Path(pa.__file__).resolve().parent}" in done.stdout and "3 isolated points" in done.stdout, (
        done
    )
    box = ("--box", "1,2", "--certificate", "reduction.json.gz")
    for command in (
        ("reduce", str(data / "choice.safetensors"), *box),
        ("verify", str(data / "choice.safetensors"), box[3]),
    ):
        done = plrnn(*command)
        assert done.returncode == 0, done
    assert f"Verified by {Path(pa.__file__).resolve().parent}" in done.stdout and "always on: 0, 1" in done.stdout, done
    done = plrnn("graph", str(data / "choice.safetensors"), "-o", "graph.graphml", "--steps", "100")
    assert done.returncode == 0 and Path("graph.graphml").exists(), done
    done = plrnn("report", str(data / "choice.safetensors"), "-o", "report", "--steps", "100")
    page = Path("report", "report.html")
    assert done.returncode == 0 and "<title>choice.safetensors: report</title>" in page.read_text("utf-8"), done
    for command in (("train", "addition", "--out", "x"), ("demo", "--out", "x")):
        done = plrnn(*command)
        assert done.returncode == 1 and "plrnn-analysis[train]" in done.stderr, done
        assert "Traceback" not in done.stderr and not Path("x").exists(), done
    pages_do_what_they_print(source)
    print("wheel: loads, analyses and writes graphs and reports without torch; training says what to install;")
    print(f"the examples of {', '.join(PAGES)} print what these say")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
