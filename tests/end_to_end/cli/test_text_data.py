"""Does `solv data text` write, resume, check, count and show, and refuse in one line?"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.main import app
from solv.data.text.token_shards import TokenShards


def call(*arguments):
    done = CliRunner().invoke(app, ["data", "text", *map(str, arguments)])
    return done.exit_code, done.output


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.txt").write_text(f"Text number {number}.\n")
    return folder


@pytest.fixture
def made(texts, tmp_path):
    out = tmp_path / "set"
    status, said = call("make", "--source", "folder", "--from", texts, "--validation", 0.2, "--out", out)
    assert status == 0, said
    return out


def test_a_folder_is_written_checked_counted_and_shown(made):
    shards = TokenShards(made)
    assert shards.train.documents + shards.validation.documents == 60
    status, said = call("check", made)
    assert status == 0
    assert said.startswith(f"all as written: {len(shards.train.tokens)} tokens of {shards.train.documents} documents")
    status, said = call("stats", made)
    assert status == 0
    train = next(line for line in said.splitlines() if line.startswith("train")).split()
    assert [int(train[1]), int(train[2])] == [shards.train.documents, len(shards.train.tokens)]
    assert float(train[5]) < np.log(int(train[4]))
    assert call("show", made, 0)[1].startswith("Text number ")
    assert call("show", made, 0, "--tokens")[1].startswith("84 101 120 116 ")


def test_a_changed_folder_is_not_gone_on_with(made, texts):
    again = ("make", "--source", "folder", "--from", texts, "--validation", 0.2, "--out", made)
    assert "0 groups made now" in call(*again, "--resume")[1]
    (texts / "60.txt").write_text("new")
    status, said = call(*again, "--resume")
    assert status == 2
    assert "other settings" in said


def test_a_set_of_hugging_face_is_written_with_its_own_validation_and_a_tokenizer_that_goes_along(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    texts = {"train": ["one two three", "two </s> three"], "validation": ["three"]}
    tokenizer.train_from_iterator(texts["train"], trainers.WordLevelTrainer(special_tokens=["<unk>", "</s>"]))
    tokenizer.save(str(tmp_path / "words.json"))
    folder, out = tmp_path / "c4" / "en", tmp_path / "set"
    folder.mkdir(parents=True)
    for split, documents in texts.items():
        lines = (json.dumps({"text": text, "timestamp": "", "url": ""}) + "\n" for text in documents)
        (folder / f"c4-{split}.00000-of-00001.json").write_text("".join(lines))
    asked = ("make", "--source", "hf", "--from", folder.parent, "--config", "en", "--out", out)
    status, said = call(*asked, "--tokenizer", tmp_path / "words.json")
    assert status == 0, said
    shards = TokenShards(out)
    assert shards.vocabulary == tokenizer.get_vocab_size()
    one, two, three = (tokenizer.token_to_id(word) for word in ("one", "two", "three"))
    assert shards.train.tokens[:].tolist() == [one, two, three, 1, two, three, 1]
    assert shards.validation.tokens[:].tolist() == [three, 1]
    (tmp_path / "words.json").unlink()
    assert call("show", out, 0) == (0, "one two three\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make", "--source", "library", "--from", "x", "--out", "{}/new"), "takes no --from"),
        (("make", "--source", "folder", "--out", "{}/new"), "takes --from PATH or NAME"),
        (("make", "--source", "folder", "--from", "{}/none", "--out", "{}/new"), "no file *"),
        (("make", "--source", "library", "--most-tokens", 1.5, "--out", "{}/new"), "most_tokens = 1.5"),
        (("check", "{}"), "holds no token shards"),
        (("show", "{}/set", 100), "document = 100 is out of range"),
        (("show", "{}/set", 0, "--split", "test"), "split = 'test' is unknown"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(made, tmp_path, arguments, said):
    status, output = call(*(str(each).format(tmp_path) for each in arguments))
    assert status == 2
    assert said in output
    assert len(output.strip().splitlines()) == 1


def test_no_validation_is_a_set_of_training_alone(texts, tmp_path):
    out = tmp_path / "whole"
    status, said = call("make", "--source", "folder", "--from", texts, "--validation", 0, "--out", out)
    assert status == 0, said
    assert " 0 for validation" in said
    assert "validation          0             0" in call("stats", out)[1]
    assert "0 tokens of 0 documents for validation" in call("check", out)[1]
    assert call("show", out, 59)[1].startswith("Text number ")


def test_a_folder_as_it_is_goes_in_byte_by_byte_with_what_is_no_text_named(tmp_path):
    """18 + 0 + 5 + 12 + 30 + 20 bytes in six files, and an end token after each."""
    folder, out = tmp_path / "mixed", tmp_path / "out"
    folder.mkdir()
    contents = {
        "bom_crlf.txt": b"\xef\xbb\xbfline 1\r\nline2\r\n"[:18],
        "empty.txt": b"",
        "latin1.txt": b"caf\xe9\n",
        "plain.txt": b"hello world\n",
        "utf16.txt": "fourteen chars".encode("utf-16"),
        "weird name é (copy)[1].txt": b"a name with blanks.\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    status, said = call("make", "--source", "folder", "--from", folder, "--validation", 0, "--out", out)
    assert status == 0
    assert f"{sum(map(len, contents.values())) + 6} tokens for training" in said
    assert "2 files are not UTF-8, their bytes go in as they are: latin1.txt, utf16.txt" in said
    for number in range(6):
        assert call("show", out, number)[0] == 0
    clean = tmp_path / "clean"
    make = ("make", "--source", "folder", "--from", folder, "--validation", 0, "--out", clean)
    assert "2 files are not UTF-8, left out" in call(*make, "--skip-bad")[1]
    assert TokenShards(clean).train.documents == 4


def test_output_inside_the_input_is_not_read(texts):
    out = texts / "tokens"
    make = ("make", "--source", "folder", "--from", texts, "--validation", 0.2, "--out", out)
    assert call(*make)[0] == 0
    status, said = call(*make, "--resume")
    assert status == 0, said
    assert "0 groups made now" in said


def test_a_split_that_stays_empty_says_how_to_do_without(tmp_path):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").write_text("b")
    out = tmp_path / "out"
    status, said = call("make", "--source", "folder", "--from", tmp_path, "--pattern", "*.txt", "--out", out)
    assert status == 2
    assert "--validation 0 for none" in said
