"""Is the text to train on the same on every machine with the same files?"""

import pytest

from data.text import folder_bytes, library_bytes


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name, text in {"b.txt": "two", "a.txt": "one", "c.bin": "\x00"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder").mkdir()
    assert folder_bytes(str(tmp_path), 100).tobytes() == b"onetwo\x00"
    assert folder_bytes(str(tmp_path), 4).tobytes() == b"onet"
    assert folder_bytes(str(tmp_path), 100, "*.txt").tobytes() == b"onetwo"


def test_the_library_is_python():
    found = library_bytes(50_000)
    assert len(found) == 50_000
    assert b"import" in found.tobytes()


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        folder_bytes(str(tmp_path), 10)
