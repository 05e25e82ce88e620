"""Is a file the old one or the new one and never a part, and is JSON such that every reader takes it?"""

import json
import math

import numpy as np
import pytest

from solv.tracking.files import replacing, restored, strict_json, write_bytes, write_text


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old Grüße")
    assert target.read_bytes() == "old Grüße".encode()
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_the_name_is_given_at_the_end_and_keeps_its_ending(tmp_path):
    target = tmp_path / "a.png"
    with replacing(target) as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "no" / "a.txt", "x")


def test_numbers_that_json_has_not_are_texts_and_come_back():
    value = {"b": [math.inf, -math.inf, 1.5], "a": {"x": math.nan, "y": (1, "τ")}, 3: None}
    text = strict_json(value, None)
    assert json.loads(text) == {"3": None, "a": {"x": "nan", "y": [1, "τ"]}, "b": ["inf", "-inf", 1.5]}
    assert text.index('"a"') < text.index('"b"')
    back = restored(json.loads(text))
    assert back["b"] == [math.inf, -math.inf, 1.5]
    assert np.isnan(back["a"]["x"])
    assert restored("infinite") == "infinite"
