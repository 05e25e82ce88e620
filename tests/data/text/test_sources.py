"""Is the text to train on the same on every machine with the same files, and validation held apart?"""

import numpy as np
import pytest

from solv.data.text.sources import folder_bytes, library_bytes, read_text, split_document, text_files


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
    with pytest.raises(ValueError, match="no file"):
        text_files(str(tmp_path))


@pytest.fixture
def folder(tmp_path):
    for number in range(40):
        path = tmp_path / f"part{number % 4}" / f"{number:02}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<{number}>" * 10)
    (tmp_path / ".hidden").write_text("secret")
    return tmp_path


def test_files_come_by_path_with_hidden_ones_left_out(folder):
    names = [path.relative_to(folder).as_posix() for path in text_files(str(folder))]
    assert names == sorted(names)
    assert len(names) == 40
    assert len(text_files(str(folder), "1*.txt")) == 10


def test_a_document_lies_whole_in_one_split(folder):
    text = read_text(str(folder), validation=0.3)
    for number in range(40):
        found = [f"<{number}>".encode() in part.tobytes() for part in (text.train, text.validation)]
        assert sorted(found) == [False, True]
    assert text.documents == 40
    assert 0.1 < len(text.validation) / (len(text.train) + len(text.validation)) < 0.5  # 0.3 by 3 s.e. of 40 documents


def test_other_documents_do_not_move_one_to_another_split(folder):
    before = read_text(str(folder), validation=0.3)
    (folder / "new.txt").write_text("newcomer")
    after = read_text(str(folder), validation=0.3)
    assert before.sha256 != after.sha256
    assert before.validation.tobytes() == after.validation.tobytes().replace(b"newcomer", b"")


def test_a_single_file_is_cut_at_a_line_and_its_end_kept_apart(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("".join(f"line {number:03}\n" for number in range(100)))
    text = read_text(str(path), validation=0.1)
    assert text.train.tobytes() + text.validation.tobytes() == path.read_bytes()
    assert text.validation.tobytes().startswith(b"line 090\n")
    assert read_text(str(path), validation=0.1).sha256 == text.sha256


def test_the_text_can_be_cut_short(folder):
    text = read_text(str(folder), validation=0.3, most=500)
    assert len(text.train) + len(text.validation) == 500
    whole = read_text(str(folder), validation=0.3)
    assert whole.train.tobytes().startswith(text.train.tobytes()[:100])


def test_the_library_is_read_with_its_packages_and_without_its_tests():
    paths = text_files()
    parts = {part for path in paths for part in path.parts[-2:]}
    assert {"json", "decoder.py", "argparse.py"} <= parts
    assert not {"test", "tests", "site-packages"} & parts
    text = read_text(most=400_000)
    assert text.train.dtype == np.uint8
    assert len(text.train) + len(text.validation) == 400_000


@pytest.mark.parametrize(
    ("keys", "said"), [({"validation": 1}, "validation = 1"), ({"validation": 1e-9}, "nothing for validation")]
)
def test_a_fraction_that_leaves_nothing_is_named(folder, keys, said):
    with pytest.raises(ValueError, match=said):
        read_text(str(folder), **keys)


def test_a_file_without_lines_is_cut_where_the_fraction_says():
    assert list(split_document(b"0123456789", 0.2, alone=True)) == [("train", b"01234567"), ("validation", b"89")]
    assert list(split_document(b"0123456789", 0.0, alone=True)) == [("train", b"0123456789")]
