"""How do processes of a test come to know the toy experiment? Python imports this file first, from PYTHONPATH."""

from pathlib import Path

import solv.experiments as experiments
from solv.harness import catalog

ENTRY = catalog.Entry(
    "toy", catalog.Paper("A toy", "nobody", "0000.00000"), "Does a sweep survive?", ("x", "slope"), {"quick": "1 s"}
)
catalog.CATALOG = (*catalog.CATALOG, ENTRY)
experiments.__path__.append(str(Path(__file__).parent / "modules"))
