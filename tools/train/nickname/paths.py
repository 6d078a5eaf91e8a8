"""Where the scripts write: the shipped models, and a work folder that git ignores."""

from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent
WORK = TOOL / ".work"
MODELS = TOOL.parent.parent / "packages" / "server" / "models"
ENCODER = MODELS / "nickname-encoder"
LM = MODELS / "nickname-lm"
EVALUATION = TOOL / "data" / "eval.json"
# Seeds everything; a change is a new model.
SEED = 20
THREADS = 2
