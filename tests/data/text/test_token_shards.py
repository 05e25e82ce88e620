"""Do token shards come back as written, survive kills with the same bits, and refuse what was cut or changed?"""

import json

import numpy as np
import pytest

from solv.data.text.token_shards import Plan, ShardsError, TokenShards, write_shards
from solv.data.text.token_windows import Windows

PLAN = Plan({"kind": "made"}, {"name": "numbers"}, vocabulary=100, end=99, shard_documents=7)


def encode(contents):
    return [[int(number) for number in content.split()] for content in contents]


def documents(count=50):
    generator = np.random.default_rng(0)
    for number in range(count):
        tokens = generator.integers(0, 99, size=generator.integers(0, 12))
        yield "validation" if number % 10 == 3 else "train", " ".join(map(str, tokens)).encode()


def expected(split, count=50):
    return [token for its, content in documents(count) if its == split for token in [*map(int, content.split()), 99]]


@pytest.fixture
def made(tmp_path):
    assert write_shards(PLAN, tmp_path / "set", documents(), encode) == 8
    return tmp_path / "set"


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_tokens_come_back_in_order_with_an_end_after_each_document(made):
    shards = TokenShards(made)
    for name, split in (("train", shards.train), ("validation", shards.validation)):
        assert split.tokens[:].tolist() == expected(name)
        assert split.documents == sum(its == name for its, _ in documents())
    assert shards.train.tokens[:].dtype == np.uint16
    assert "45 documents for train" in shards.check()
    its = [content for split, content in documents() if split == "train"]
    assert shards.document("train", 0).tolist() == encode(its)[0]
    assert shards.document("train", 44).tolist() == encode(its)[44]


def test_slices_cross_shards(made):
    tokens, whole = TokenShards(made).train.tokens, expected("train")
    for start in range(0, len(whole), 13):
        assert tokens[start : start + 60].tolist() == whole[start : start + 60]
    assert len(tokens[5:5]) == 0
    with pytest.raises(ValueError, match="step = 2"):
        tokens[0:4:2]


def test_batches_of_shards_are_those_of_the_same_text_in_memory(made):
    shards = Windows(TokenShards(made).train.tokens, 8, batch=4, seed=5)
    memory = Windows(np.array(expected("train")), 8, batch=4, seed=5)
    for step in range(30):
        assert (shards(step) == memory(step)).all()


@pytest.mark.parametrize("killed_after", [0, 1, 5])
def test_a_killed_writing_goes_on_to_the_same_files(made, tmp_path, killed_after):
    class KilledError(Exception):
        pass

    calls = []

    def dying(contents):
        calls.append(1)
        if len(calls) > killed_after:
            raise KilledError
        return encode(contents)

    folder = tmp_path / "again"
    with pytest.raises(KilledError):
        write_shards(PLAN, folder, documents(), dying)
    (folder / ".train-000005.npy").write_bytes(b"half a shard")
    with pytest.raises(ShardsError, match="unfinished"):
        TokenShards(folder)
    with pytest.raises(ValueError, match="is not empty"):
        write_shards(PLAN, folder, documents(), encode)
    write_shards(PLAN, folder, documents(), encode, resume=True)
    again = files(folder)
    again.pop(".train-000005.npy", None)
    assert again == files(made)
    assert write_shards(PLAN, folder, documents(), encode, resume=True) == 0


def test_a_changed_shard_is_refused_and_mended(made):
    before = files(made)
    path = made / "train-000002.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    tokens = TokenShards(made).train.tokens
    assert tokens[:3].tolist() == expected("train")[:3]  # another shard is still good
    with pytest.raises(ShardsError, match=r"train-000002\.npy was changed"):
        tokens[:]
    assert write_shards(PLAN, made, documents(), encode, resume=True) == 6
    assert files(made) == before


@pytest.mark.parametrize("damage", ["cut", "gone", "longer", "other type"])
def test_a_cut_or_missing_shard_is_one_line(made, damage):
    path = made / "validation-000000.npy"
    whole = np.load(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-2])
    elif damage == "gone":
        path.unlink()
    else:
        np.save(path, np.append(whole, whole) if damage == "longer" else whole.astype(np.int64))
    with pytest.raises(ShardsError, match=r"validation-000000\.npy .*--resume") as caught:
        TokenShards(made)
    assert len(str(caught.value).splitlines()) == 1


def test_a_manifest_that_lies_is_found_out(made):
    path = made / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["groups"][0]["train"]["documents"] += 1
    path.write_text(json.dumps(manifest))
    with pytest.raises(ShardsError, match="45 end tokens in train; valid: 46"):
        TokenShards(made).check()
    path.write_text("[]")
    with pytest.raises(ShardsError, match="version"):
        TokenShards(made)
    path.unlink()
    with pytest.raises(ShardsError, match="solv data text make"):
        TokenShards(made)


def test_writing_stops_at_the_tokens_asked_for(tmp_path):
    plan = Plan({}, {}, vocabulary=100, end=99, shard_documents=7, most_tokens=60)
    write_shards(plan, tmp_path / "few", documents(), encode)
    found = TokenShards(tmp_path / "few")
    assert found.train.tokens[:].tolist() == expected("train")[: len(found.train.tokens)]
    last = found.manifest["groups"][-1]["train"]["tokens"]
    assert len(found.train.tokens) - last < 60 <= len(found.train.tokens)


def test_a_large_vocabulary_takes_four_bytes_and_an_end_inside_a_document_is_left_out(tmp_path):
    plan = Plan({}, {}, vocabulary=100_000, end=7)
    write_shards(plan, tmp_path / "set", [("train", b"70000 7 3"), ("validation", b"1")], encode)
    tokens = TokenShards(tmp_path / "set").train.tokens[:]
    assert tokens.dtype == np.uint32
    assert tokens.tolist() == [70000, 3, 7]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("train", b"1")], "nothing for validation"),
        ([("test", b"1")], "split = 'test'"),
        ([("train", b"100"), ("validation", b"1")], "token 100 .* outside its vocabulary 100"),
    ],
)
def test_documents_that_make_no_set_are_refused(tmp_path, rows, said):
    with pytest.raises(ShardsError, match=said):
        write_shards(PLAN, tmp_path / "set", rows, encode)


def test_other_settings_do_not_go_on_in_a_folder(made):
    other = Plan({"kind": "made"}, {"name": "numbers"}, vocabulary=100, end=99, shard_documents=8)
    with pytest.raises(ValueError, match="other settings"):
        write_shards(other, made, documents(), encode, resume=True)
    with pytest.raises(ValueError, match="end = 100"):
        Plan({}, {}, vocabulary=100, end=100)
    with pytest.raises(ValueError, match="document = 45"):
        TokenShards(made).document("train", 45)
