"""Is the text to train on the same on every machine with the same files, and validation held apart?"""

import numpy as np
import pytest

from solv.data.text.sources import (
    NotUtf8Error,
    find_files,
    folder_bytes,
    library_bytes,
    read_text,
    readable,
    split_document,
    text_files,
)


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


@pytest.fixture
def linked(tmp_path):
    """A corpus of a note, a linked file, a linked folder and a broken link; and a folder with a link to itself."""
    for folder in ("real/books", "corpus", "back"):
        (tmp_path / folder).mkdir(parents=True)
    for name, text in {"real/books/a.txt": "a book\n", "corpus/note.txt": "note\n", "real/single.txt": "x\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "back/in.txt").write_text("in\n")
    links = {"books": "../real/books", "single.txt": "../real/single.txt", "broken.txt": "missing.txt"}
    for name, target in links.items():
        (tmp_path / "corpus" / name).symlink_to(target)
    (tmp_path / "back/loop").symlink_to(".")
    return tmp_path


def test_linked_folders_are_followed_and_said(linked):
    found = find_files(str(linked / "corpus"))
    assert [path.name for path in found.files] == ["a.txt", "note.txt", "single.txt"]
    assert found.notes == ["1 linked folder followed", "1 link to no file left out"]


def test_each_real_folder_is_read_once_and_loops_end(linked):
    found = find_files(str(linked / "back"))
    assert [path.name for path in found.files] == ["in.txt"]
    assert found.notes == ["1 linked folder not followed: read anyway, or around the place"]
    (linked / "corpus/again").symlink_to("../real/books")
    (linked / "real/books/up").symlink_to("../../corpus")
    (linked / "corpus/around").symlink_to("..")
    found = find_files(str(linked / "corpus"))
    assert [path.name for path in found.files] == ["a.txt", "note.txt", "single.txt"]
    assert (found.followed, found.not_followed) == (1, 3)
    (linked / "root").symlink_to("corpus")
    assert len(find_files(str(linked / "root")).files) == 3


def test_a_folder_within_the_place_can_be_left_out(linked):
    out = linked / "corpus/out"
    out.mkdir()
    (out / "shard.npy").write_text("not text")
    (linked / "corpus/by-link").symlink_to("out")
    assert len(find_files(str(linked / "corpus"), without=out).files) == 3
    assert len(find_files(str(linked / "corpus")).files) == 4


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        (b"title\n" + b"x" * 10_000, 9906),  # one long line: there
        (b"title\n" + b"word " * 2_000, 9906),  # at a blank
        (b"[\n" + b"line\n" * 2_000, 9902),  # at a line
        ("é".encode() * 5_000, 9900),
        (b"x" + "é".encode() * 5_000, 9901),  # not inside a character: 9901 begins one
        (b"x" + "€".encode() * 3_333, 9898),
        (b"\xff\xfe" + "a\u0101".encode("utf-16-le") * 2_500, 9902),
    ],
)
def test_a_document_that_is_alone_is_cut_near_its_place(content, cut):
    (_, train), (_, held) = split_document(content, 0.01, alone=True)
    assert train + held == content
    assert len(train) == pytest.approx(0.99 * len(content), abs=51)
    assert abs(len(train) - cut) <= 2
    if content[:1] != b"\xff":
        train.decode()
        held.decode()


def test_no_validation_leaves_a_document_whole():
    assert list(split_document(b"a\nb", 0, alone=True)) == [("train", b"a\nb")]


@pytest.mark.parametrize(
    ("errors", "expected", "noticed"),
    [
        ("bytes", [b"plain", b"caf\xe9"], ["latin.txt"]),
        ("replace", [b"plain", "caf\ufffd".encode()], ["latin.txt"]),
        ("skip", [b"plain"], ["latin.txt"]),
    ],
)
def test_files_that_are_not_utf8_are_noticed(tmp_path, errors, expected, noticed):
    (tmp_path / "a.txt").write_bytes(b"plain")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    seen = []
    found = list(readable(text_files(str(tmp_path)), errors, lambda path: seen.append(path.name)))
    assert (found, seen) == (expected, noticed)


def test_a_file_that_is_not_utf8_is_named_where_text_is_needed(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(NotUtf8Error, match=r"latin.txt is not UTF-8 .byte 3.; --skip-bad"):
        list(readable(text_files(str(tmp_path)), "strict", lambda path: None))
