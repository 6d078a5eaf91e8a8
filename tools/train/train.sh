#!/usr/bin/env bash
# Trains both models from the lists and writes packages/server/models. Needs requirements.txt installed.
set -euo pipefail
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
# Threads that wait must sleep: a spinning one takes the core that the other needs.
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 PYTHONHASHSEED=0
"$python" -m nickname.encoder
"$python" -m nickname.lm
"$python" -m nickname.export
"$python" -m nickname.fixture
"$python" -m nickname.evaluate
"$python" check.py
