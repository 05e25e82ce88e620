"""Is solv still faster than the same as it is written down? Ratios of one run, each beside its goal and what is kept.

    python -m benchmarks.peers [--keep]

| against | goal |
| --- | --- |
| training linear attention token by token (cot-depth, N = 100 and 400; the authors' own scheme) | 10 times as fast |
| a dense solve of the fit of linear attention at d = 60 (icl-alignment) | 15 times |
| one learning rate after the other (anytime) | 20 times |
| statements proved and written as text, a second of one core (pita) | 15 000 |
| a dense layer of equal active parameters (moe-transfer, width 256, 4096 tokens) | 1.3 times as slow |

Exit 1 where one is worse than what `peers.json` keeps by more than a factor 1.5; goals are reported. `--keep` writes
the file anew. On one thread.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import anytime_recursion, icl_fit, moe_dispatch, one_step_training, pita_prover
from solv.data.pita.splits import SplitSpec
from solv.harness.cost import measure
from solv.models.icl_alignment.fit import fit, fit_dense

KEPT = Path(__file__).with_name("peers.json")
REGRESSION = 1.5


def measured() -> Iterator[tuple[str, float, float]]:
    """Yield what is compared, how much better solv is (times as fast, or statements a second), and the goal."""
    for length in (100, 400):
        tokens, moments = one_step_training.race(length, 50, 300, 400, 30)
        yield f"cot-depth, a step of {length} tokens", tokens / moments, 10
    contexts = icl_fit.contexts_of(60)
    yield "icl-alignment, fit at d = 60", icl_fit.timed(fit_dense, contexts)[1] / icl_fit.timed(fit, contexts)[1], 15
    fast, slow, _ = anytime_recursion.race(0.5, 50_000, 1000)
    yield "anytime, 22 rates", slow / fast, 20
    yield "pita, statements a second", pita_prover.measure(SplitSpec("full", 4), 20_000).proved, 15_000
    found = moe_dispatch.race(256, 4096)
    yield "moe-transfer, dispatch of 4096 tokens", found["dense"] / found["dispatch"], 1 / 1.3


def main() -> None:
    """Print a line for each; exit 1 if one has become worse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep what is measured as what it was")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    rate, worse = measure("cpu").rate, 0
    for what, better, goal in measured():
        value = better / rate if "second" in what else better  # a rate, in the time of a product of matrices
        said = "" if better >= goal else "  below the goal"
        if what in kept and value * REGRESSION < kept[what]:
            worse += 1
            said += f"  {kept[what] / value:.1f} times worse than kept"
        print(f"{what:42} {better:9.3g}, goal {goal:.3g}{said}", flush=True)
        kept[what] = value
    if asked.keep:
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    raise SystemExit(worse > 0)


if __name__ == "__main__":
    main()
