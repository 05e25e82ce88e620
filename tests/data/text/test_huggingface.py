"""Are local sets in the hub's own layout read, and is a missing network one line?"""

import gzip
import json
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from solv.data.text.huggingface import HfTextError, hf_documents


def c4_row(text):
    return {"text": text, "timestamp": "2019-04-25T12:57:54Z", "url": "https://example.org/"}


@pytest.fixture
def c4(tmp_path):
    """A folder in the layout of C4: gzipped JSON lines, two files for training and one for validation."""
    folder = tmp_path / "c4"
    (folder / "en").mkdir(parents=True)
    for name, texts in {
        "c4-train.00000-of-00002": ["Der erste Text.", "two\nlines"],
        "c4-train.00001-of-00002": ["third"],
        "c4-validation.00000-of-00001": ["held apart"],
    }.items():
        with gzip.open(folder / "en" / f"{name}.json.gz", "wt") as file:
            file.writelines(json.dumps(c4_row(text)) + "\n" for text in texts)
    return folder


def test_the_layout_of_c4_is_read_in_the_order_of_its_files(c4):
    assert list(hf_documents(str(c4), config="en")) == [b"Der erste Text.", b"two\nlines", b"third"]
    assert list(hf_documents(str(c4), config="en", split="validation")) == [b"held apart"]
    assert next(hf_documents(str(c4), config="en", column="url")) == b"https://example.org/"


def test_parquet_is_read_too(tmp_path):
    rows = [{"content": f"text {number}"} for number in range(5)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train-00000.parquet")
    assert list(hf_documents(str(tmp_path), column="content")) == [f"text {number}".encode() for number in range(5)]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"config": "de"}, "no parquet or JSON-lines file with 'train'"),
        ({"config": "en", "split": "test"}, "with 'test' in its name"),
        ({"config": "en", "column": "words"}, "no text in column words; columns: text, timestamp, url"),
    ],
)
def test_what_is_missing_in_a_folder_is_named(c4, keys, said):
    with pytest.raises(HfTextError, match=said):
        list(hf_documents(str(c4), **keys))


def test_a_damaged_file_is_one_line(c4):
    path = c4 / "en" / "c4-train.00001-of-00002.json.gz"
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(HfTextError, match=r"document \d cannot be read") as caught:
        list(hf_documents(str(c4), config="en"))
    assert len(str(caught.value).splitlines()) == 1


def test_without_a_network_the_local_text_is_named(monkeypatch):
    def unreachable(*arguments, **keys):
        raise ConnectionError("Couldn't reach 'allenai/c4' on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(HfTextError, match=r"Couldn't reach .*language.data=text.*--source library"):
        hf_documents("allenai/c4", config="en")


def test_without_the_extra_the_installation_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(HfTextError, match="extra `hf`"):
        hf_documents("allenai/c4")
