"""An experiment of somebody else, in a package of its own: how the tests know that such a one can be swept."""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="toy",
    paper=Paper("A toy", "nobody", "0000.00000"),
    question="Does a sweep survive?",
    axes=("x", "slope"),
    expected={"quick": "1 s"},
    settings="solv_toy.settings:ToyConfig",
    experiment="solv_toy.experiment:EXPERIMENT",
    configs="solv_toy.configs",
)
