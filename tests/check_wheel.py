"""What the installed wheel must do where there is no torch. Run by check_wheel.sh, not by pytest."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path


def plrnn(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("plrnn")
    return subprocess.run([command, *arguments], capture_output=True, text=True)


def main(data: Path) -> None:
    assert importlib.util.find_spec("torch") is None, "this environment must not have torch"
    import plrnn_analysis as pa

    assert "torch" not in sys.modules
    assert Path(sys.prefix).resolve() in Path(pa.__file__).resolve().parents, pa.__file__
    assert (Path(pa.__file__).parent / "py.typed").exists()
    assert importlib.util.find_spec("plrnn_training") is not None, "the wheel must hold both packages"

    installed, source = Path(pa.__file__).parent, data.parent.parent / "plrnn_analysis"
    wanted = [path for kind in ("py", "html", "css", "js") for path in source.rglob(f"*.{kind}")]
    missing = [path for path in wanted if not (installed / path.relative_to(source)).exists()]
    assert not missing, missing
    for module in pkgutil.walk_packages(pa.__path__, "plrnn_analysis."):
        if not module.name.endswith(".torch_file"):
            importlib.import_module(module.name)

    for name in ("choice.safetensors", "choice.npz"):
        fixed_points = pa.load(data / name).fixed_points()
        assert [p.bitcode for p in fixed_points] == ["01", "10", "11"] and fixed_points.complete, fixed_points

    done = plrnn("--version")
    assert done.returncode == 0 and pa.__version__ in done.stdout, done
    done = plrnn("analyze", str(data / "choice.safetensors"))
    assert done.returncode == 0 and "Complete: all 2^2 subregions" in done.stdout, done
    done = plrnn("graph", str(data / "choice.safetensors"), "-o", "graph.graphml", "--steps", "100")
    assert done.returncode == 0 and Path("graph.graphml").exists(), done
    done = plrnn("report", str(data / "choice.safetensors"), "-o", "report", "--steps", "100")
    page = Path("report", "report.html")
    assert done.returncode == 0 and "<title>choice.safetensors: report</title>" in page.read_text("utf-8"), done
    for command in (("train", "addition", "--out", "x"), ("demo", "--out", "x")):
        done = plrnn(*command)
        assert done.returncode == 1 and "plrnn-analysis[train]" in done.stderr, done
        assert "Traceback" not in done.stderr and not Path("x").exists(), done
    print("wheel: imports, loads, analyses and writes graphs and reports without torch; training says what to install")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
