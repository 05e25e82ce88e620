"""Do objects of loss curves say what their fits say, and are logs and runs of ours read?"""

import json
from enum import StrEnum

import numpy as np
import pytest
from matplotlib.figure import Figure

import solv
from solv.data.loss_logs import LossLogError
from solv.harness.loss_fits import draw_loss_curves, fit_logged, read_losses
from solv.tracking.curves import Recorder, join_curves


class Own(StrEnum):
    LOSS = "loss"
    RATE = "rate"


X = 10.0 * np.arange(1, 61)


def curve(seed, noise=0.02):
    return 2 + 8 / np.sqrt(X) + noise * np.random.default_rng(seed).standard_normal(len(X))


def test_a_loss_curve_is_a_function_with_an_answer_a_table_and_a_figure():
    fit = solv.fit.loss_curve([0, *X], [11, *curve(0)], name="mine")
    assert fit.exponent_interval[0] < 0.5 < fit.exponent_interval[1]
    assert fit.answer.startswith("yes: a power law to a limit")
    assert "left out" in fit.notes[0]
    assert fit.beyond == [1200, 6000, 60000]
    assert fit.frame()["used"].sum() == fit.points
    assert isinstance(fit.plot(), Figure)
    assert "power law" in fit._repr_html_()


@pytest.mark.parametrize(
    ("y", "answer"),
    [
        (2 + 3 * np.exp(-X / 150), "no: an exponential describes it better"),
        (3 + 0 * X, "no: within its noise the curve is flat"),
    ],
)
def test_what_is_no_power_law_is_said(y, answer):
    rng = np.random.default_rng(1)
    fit = solv.fit.loss_curve(X, y + 0.01 * rng.standard_normal(len(X)), (0, np.inf))
    assert fit.answer.startswith(answer)
    assert isinstance(fit.plot(), Figure)


def test_doubts_are_said():
    late = X > 400
    assert any("less than a decade" in said for said in solv.fit.loss_curve(X[late], curve(0, 0)[late]).warnings)
    steps = np.arange(1.0, 101)
    smooth = 2 + 8 / np.sqrt(steps) + 0.3 * np.sin(steps / 8)
    assert any("go together over" in said for said in solv.fit.loss_curve(steps, smooth, (0, np.inf)).warnings)


def test_measured_curves_of_a_run_of_ours_are_read(tmp_path):
    record = Recorder("own", "part")
    rows = join_curves(
        [
            record.trained(Own.LOSS, {"width": 8}, x=("step", X), y=("loss", curve(0)), y_err=np.nan, n=1),
            record.theory(Own.LOSS, {"width": 8}, x=("step", X), y=("loss", curve(0, 0))),
            record.trained(Own.RATE, {"width": 8}, x=("step", X[:3]), y=("rate", X[:3]), y_err=np.nan, n=1),
        ]
    )
    rows.to_parquet(tmp_path / "curves.parquet")
    [found] = read_losses(tmp_path)
    assert found.name == "loss width=8 (trained)"
    assert fit_logged(found).exponent == pytest.approx(0.5, abs=0.1)
    with pytest.raises(LossLogError, match="loss against step, rate against step"):
        read_losses(tmp_path, y="rate")


def test_a_folder_with_a_trainer_state_is_read_and_another_is_named(tmp_path):
    history = [{"step": int(a), "loss": float(b)} for a, b in zip(X, curve(0), strict=True)]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": history}))
    assert len(read_losses(tmp_path)[0].x) == len(X)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LossLogError, match="a folder without"):
        read_losses(tmp_path / "empty")


def test_several_runs_share_a_figure():
    fits = [solv.fit.loss_curve(X, curve(seed), (0, np.inf), name=f"run {seed}") for seed in range(2)]
    assert len(draw_loss_curves(fits).axes) == 2


def test_invalid_points_are_named():
    with pytest.raises(ValueError, match="shapes"):
        solv.fit.loss_curve([1, 2], [1])
    with pytest.raises(ValueError, match="3 points at x > 0"):
        solv.fit.loss_curve([1, 2, 3], [3, 2, 1])
