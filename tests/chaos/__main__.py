"""``python -m tests.chaos --kills 100 --seed 1``: a long run; the suite has a short one."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.run import run


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run, print the outcome, return 1 when a row was lost or doubled or the ledger does not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="citywatch-chaos-") as folder:
        Path(folder).chmod(0o755)
        outcome = run(Path(folder), kills=options.kills, seed=options.seed, say=_say)
    _say(str(outcome))
    return 0 if outcome.lost == outcome.doubled == 0 and outcome.balanced else 1


if __name__ == "__main__":
    raise SystemExit(main())
