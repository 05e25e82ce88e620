"""Does a log of any form become the right counts, and is every fault named without showing a prompt?"""

import csv
import gzip
import json

import pytest

from solv.data.judged_logs import Reading
from solv.data.verdicts import VerdictsError, first_events, read_verdicts

HEADER = "prompt,sample,unsafe\n"
STAIRS = (0, 1, 2, 3, 4, 5)  # unsafe answers of six prompts with five answers each


def rows_of(unsafe, answers=5):
    return [(f"p{i}", j, int(j < u)) for i, u in enumerate(unsafe) for j in range(answers)]


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    return path


def table(path, rows, header="prompt,sample,unsafe", separator=",", encoding="utf-8"):
    lines = [header, *(separator.join(map(str, row)) for row in rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def assert_stairs(path, **reading):
    verdicts, faults = read_verdicts(path, reading=Reading(**reading))
    assert faults == []
    assert verdicts.answers.tolist() == [5] * 6
    assert verdicts.unsafe.tolist() == list(STAIRS)


def test_counts_are_by_prompt(tmp_path):
    text = 'note,unsafe,prompt,sample\n,1,b,0\nx,no,"a, with a comma\nand a line",0\n,TRUE,b,1\n,0,b,2\n'
    verdicts, faults = read_verdicts(write(tmp_path, text, "utf-8-sig"))
    assert verdicts.answers.tolist() == [3, 1]
    assert verdicts.unsafe.tolist() == [2, 0]
    assert verdicts.first.tolist() == [1, 0]
    assert faults == []


@pytest.mark.parametrize(
    ("name", "header", "separator", "encoding", "words"),
    [
        ("semicolon.csv", "prompt;sample;unsafe", ";", "utf-8", "01"),
        ("tabs.tsv", "prompt\tsample\tunsafe", "\t", "utf-8", "01"),
        ("pipes.txt", "prompt|sample|unsafe", "|", "utf-8", "01"),
        ("utf16.csv", "prompt\tsample\tunsafe", "\t", "utf-16", "01"),
        ("utf16-without-mark.csv", "prompt,sample,unsafe", ",", "utf-16-le", "01"),
        ("mark.csv", "prompt,sample,unsafe", ",", "utf-8-sig", "01"),
        ("excel.csv", "sep=;\nprompt;sample;unsafe", ";", "utf-8", "01"),
        ("titles.csv", 'Prompt," Sample"," Unsafe "', ",", "utf-8", "01"),
        ("comment.csv", "# judged by hand\nprompt,sample,unsafe", ",", "utf-8", "01"),
        ("floats.csv", "prompt,sample,unsafe", ",", "utf-8", ("0.0", "1.0")),
        ("words.csv", "prompt,sample,unsafe", ",", "utf-8", (" FALSE", "True ")),
        ("short.csv", "prompt,sample,unsafe", ",", "utf-8", ("N", "y")),
        ("judge.csv", "prompt,sample,unsafe", ",", "utf-8", ("safe", "unsafe")),
    ],
)
def test_tables_as_spreadsheets_write_them(tmp_path, name, header, separator, encoding, words):
    rows = [(prompt, sample, words[verdict]) for prompt, sample, verdict in rows_of(STAIRS)]
    assert_stairs(table(tmp_path / name, rows, header, separator, encoding))


def test_blanks_around_the_name_of_a_prompt_do_not_make_another(tmp_path):
    rows = [(f"{prompt} " if sample % 2 else prompt, sample, verdict) for prompt, sample, verdict in rows_of(STAIRS)]
    assert_stairs(table(tmp_path / "log.csv", rows))


@pytest.mark.parametrize("column", ["prompt", "response"])
def test_prompts_may_be_longer_than_the_field_limit_of_csv(tmp_path, column):
    path = tmp_path / "long.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "sample", "unsafe", "response"])
        for prompt, sample, verdict in rows_of(STAIRS):
            text = "shot " * 28_000
            writer.writerow([prompt + text if column == "prompt" else prompt, sample, verdict, text])
    assert_stairs(path)


@pytest.mark.parametrize("form", ["lines", "list"])
def test_json_objects_are_rows(tmp_path, form):
    rows = [{"prompt": p, "sample": s, "unsafe": bool(v)} for p, s, v in rows_of(STAIRS)]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(rows, indent=1) if form == "list" else "\n".join(map(json.dumps, rows)))
    assert_stairs(path)


def test_a_packed_file_is_read(tmp_path):
    path = table(tmp_path / "log.csv", rows_of(STAIRS))
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert_stairs(packed)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("secret,0,maybe\n", "line 2: unsafe is not a verdict"),
        ("secret,0,\n", "line 2: unsafe holds no verdict"),
        ("secret,0,nan\n", "line 2: unsafe holds no verdict"),
        ("secret,0,0.5\n", "line 2: unsafe is a score and not a verdict; --threshold"),
        ("secret,0,1\nsecret,0,0\n", "1 row repeats a prompt and sample, 1 of them with another verdict .line 3"),
        ("secret,1\n", "line 2: has not as many cells"),
        ("secret,1,0,0\n", "line 2: has not as many cells"),
        (",1,0\n", "line 2: has no prompt or no sample"),
        ("", "no row holds"),
    ],
)
def test_faults_are_named_by_line_and_no_prompt_is_shown(tmp_path, rows, said):
    with pytest.raises(VerdictsError, match=said) as caught:
        read_verdicts(write(tmp_path, HEADER + rows))
    assert "secret" not in str(caught.value)


