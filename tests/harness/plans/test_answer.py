"""Does a plan hold what it rests on, also as JSON?"""

import json
import math

from solv.harness.plans.answer import Plan, json_value


def test_json_has_everything_and_no_infinity():
    plan = Plan("Why?", ("k", "value"), ((1, math.inf), (2, math.nan)), ("do it",), "a model", "a number")
    found = json.loads(json.dumps(plan.as_dictionary(), allow_nan=False))
    assert found["table"] == [{"k": 1, "value": "inf"}, {"k": 2, "value": None}]
    assert {found[key] for key in ("question", "rests_on", "falsified_by")} == {"Why?", "a model", "a number"}
    assert found["decision"] == ["do it"]
    assert json_value(-math.inf) == "-inf"
