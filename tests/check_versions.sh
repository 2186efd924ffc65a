#!/usr/bin/env bash
# Install the wheel with other versions than those of constraints.txt, without torch, and run tests of the analysis with them.
# Usage: tests/check_versions.sh lowest|newest PYTHON [OPTIONS OF PYTEST]
#   lowest  what pyproject.toml allows (constraints-lowest.txt)
#   newest  what pip finds for this Python
set -euo pipefail
cd "$(dirname "$0")/.."

versions="$1"
python="$(realpath --no-symlinks "$(command -v "$2")")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH

"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$work" .
wheel="$(echo "$work"/*.whl)"
case "$versions" in
  lowest) wanted=("$wheel[onnx]" -r constraints-lowest.txt) ;;
  newest) wanted=("$wheel[hdf5,xarray,cluster,onnx]" pytest hypothesis igraph pandas joblib ipython) ;;
  *) echo "lowest or newest, got $versions" >&2; exit 2 ;;
esac
"$work/env/bin/python" -m pip install --quiet "${wanted[@]}"
"$work/env/bin/python" -m pip check
"$work/env/bin/python" -VV
"$work/env/bin/python" -m pip freeze --exclude plrnn-analysis

# Elsewhere, or the source tree would be imported in the wheel's place. What it looks at beside the tests comes along.
mkdir "$work/tree"
cp -r pyproject.toml tests docs tools "$work/tree"
cd "$work/tree"
export NUMBA_CACHE_DIR="$work/compiled" MPLCONFIGDIR="$work/matplotlib" PATH="$work/env/bin:$PATH"
python -I -W error tests/check_imports.py plrnn_analysis
plrnn analyze docs/networks/addition.safetensors >/dev/null
# Without pictures, which another matplotlib draws otherwise. What needs torch is skipped.
pytest -p no:cacheprovider -m "not slow and not stress and not benchmark and not picture" "${@:3}" \
  tests/arguments tests/commands tests/display tests/engines tests/kernels tests/manifolds tests/polytopes tests/proofs tests/checkpoint \
  tests/test_cli.py tests/test_cycles.py tests/test_fixed_points.py tests/test_graph_summary.py tests/test_graphml.py tests/test_transitions.py
