"""Run the fuzzer: ``python -m tests.fuzz --inputs 1000000 --seed 1``."""

import argparse
import sys
from collections import Counter
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from citywatch.errors import Rejected
from citywatch.logs import configure_logs
from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import Target, targets

SLOW = 1.0  # [s] one input may take


def main() -> int:
    """Give every target its share of the inputs; return how many targets failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=targets())
    options = parser.parse_args()
    configure_logs(process="fuzz", level="error", format="json")
    chosen = {name: one for name, one in targets().items() if options.target in (None, name)}
    share = -(-options.inputs // len(chosen))
    return sum(not fuzz(name, one, share, options.seed) for name, one in chosen.items())


def fuzz(name: str, target: Target, inputs: int, seed: int) -> bool:
    """Run one target; print what came of it."""
    mutator = Mutator(target.seeds, np.random.default_rng(seed))
    outcomes: Counter[str] = Counter()
    slowest, begin = 0.0, perf_counter()
    for number in range(inputs):
        data = mutator.draw()
        started = thread_time()  # of the processor: others may be at work
        outcome, failure = attempt(target, data)
        slowest = max(slowest, thread_time() - started)
        outcomes[outcome] += 1
        if failure is not None or slowest > SLOW:
            say(f"{name}: input {number} of seed {seed} {failure or 'took too long'}\n{data.hex()}")
            return False
    seconds = perf_counter() - begin
    shares = ", ".join(f"{reason} {count}" for reason, count in outcomes.most_common())
    say(f"{name}: {inputs} inputs in {seconds:.0f} s, slowest {slowest * 1e3:.1f} ms; {shares}")
    return True


def attempt(target: Target, data: bytes) -> tuple[str, str | None]:
    """Return what became of an input, and the failure if it is one."""
    try:
        target.run(data)
    except Rejected as rejection:
        return rejection.reason, None if rejection.detail else "is rejected without a word"
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return type(error).__name__, f"raises {error!r}"
    return "read", None


def say(*words: Any) -> None:
    """Write a line at once."""
    print(*words, file=sys.stdout, flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main())
