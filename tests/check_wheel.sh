#!/usr/bin/env bash
# Build sdist and wheel, look at what is in them, and try the wheel in a clean environment that has no torch.
# Usage: tests/check_wheel.sh PYTHON, an interpreter that has `build` and `mypy`.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(realpath --no-symlinks "${1:-.venv/bin/python}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The wheel of the first is built from the sdist.
"$python" -m build --outdir "$work/dist" .
"$python" -m build --wheel --outdir "$work/from-tree" .
"$python" tests/check_distributions.py "$work/dist" "$work/from-tree"

"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet -c constraints.txt "$work"/dist/*.whl

cp tests/check_wheel.py tests/check_imports.py tests/page_examples.py tests/typed_script.py "$work/"
cp -r tests/data "$work/data"
source="$PWD"
# Outside the repository, or the source tree would be imported in the wheel's place.
cd "$work"
env/bin/python -I -W error check_imports.py plrnn_analysis plrnn_training
env/bin/python -I check_wheel.py data "$source"

# What a type checker makes of the installed package: nothing to say about this script, but about one that is wrong.
"$python" -m mypy --strict --python-executable env/bin/python --cache-dir mypy typed_script.py
sed 's/list\[str\]/list[int]/' typed_script.py > wrong.py
if "$python" -m mypy --strict --python-executable env/bin/python --cache-dir mypy wrong.py; then
  echo "mypy does not see the types of the installed package" >&2
  exit 1
fi
