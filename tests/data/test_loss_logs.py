"""Are loss curves read from the logs of tools as they are, and is what is left out said?"""

import json

import numpy as np
import pytest

from solv.data.loss_logs import LossLogError, clean, read_columns, read_loss_log

STEPS = [1, 4, 16, 64, 256, 1024, 4096]
LOSS = [10, 6, 4, 3, 2.5, 2.25, 2.125]  # 2 + 8 / sqrt(step)


def file(tmp_path, text, name="log.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def assert_curve(curve):
    assert curve.x.tolist() == STEPS
    assert curve.y.tolist() == LOSS


def test_an_export_of_wandb_holds_a_curve_for_each_run(tmp_path):
    rows = [
        '"Step","a - train/loss","a - train/loss__MIN","a - train/loss__MAX","b - train/loss","b - train/loss__MIN"'
    ]
    for i, (step, loss) in enumerate(zip(STEPS, LOSS, strict=True)):
        rows.append(f'"{step}","{loss}","{loss}","{loss}","{loss if i % 2 else ""}",""')
    first, second = read_loss_log(file(tmp_path, "\n".join(rows)))
    assert first.name == "a - train/loss"
    assert_curve(first)
    assert second.x.tolist() == STEPS[1::2]
    assert (first.notes, second.notes) == ((), ())


def test_an_export_of_tensorboard_is_read(tmp_path):
    text = "Wall time,Step,Value\n" + "".join(f"1.7e9,{a},{b}\n" for a, b in zip(STEPS, LOSS, strict=True))
    [curve] = read_loss_log(file(tmp_path, text))
    assert_curve(curve)


def test_a_state_of_the_trainer_is_cleaned(tmp_path):
    history = [{"step": 0, "loss": 11.5}, *({"step": a, "loss": b} for a, b in zip(STEPS, LOSS, strict=True))]
    history[5:5] = [{"step": 64, "eval_loss": 3.2}, {"step": 100, "loss": float("nan")}, {"step": 64, "loss": 3.0}]
    history.append({"step": 4096, "train_loss": 2.9})
    for indent in (1, None):
        path = file(tmp_path, json.dumps({"log_history": history}, indent=indent), "trainer_state.json")
        [curve] = read_loss_log(path)
        assert_curve(curve)
        said = " ".join(curve.notes)
        assert "1 value of loss not finite, at step 100" in said
        assert "1 point at step 0" in said
        assert "1 repeated step counted once" in said


def test_a_log_of_nanogpt_holds_three_curves(tmp_path):
    lines = ["number of parameters: 0.80M"]
    for step, loss in zip(STEPS, LOSS, strict=True):
        lines += [
            f"step {step}: train loss {loss:.4f}, val loss {loss + 0.1:.4f}",
            f"iter {step}: loss {loss:.4f}, time 9ms",
        ]
    lines += ["iter 5000: loss nan, time 9ms", "iter 5001: loss nan, time 9ms"]
    curves = {curve.name: curve for curve in read_loss_log(file(tmp_path, "\n".join(lines), "nanogpt.log"))}
    assert list(curves) == ["train loss", "val loss", "loss"]
    assert_curve(curves["loss"])
    assert "from step 5000 on none is finite" in curves["loss"].notes[0]
    [chosen] = read_loss_log(tmp_path / "nanogpt.log", y="val loss")
    assert chosen.y[0] == pytest.approx(10.1)


def test_a_log_of_megatron_is_read_by_iterations_and_by_samples(tmp_path):
    line = (
        " iteration {:8d}/    4096 | consumed samples: {:12d} | lm loss: {:.6E} | loss scale: 1.0 | grad norm: 1.000 |"
    )
    lines = [line.format(a, 8 * a, b) for a, b in zip(STEPS, LOSS, strict=True)]
    lines.append(" validation loss at iteration 4096 | lm loss value: 2.2E+00 | lm loss PPL: 9.0E+00 |")
    path = file(tmp_path, "\n".join(lines), "megatron.log")
    training, validation = read_loss_log(path)
    assert training.name == "lm loss"
    assert_curve(training)
    assert validation.y.tolist() == [2.2]
    assert read_loss_log(path, x="consumed samples", y="lm loss")[0].x.tolist() == [8 * step for step in STEPS]


@pytest.mark.parametrize(
    "line",
    [
        "step {0}/4096 | train loss {1} | norm 0.9 | lr 3e-4",
        "[rank0] step: {0}  loss: {1}  memory: 30GiB",
        "Epoch 1, Step {0}, Loss={1}",
        "2026-01-01 12:00:00,123 INFO iteration {0}: training loss = {1}",
        "{{'loss': {1}, 'learning_rate': 5e-05, 'epoch': {0}}}",
    ],
)
def test_logs_in_other_words_are_read(tmp_path, line):
    text = "\n".join(line.format(a, b) for a, b in zip(STEPS, LOSS, strict=True))
    [curve] = read_loss_log(file(tmp_path, text, "train.log"))
    assert_curve(curve)


def test_json_lines_and_long_tables_are_read(tmp_path):
    rows = [{"_step": a, "train/loss": b, "lr": 0.1} for a, b in zip(STEPS, LOSS, strict=True)]
    [curve] = read_loss_log(file(tmp_path, "\n".join(map(json.dumps, rows)), "history.jsonl"))
    assert_curve(curve)
    text = "run,step,loss\n" + "".join(f"{r},{a},{b}\n" for r in "ab" for a, b in zip(STEPS, LOSS, strict=True))
    curves = read_loss_log(file(tmp_path, text))
    assert [each.name for each in curves] == ["a", "b"]
    assert_curve(curves[1])
    renamed = file(tmp_path, text.replace("run,", "trial,"))
    assert [each.name for each in read_loss_log(renamed, run_column="trial")] == ["a", "b"]


def test_columns_of_any_name_can_be_named(tmp_path):
    text = "tokens seen;nats\n" + "".join(f"{a};{str(b).replace('.', ',')}\n" for a, b in zip(STEPS, LOSS, strict=True))
    [curve] = read_loss_log(file(tmp_path, text), x="tokens seen", y="nats")
    assert_curve(curve)
    assert (curve.x_name, curve.y_name) == ("tokens seen", "nats")


def test_a_restart_supersedes_what_came_after_its_step():
    curve = clean("a", [10, 20, 30, 40, 25, 35, 45], [5, 4, 3, 9, 3.5, 2.8, 2.5])
    assert curve.x.tolist() == [10, 20, 25, 35, 45]
    assert curve.notes == ("1 restart (step goes back to 25): 2 earlier points from there on left out",)


def test_rows_that_fall_or_are_in_no_order_are_no_restarts():
    assert clean("a", [3, 2, 1], [1, 2, 3]).x.tolist() == [1, 2, 3]
    rng = np.random.default_rng(0)
    order = rng.permutation(50) + 1.0
    curve = clean("a", list(order), list(1 / order))
    assert curve.x.tolist() == list(range(1, 51))
    assert "in no order" in curve.notes[0]


def test_columns_of_a_table_of_runs_skip_blank_rows(tmp_path):
    n, loss = read_columns(file(tmp_path, "N,D,loss\n1e8,1e9,3.5\n1e9,,\n1e9,1e10,2.5\n"), ["N", "loss"])
    assert n.tolist() == [1e8, 1e9]
    assert loss.tolist() == [3.5, 2.5]


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("a,b\n1,2\n2,3\n", {}, "no column of steps; name one with --x; columns: a, b"),
        ("step,a,b\n1,2,3\n", {}, "which column is the loss"),
        ("step,loss\n1,two\n", {}, "line 2: loss is no number"),
        ("step,loss\n1\n", {}, "line 2 has not as many cells"),
        ("step,loss\n1,2\n", {"y": "nats"}, "no column nats; columns: step, loss"),
        ("just words\nand more\n", {}, "no loss in it"),
        ("", {}, "the file is empty"),
        ("step,loss\n", {}, "loss hold no number"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, asked, said):
    with pytest.raises(LossLogError, match=said):
        read_loss_log(file(tmp_path, text), **asked)
