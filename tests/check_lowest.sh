#!/usr/bin/env bash
# Install the lowest versions that pyproject.toml allows, without torch, and run tests of the analysis with them.
# Usage: tests/check_lowest.sh PYTHON [OPTIONS OF PYTEST]
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(realpath --no-symlinks "${1:-.venv/bin/python}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet -r constraints-lowest.txt -e .

# Without pictures, which another matplotlib draws otherwise, and without what needs torch, dask or IPython.
export NUMBA_CACHE_DIR="$work/compiled" MPLCONFIGDIR="$work/matplotlib"
"$work/env/bin/python" -m pytest -p no:cacheprovider -k "not dask and not notebook" "${@:2}" \
  tests/arguments tests/commands tests/display tests/engines tests/kernels tests/manifolds tests/polytopes tests/proofs tests/checkpoint \
  tests/test_cli.py tests/test_cycles.py tests/test_fixed_points.py tests/test_graph_summary.py tests/test_graphml.py tests/test_transitions.py \
  --ignore tests/checkpoint/test_foreign_files.py --ignore tests/checkpoint/test_leftovers.py --ignore tests/checkpoint/test_said_activation.py
