"""What does a person see of `solv fit asr`, on logs as people and tools write them?"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.main import app

STAIRS = (0, 1, 2, 3, 4, 5)  # unsafe answers of six prompts with five answers each
SUCCESS = {1: 0.5, 2: 2 / 3, 5: 5 / 6}  # of the stairs, by hand


def log(path, mu, prompts=120, samples=80, never=0.0):
    rng = np.random.default_rng(1)
    safe = np.exp(-mu) * rng.beta(1.0, 0.6, prompts)
    safe[: int(never * prompts)] = 1.0
    rows = [f"prompt {i},{j},{int(rng.random() > p)}" for i, p in enumerate(safe) for j in range(samples)]
    path.write_text("prompt,sample,unsafe\n" + "\n".join(rows) + "\n")
    return str(path)


def fit_asr(*arguments):
    return CliRunner().invoke(app, ["fit", "asr", *map(str, arguments)])


def found(*arguments):
    done = fit_asr(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def success(said):
    return {row["k"]: row["success"] for row in said["measured"]}


def assert_stairs(said):
    shown = success(said)
    assert {k: shown[k] for k in SUCCESS} == pytest.approx(SUCCESS)


def rows_of(unsafe, answers=5):
    return [(f"p{i}", j, int(j < u)) for i, u in enumerate(unsafe) for j in range(answers)]


def write(path, rows, header="prompt,sample,unsafe", separator=",", encoding="utf-8"):
    lines = [header, *(separator.join(map(str, row)) for row in rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def test_a_polynomial_log_gets_its_regime_a_table_and_a_figure(tmp_path):
    figure = tmp_path / "fit.png"
    done = fit_asr(log(tmp_path / "log.csv", 0.0), "--plot", figure)
    assert done.exit_code == 0, done.output
    assert "120 prompts, 80 answers each" in done.stdout
    assert "regime: polynomial" in done.stdout
    assert "samples for a success rate of 0.99:" in done.stdout
    assert "8000" in done.stdout  # the curve goes on to a hundred times the samples that were taken
    assert "prompt 1" not in done.stdout
    assert figure.stat().st_size > 10_000


def test_an_exponential_log_is_told_and_costs_fewer_samples(tmp_path):
    said = {}
    for name, mu in (("polynomial", 0.0), ("exponential", 0.1)):
        said[name] = found(log(tmp_path / f"{name}.csv", mu))
        assert said[name]["regime"] == name
    fit = said["exponential"]["exponential"]
    assert fit["mu_interval"][0] < 0.1 < fit["mu_interval"][1]
    assert fit["nu_interval"][0] < 0.6 < fit["nu_interval"][1]
    prices = [said[name]["samples_for"]["0.99"] for name in ("exponential", "polynomial")]
    assert 5 * prices[0] < prices[1]


def test_prompts_that_never_yield_are_a_bound_and_not_a_price(tmp_path):
    path = log(tmp_path / "log.csv", 0.05, never=0.5)
    said = found(path)
    assert said["regime"] == "bounded"
    share = said["never_yields"]
    assert share["share"] == pytest.approx(0.5, abs=0.1)
    assert share["interval"][0] <= 0.5 <= share["interval"][1]
    assert said["samples_for"]["0.9"] is None
    done = fit_asr(path)
    assert "samples for a success rate of 0.9: never: 0.4" in done.stdout
    assert said["contradiction"] is None


def test_a_fit_that_contradicts_its_table_is_said(tmp_path):
    """Two kinds of prompts, none of them of a Beta law: easy ones, and ones that yield once in sixty."""
    rng = np.random.default_rng(0)
    unsafe = rng.binomial(60, np.repeat([0.95, 1 / 60], 200))
    path = write(tmp_path / "log.csv", [(i, 60, u) for i, u in enumerate(unsafe)], "prompt,n,unsafe")
    said = found(path)
    assert "standard errors apart" in said["contradiction"]
    assert "does not describe the table" in fit_asr(path).stdout


# what sampling until the first success does to a log


def stopped_log(path):
    broke = [1] * 32 + [2] * 16 + [3] * 8 + [4] * 4 + [5] * 2 + [6, 7]
    return write(path, [(f"q{i}", k, int(k == last)) for i, last in enumerate(broke) for k in range(1, last + 1)])


def test_a_log_that_stopped_at_success_gives_the_share_broken_and_says_so(tmp_path):
    path = stopped_log(tmp_path / "log.csv")
    said = found(path)
    assert said["until_success"] is True
    shown = success(said)
    assert [shown[k] for k in (1, 2, 3, 4)] == pytest.approx([0.5, 0.75, 0.875, 0.9375])
    assert "stopped at success" in said["notes"][0]
    assert "0.693" not in fit_asr(path).stdout
    # the estimate that a number of answers which depends on the verdicts would spoil
    assert success(found(path, "--all-samples"))[1] == pytest.approx(0.6934, abs=1e-4)


def test_until_success_can_be_said_of_a_log_that_went_on(tmp_path):
    path = write(tmp_path / "log.csv", rows_of(STAIRS))
    assert success(found(path, "--until-success"))[1] == pytest.approx(5 / 6)
    assert "answers after their prompt's first unsafe one are left out" in fit_asr(path, "--until-success").stdout


def test_a_budget_that_ends_is_no_success(tmp_path):
    """Ten prompts break at 1, ten at 3, twenty hold out their budget of 2: of thirty at the first attempt ten broke."""
    broke = [(1, 1)] * 10 + [(3, 1)] * 10 + [(2, 0)] * 20
    rows = [(i, n, u) for i, (n, u) in enumerate(broke)]
    said = found(write(tmp_path / "log.csv", rows, "prompt,n,unsafe"), "--until-success")
    assert success(said) == pytest.approx({1: 0.25, 2: 0.25, 3: 1.0})


# what may be said of little


def test_all_safe_gets_its_table_and_its_bounds(tmp_path):
    path = write(tmp_path / "log.csv", rows_of([0] * 10, 30))
    done = fit_asr(path, "--plot", tmp_path / "a.png")
    assert done.exit_code == 0
    assert "10 prompts, 30 answers each, 0 of 300 unsafe" in done.stdout
    assert "0 of 300: at most 0.0099361 a sample" in done.stdout
    assert "at most 0.25887 of prompts" in done.stdout
    said = found(path)
    assert set(success(said).values()) == {0.0}
    assert all(row["interval"][1] > 0.1 for row in said["measured"])
    assert said["regime"] == "unknown"
    assert "no answer is unsafe" in said["no_fit"]


def test_all_unsafe_gets_its_table_and_its_bounds(tmp_path):
    path = write(tmp_path / "log.csv", rows_of([30] * 10, 30))
    said = found(path, "--plot", tmp_path / "a.png")
    assert set(success(said).values()) == {1.0}
    assert all(row["interval"][0] < 0.9 for row in said["measured"])
    assert "300 of 300: at least 0.99006 a sample" in fit_asr(path).stdout


def test_few_prompts_get_a_table_without_a_fit(tmp_path):
    said = found(write(tmp_path / "log.csv", rows_of(STAIRS[1:5])))
    assert success(said)[1] == pytest.approx(0.5)
    assert "4 prompts are too few" in said["no_fit"]
    one = found(write(tmp_path / "one.csv", rows_of([2])))
    assert success(one)[1] == pytest.approx(0.4)


def test_one_unfinished_prompt_hides_no_row(tmp_path):
    unsafe = (0, 1, 2, 3, 4, 5, 8, 12, 20, 30, 40)
    path = write(tmp_path / "log.csv", [*rows_of(unsafe, 40), ("late", 0, 0), ("late", 1, 0)])
    said = found(path)
    shown, prompts = success(said), {row["k"]: row["prompts"] for row in said["measured"]}
    assert [shown[k] for k in (1, 2, 10, 40)] == pytest.approx([0.26042, 0.35855, 0.69756, 10 / 11], abs=5e-6)
    assert (prompts[2], prompts[40]) == (12, 11)
    shown = success(found(path, "--least-answers", 40))
    assert [shown[k] for k in (1, 2, 40)] == pytest.approx([0.28409, 0.39114, 10 / 11], abs=5e-6)
    done = fit_asr(path)
    assert "1 of 12 have fewer than 40; --least-answers 40" in done.stdout
    assert "late" not in done.stdout
    assert fit_asr(path, "--least-answers", 41).exit_code == 2


def test_few_answers_lose_the_edge_law_alone(tmp_path):
    done = fit_asr(log(tmp_path / "log.csv", 0.0, samples=4))
    assert done.exit_code == 0
    assert "no fit of the edge law" in done.output
    assert "edge law, large k" not in done.output


def test_a_gap_at_the_floor_of_the_prompts_is_warned_of(tmp_path):
    done = fit_asr(log(tmp_path / "log.csv", 0.3, prompts=30))
    assert "the gap is at its floor 1/30" in done.stdout


def test_success_that_rounds_to_one_shows_what_is_missing(tmp_path):
    done = fit_asr(log(tmp_path / "log.csv", 0.3))
    assert "1 - " in done.stdout.split("Fits")[0].split("100 ")[-1]


# rows that cannot be read, names of columns; the forms of tables are tested beside their reader


def test_a_table_of_a_spreadsheet_is_read(tmp_path):
    rows = [(prompt, sample, (" FALSE", "True ")[verdict]) for prompt, sample, verdict in rows_of(STAIRS)]
    assert_stairs(found(write(tmp_path / "log.csv", rows, "Prompt; Sample;Unsafe ", ";", "utf-16")))


def test_one_missing_verdict_is_one_bad_row(tmp_path):
    rows = rows_of(STAIRS, 6)[:-1]
    path = write(tmp_path / "log.csv", [*((p, s, f"{v}.0") for p, s, v in rows), ("p5", 5, "")])
    done = fit_asr(path)
    assert done.exit_code == 2
    assert "line 37: unsafe holds no verdict" in done.output
    shown = success(found(path, "--skip-bad"))
    assert [shown[k] for k in (1, 2, 5)] == pytest.approx([0.44444, 0.61111, 0.80556], abs=5e-6)
    assert "left out, line 37" in fit_asr(path, "--skip-bad").output


def test_two_runs_in_a_file_are_one_fault_with_a_way_out(tmp_path):
    first = [0, 1, 2, 3, 4, 4]
    second = [2, 3, 4, 4, 4, 4]
    path = write(tmp_path / "log.csv", [*rows_of(first, 4), *rows_of(second, 4)])
    done = fit_asr(path)
    assert done.exit_code == 2
    assert "24 rows repeat a prompt and sample, 7 of them with another verdict" in done.output
    assert "make samples unique" in done.output
    assert "skip-bad" not in done.output
    assert len(done.output.strip().splitlines()) == 1
    skipped = fit_asr(path, "--skip-bad")
    assert skipped.output.count("left out") == 1
    shown = success(found(path, "--skip-bad"))
    assert [shown[k] for k in (1, 4)] == pytest.approx([0.58333, 0.83333], abs=5e-6)
    unique = [*rows_of(first, 4), *((p, f"second-{s}", v) for p, s, v in rows_of(second, 4))]
    shown = success(found(write(path, unique)))
    assert [shown[k] for k in (1, 4, 8)] == pytest.approx([0.72917, 0.96190, 1.0], abs=5e-6)


def test_a_header_in_the_middle_is_a_row_of_its_own(tmp_path):
    path = write(tmp_path / "log.csv", [*rows_of(STAIRS), ("prompt", "sample", "unsafe")])
    assert "line 32: is the header again" in fit_asr(path).output
    assert_stairs(found(path, "--skip-bad"))


# counts, lists, scores, other names


def test_counts_are_the_same_as_rows(tmp_path):
    rows = [(f"t/{i}", 5, c) for i, c in enumerate((2, 0, 5, 1, 4, 3))]
    path = write(tmp_path / "counts.csv", rows, "task_id,n,c")
    assert_stairs(found(path))
    said = found(path, "--event", "solved")
    assert said["event"] == "solved"
    assert_stairs(said)
    assert "15 of 30 solved" in fit_asr(path, "--event", "solved").stdout


@pytest.mark.parametrize(
    ("row", "said"),
    [("a,5,6", "0 <= c <= n"), ("a,0,0", "n >= 1"), ("a,2.5,1", "whole numbers"), ("a,x,1", "whole numbers")],
)
def test_counts_that_cannot_be_are_named(tmp_path, row, said):
    done = fit_asr(write(tmp_path / "counts.csv", [row.split(",")], "task_id,n,c"))
    assert done.exit_code == 2
    assert "line 2" in done.output
    assert said in done.output


def test_lists_of_booleans_are_read_from_json_lines_and_from_csv(tmp_path):
    lists = [[True] * u + [False] * (5 - u) for u in STAIRS]
    lines = [json.dumps({"orig_dset_idx": i, "question": "q", "is_corrects": each}) for i, each in enumerate(lists)]
    (tmp_path / "monkeys.jsonl").write_text("\n".join(lines))
    assert_stairs(found(tmp_path / "monkeys.jsonl", "--event", "solved"))
    rows = [(i, f'"{each}"') for i, each in enumerate(lists)]
    assert_stairs(found(write(tmp_path / "lists.csv", rows, "problem_id,is_corrects"), "--event", "solved"))


def test_scores_need_a_threshold_and_say_so(tmp_path):
    rows = [(i, j, f"{0.1 * (i + j):.1f}") for i in range(6) for j in range(5)]
    path = write(tmp_path / "graded.csv", rows, "prompt,sample,score")
    done = fit_asr(path)
    assert done.exit_code == 2
    assert "--unsafe-column score --threshold 0.5" in done.output
    assert_stairs(found(path, "--unsafe-column", "score", "--threshold", 0.5))
    commas = [(a, b, str(score).replace(".", ",")) for a, b, score in rows]
    european = write(tmp_path / "graded2.csv", commas, "prompt;sample;score", ";")
    assert_stairs(found(european, "--unsafe-column", "score", "--threshold", 0.5))


def test_columns_and_words_can_be_named(tmp_path):
    rows = [(p, s, ("refusal", "comply")[v], "ab"[int(p[1]) % 2]) for p, s, v in rows_of(STAIRS)]
    path = write(tmp_path / "log.csv", rows, "wish,draw,outcome,kind")
    names = ("--prompt-column", "wish", "--sample-column", "draw", "--unsafe-column", "outcome")
    assert_stairs(found(path, *names, "--unsafe-value", "Comply"))
    done = fit_asr(path, *names, "--unsafe-value", "comply", "--category-column", "kind")
    assert "By category" in done.stdout
    assert "0.4" in done.stdout.split("By category")[1]  # prompts 0, 2, 4: (0 + 2 + 4) / 15
    assert "no column colour" in fit_asr(path, *names, "--category-column", "colour").output
    assert_stairs(found(path, *names[:2], "--sample-column", "none", *names[4:], "--unsafe-value", "comply"))


# logs of tools


def test_a_table_of_inspect_is_read_with_its_failed_sample_left_out(tmp_path):
    scores = [["C"] * u + ["I"] * (5 - u) for u in (0, 1, 2, 2, 4, 5)]
    scores[3][4] = ""
    rows = [
        ("e1", f"case-{i}", j + 1, "text", score, "") for i, each in enumerate(scores) for j, score in enumerate(each)
    ]
    path = write(tmp_path / "samples.csv", rows, "eval_id,id,epoch,input,score_judge,error")
    said = found(path)
    assert success(said)[1] == pytest.approx(0.48333, abs=5e-6)
    assert any("have no score and are left out" in note for note in said["notes"])
    named = (
        "--prompt-column",
        "id",
        "--sample-column",
        "epoch",
        "--unsafe-column",
        "score_judge",
        "--unsafe-value",
        "C",
    )
    assert success(found(path, *named, "--skip-bad"))[1] == pytest.approx(0.48333, abs=5e-6)
    assert success(found(path, "--unsafe-value", "I"))[1] == pytest.approx(0.51667, abs=5e-6)


def test_a_garak_report_is_read_at_its_threshold(tmp_path):
    scores = [[0.9] * u + [0.1] * (5 - u) for u in STAIRS]
    scores[2][4] = None
    attempts = [
        {"entry_type": "attempt", "status": 2, "prompt": {"text": f"made up {i}"}, "detector_results": {"d": each}}
        for i, each in enumerate(scores)
    ]
    entries = [{"entry_type": "start_run setup"}, *attempts, {**attempts[5], "status": 1, "detector_results": {}}]
    path = tmp_path / "garak.report.jsonl"
    path.write_text("\n".join(map(json.dumps, entries)) + "\n")
    assert success(found(path))[1] == pytest.approx(0.51667, abs=5e-6)
    assert success(found(path, "--threshold", 0.95))[1] == 0
    assert "made up" not in fit_asr(path).output


def test_results_of_harmbench_are_read(tmp_path):
    content = {
        f"behaviour {i}": [{"test_case": "t", "generation": "g", "label": int(j < u)} for j in range(5)]
        for i, u in enumerate(STAIRS)
    }
    for indent in (1, None):
        path = tmp_path / "results.json"
        path.write_text(json.dumps(content, indent=indent))
        assert_stairs(found(path))
        assert "behaviour" not in fit_asr(path).stdout.replace("each behaviour is a prompt", "")


def test_a_log_of_lm_eval_counts_one_filter(tmp_path):
    counts = (0, 1, 2, 3, 4, 4)
    rows = [
        {"doc_id": i, "doc": {}, "resps": [["a"] * 4], "filter": name, "exact_match": [1.0] * u + [0.0] * (4 - u)}
        for name in ("strict-match", "flexible-extract")
        for i, u in enumerate(counts)
    ]
    path = tmp_path / "samples.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    said = found(path, "--event", "solved")
    assert (said["answers"], success(said)[1]) == (24, pytest.approx(0.58333, abs=5e-6))
    assert found(path, "--filter", "flexible-extract")["answers"] == 24
    assert "no filter other; valid: strict-match, flexible-extract" in fit_asr(path, "--filter", "other").output


def test_search_steps_of_best_of_n_stop_at_success(tmp_path):
    broke = [1] * 8 + [2] * 4 + [3] * 2 + [4] * 2
    rows = [
        {"n": i, "search_steps": [{"n": i, "k": k, "asr": float(k == last - 1)} for k in range(last)]}
        for i, last in enumerate(broke)
    ]
    path = tmp_path / "run_search_steps.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    said = found(path)
    assert said["until_success"]
    assert [success(said)[k] for k in (1, 2, 3)] == pytest.approx([0.5, 0.75, 0.875])


# what cannot be read


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "no row holds"),
        ("secret,0,maybe\n", "line 2: unsafe is not a verdict"),
        ("secret,0,0.4\n", "--threshold"),
        ("secret,0,1,,x\n", "line 2: has not as many cells"),
    ],
)
def test_wrong_input_is_one_line_without_a_prompt(tmp_path, rows, said):
    path = tmp_path / "log.csv"
    path.write_text("prompt,sample,unsafe\n" + rows)
    done = fit_asr(path)
    assert done.exit_code == 2
    assert said in done.output
    assert "secret" not in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_many_faults_of_a_kind_are_one_line(tmp_path):
    path = write(tmp_path / "log.csv", [("p", i, "maybe") for i in range(50)])
    done = fit_asr(path)
    assert len(done.output.strip().splitlines()) == 1
    assert "lines 2, 3, 4, 5, 6 and 45 more" in done.output
    assert len(done.output) < 400


def test_two_ways_to_say_what_counts_are_refused(tmp_path):
    done = fit_asr(write(tmp_path / "log.csv", rows_of(STAIRS)), "--threshold", 0.5, "--unsafe-value", "1")
    assert done.exit_code == 2
    assert "valid: one of them" in done.output