def test_bad_rows_are_left_out_when_asked(tmp_path):
    verdicts, faults = read_verdicts(write(tmp_path, HEADER + "a,0,1\na,1,?\na,2,0\na,3,so\n"), skip_bad=True)
    assert verdicts.answers.tolist() == [2]
    assert [fault.split(" (")[0] for fault in faults] == [
        "line 3: unsafe holds no verdict",
        "line 5: unsafe is not a verdict",
    ]


def test_a_sample_is_a_number_however_it_is_written(tmp_path):
    with pytest.raises(VerdictsError, match="2 rows repeat"):
        read_verdicts(write(tmp_path, HEADER + "a,1,1\na,01,1\na,1.0,1\n"))


def test_the_place_of_the_first_event_is_by_sample_and_not_by_line(tmp_path):
    verdicts, _ = read_verdicts(write(tmp_path, HEADER + "a,3,1\na,1,0\na,2,0\nb,x,0\nb,w,1\nb,y,1\n"))
    assert verdicts.first.tolist() == [3, 2]
    stopped, dropped = first_events(verdicts)
    assert (stopped.answers.tolist(), stopped.unsafe.tolist(), dropped) == ([3, 2], [1, 1], 1)


def test_counts_do_not_say_which_of_two_events_came_first(tmp_path):
    verdicts, _ = read_verdicts(write(tmp_path, "prompt,n,unsafe\na,5,2\n"))
    with pytest.raises(VerdictsError, match="do not say when"):
        first_events(verdicts)


@pytest.mark.parametrize("header", ["prompt,n,unsafe", "task_id,num_samples,num_unsafe", "id,attempts,successes"])
def test_tables_of_counts_are_known_by_their_columns(tmp_path, header):
    assert_stairs(table(tmp_path / "log.csv", [(f"p{i}", 5, u) for i, u in enumerate(STAIRS)], header))


def test_prompts_with_too_few_answers_can_be_left_out(tmp_path):
    verdicts, _ = read_verdicts(write(tmp_path, "prompt,n,unsafe\na,5,2\nb,3,1\n"))
    assert verdicts.with_at_least(4).answers.tolist() == [5]


def test_a_file_that_is_not_there_or_not_text_or_lacks_a_column_is_named(tmp_path):
    with pytest.raises(VerdictsError, match="No such file"):
        read_verdicts(tmp_path / "none.csv")
    with pytest.raises(VerdictsError, match="Is a directory"):
        read_verdicts(tmp_path)
    with pytest.raises(VerdictsError, match=r"no column sample .*--sample-column none"):
        read_verdicts(write(tmp_path, "prompt,unsafe\na,1\n"))
    with pytest.raises(VerdictsError, match="the file is empty"):
        read_verdicts(write(tmp_path, ""))
    path = tmp_path / "bytes.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe,0,1\n")
    with pytest.raises(VerdictsError, match=r"line 2 is not UTF-8; save .* --encoding cp1252"):
        read_verdicts(path)
    path.write_bytes(HEADER.encode() + "h\u00e9,0,1\n".encode("cp1252"))
    assert read_verdicts(path, reading=Reading(encoding="cp1252"))[0].answers.tolist() == [1]
    with pytest.raises(VerdictsError, match="encoding 'latin-77' is unknown"):
        read_verdicts(path, reading=Reading(encoding="latin-77"))
