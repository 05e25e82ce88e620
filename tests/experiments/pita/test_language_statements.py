"""Are the splits of both kinds those of the settings, and settings that leave nothing named?"""

import pytest

from solv.experiments.pita.language_statements import examples, repeats, rows, split_sizes, statements
from solv.experiments.pita.settings import BROAD, DEEP, ROLES, LanguageSettings
from solv.harness.settings import ConfigurationError
from tests.experiments.scaffold import context, preset_of


def settings(**changes):
    return LanguageSettings(**{**dict(preset_of("pita", "smoke").language), **changes})


def drawn(own, where):
    return examples(own, BROAD, 0, rows(own, where)[BROAD, 0], where)


def test_a_set_is_proved_once_for_all_models_that_learn_it(tmp_path):
    from solv.experiments.pita import language_statements

    proved = []
    own, where = settings(repeats=2), context(tmp_path)
    plain = language_statements.rows_by_length
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_statements, "rows_by_length", lambda *a, **k: proved.append(a[1]) or plain(*a, **k))
        found = rows(own, where)
        for role, repeat in found:
            examples(own, role, repeat, found[role, repeat], where)
    assert set(found) == {(role, repeat) for role in ROLES for repeat in range(repeats(own, role))}
    assert len(proved) == len(set(proved)) == len(found)


def test_each_role_has_its_own_split():
    own = settings()
    assert statements(own, BROAD) is own.broad
    assert statements(own, DEEP) is own.deep
    for role in ROLES:
        specs = split_sizes(own, role)
        assert {spec.name for spec in specs} == {statements(own, role).split}


def test_a_size_that_no_statement_has_is_named():
    own = settings()
    kind = type(own.broad)
    wrong = kind(**{**dict(own.broad), "split": "full", "leaves": [1001]})
    with pytest.raises(ConfigurationError, match=r"language\.broad: .*leaves = 1001"):
        split_sizes(settings(broad=wrong), BROAD)


def test_statements_are_drawn_anew_for_every_repeat(tmp_path):
    own = settings(repeats=2)
    found = rows(own, context(tmp_path))
    first, again, other = (
        examples(own, BROAD, repeat, found[BROAD, repeat], context(tmp_path)) for repeat in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert first.training


def test_a_threshold_that_leaves_nothing_to_train_on_is_named(tmp_path):
    own = settings()
    wrong = type(own.broad)(**{**dict(own.broad), "threshold": 1})
    with pytest.raises(ConfigurationError, match=r"language\.broad\.threshold = 1 leaves no statement"):
        drawn(settings(broad=wrong), context(tmp_path))
