"""Does a file of verdicts become the right counts, and is every fault named without showing a prompt?"""

import pytest

from solv.data.verdicts import VerdictsError, read_verdicts

HEADER = "prompt,sample,unsafe\n"


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_counts_are_by_prompt(tmp_path):
    text = 'note,unsafe,prompt,sample\n,1,b,0\nx,no,"a, with a comma\nand a line",0\n,TRUE,b,1\n,0,b,2\n'
    verdicts, faults = read_verdicts(write(tmp_path, text, "utf-8-sig"))
    assert verdicts.answers.tolist() == [3, 1]
    assert verdicts.unsafe.tolist() == [2, 0]
    assert faults == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("secret,0,maybe\n", "line 2: unsafe is not a verdict"),
        ("secret,0,\n", "line 2: unsafe is not a verdict"),
        ("secret,0,1\nsecret,0,0\n", "line 3: repeats a prompt and sample"),
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
    verdicts, faults = read_verdicts(write(tmp_path, HEADER + "a,0,1\na,1,?\na,2,0\n"), skip_bad=True)
    assert verdicts.answers.tolist() == [2]
    assert faults == ["line 3: unsafe is not a verdict (1/0, true/false, yes/no)"]


def test_a_file_that_is_not_there_or_not_text_or_lacks_a_column_is_named(tmp_path):
    with pytest.raises(VerdictsError, match="No such file"):
        read_verdicts(tmp_path / "none.csv")
    with pytest.raises(VerdictsError, match="no column sample"):
        read_verdicts(write(tmp_path, "prompt,unsafe\na,1\n"))
    path = tmp_path / "bytes.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe,0,1\n")
    with pytest.raises(VerdictsError, match="UTF-8"):
        read_verdicts(path)
