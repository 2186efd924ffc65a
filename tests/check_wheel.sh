#!/usr/bin/env bash
# Build the wheel and try it in a clean environment that has no torch.
# Usage: tests/check_wheel.sh PYTHON, an interpreter that has `build`.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(realpath --no-symlinks "${1:-.venv/bin/python}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$python" -m build --wheel --outdir "$work/dist" .
"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet -c constraints.txt "$work"/dist/*.whl

cp tests/check_wheel.py tests/page_examples.py "$work/"
cp -r tests/data "$work/data"
source="$PWD"
# Outside the repository, or the source tree would be imported in the wheel's place.
cd "$work"
env/bin/python -I check_wheel.py data "$source"
