"""What does a person see of `solv coordinate-check`?"""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from solv.cli.main import app

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

HEAD = """
import torch
from torch import nn

from solv.models.coordinate_check import Subject

def x(step):
    return torch.randn(32, 8, generator=torch.Generator().manual_seed(step))

def subject(model, lr=1e-3):
    return Subject(model, torch.optim.Adam(model.parameters(), lr), lambda step: (model(x(step)) - 1).square().mean())
"""

SPELLINGS = (
    HEAD
    + """
def sgd(model, shape):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return Subject(model, optimizer, lambda step: (model(x(step).reshape(shape)).flatten() - 1).square().mean())

def linear(w, relu=nn.ReLU()):
    return sgd(nn.Sequential(nn.Linear(8, w), relu, nn.Linear(w, w), relu, nn.Linear(w, 1)), (32, 8))

def conv(w):
    layers = nn.Conv2d(8, w, 1), nn.ReLU(), nn.Conv2d(w, w, 1), nn.ReLU(), nn.Conv2d(w, 1, 1)
    return sgd(nn.Sequential(*layers), (32, 8, 1, 1))

def inplace(w):
    return linear(w, nn.ReLU(inplace=True))

def dropped(w):
    layers = nn.Linear(8, w), nn.ReLU(), nn.Dropout(0.0), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, 1)
    return sgd(nn.Sequential(*layers), (32, 8))

class Halves(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, 1))

    def forward(self, x):
        return torch.cat([self.body(x[:16]), self.body(x[16:])])

def halves(w):
    return sgd(Halves(w), (32, 8))

def compiled(w):
    made = linear(w)
    return Subject(torch.compile(made.model, backend="eager"), made.optimizer, made.loss)

class Frozen(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.first, self.head = nn.Linear(8, w), nn.Linear(w, 1)
        self.first.requires_grad_(False)

    def forward(self, x):
        x = x.clone()
        out = self.head(torch.relu(self.first(x)))
        x.zero_()
        return out

def frozen_inplace(w):
    return sgd(Frozen(w), (32, 8))
"""
)

ZOO = (
    HEAD
    + """
def needs_more(width, depth):
    raise AssertionError

def heads(width):
    model = nn.MultiheadAttention(width, 8)
    optimizer = torch.optim.Adam(model.parameters())
    return Subject(model, optimizer, lambda step: model(*[torch.ones(3, 1, width)] * 3)[0].sum())

def only_model(width):
    return nn.Linear(width, 1)

def zero_readout(width):
    model = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
    nn.init.zeros_(model[4].weight)
    nn.init.zeros_(model[4].bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Subject(model, optimizer, lambda step: (model(x(step)) - 1).square().mean())

def frozen(width):
    model = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 1))
    model[0].requires_grad_(False)
    optimizer = torch.optim.Adam(model[2].parameters(), 1e-3)
    return Subject(model, optimizer, lambda step: (model(x(step)) - 1).square().mean())

class Recurrent(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.rnn, self.head = nn.LSTM(8, width, batch_first=True), nn.Linear(width, 1)

    def forward(self, x):
        out, _ = self.rnn(x[None])
        return self.head(input=out)

def recurrent(width):
    return subject(Recurrent(width))

class Tied(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embed, self.head = nn.Embedding(11, width), nn.Linear(width, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.embed(ids))

def tied(width):
    model = Tied(width)

    def loss(step):
        ids = torch.randint(0, 11, (16, 9), generator=torch.Generator().manual_seed(step))
        return nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())

    return Subject(model, torch.optim.Adam(model.parameters(), 1e-2), loss)

class Encoder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embed = nn.Embedding(11, width)
        self.layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, 11)

    def forward(self, ids):
        return self.head(self.layer(self.embed(ids)))

def encoder(width):
    model = Encoder(width)

    def loss(step):
        ids = torch.randint(0, 11, (16, 9), generator=torch.Generator().manual_seed(step))
        return nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())

    return Subject(model, torch.optim.Adam(model.parameters(), 3e-3), loss)

def encoder_eval(width):
    made = encoder(width)
    made.model.eval()
    return made

def diverging(width):
    model = nn.Sequential(nn.Linear(width, 1, bias=False))
    nn.init.zeros_(model[0].weight)
    ones = torch.ones(1, width)
    return Subject(model, torch.optim.SGD(model.parameters(), 1e3), lambda step: (model(ones) - 1).square().mean() / 2)

def resting(width):
    print("a word of theirs")
    return subject(nn.Linear(8, width), lr=0.0)

def partly(width):
    made = frozen(width)
    made.model.spare = nn.Linear(3, 3)
    made.model.forward = lambda x: made.model[2](made.model[1](made.model[0](x)))
    return made

class Deep(nn.Module):
    def __init__(self, depth, width=16):
        super().__init__()
        self.first, self.last = nn.Linear(8, width), nn.Linear(width, 1)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        h = self.first(x)
        for layer in self.layers:
            h = h + torch.relu(layer(h))
        return self.last(h)

def deep(width=16, depth=2):
    return subject(Deep(depth, width))
"""
)


@pytest.fixture
def check(monkeypatch):
    monkeypatch.chdir(EXAMPLES)
    return lambda *arguments: CliRunner().invoke(app, ["coordinate-check", *arguments])


@pytest.fixture
def theirs(monkeypatch, tmp_path):
    """A person's folder, and the command in it, which reads its JSON."""
    (tmp_path / "spellings.py").write_text(SPELLINGS)
    (tmp_path / "zoo.py").write_text(ZOO)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        for name in ("spellings", "zoo"):
            sys.modules.pop(name, None)
        done = CliRunner().invoke(app, ["coordinate-check", *arguments])
        assert "Traceback" not in done.output
        assert "internal error" not in done.output
        return done

    return run


def slopes(done):
    return {each["module"]: each for each in json.loads(done.stdout)["modules"]}


def test_a_drifting_model_is_named_and_drawn(check, tmp_path):
    figure = tmp_path / "check.png"
    done = check("two_perceptrons:standard", "--widths", "64,256,1024", "--plot", str(figure))
    assert done.exit_code == 1
    assert "grows" in done.stdout
    assert "modules drift with width" in done.stdout
    assert figure.stat().st_size > 1000


def test_a_transferring_model_passes(check):
    done = check("two_perceptrons:transferring", "--widths", "64,256,1024")
    assert done.exit_code == 0
    assert "0 of 3 modules drift" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["two_perceptrons"], "MODULE:FACTORY"),
        (["no_such_module:f"], "cannot import"),
        (["two_perceptrons:nothing"], "has no nothing"),
        (["two_perceptrons:INPUTS"], "not a function"),
        (["two_perceptrons:perceptron"], "returned Sequential"),
        (["two_perceptrons:standard", "--widths", "64"], "two different"),
        (["two_perceptrons:standard", "--widths", "64,64"], "two different"),
        (["two_perceptrons:standard", "--widths", "64-256"], "list of integers"),
        (["two_perceptrons:standard", "--widths", "wide"], "list of integers"),
        (["two_perceptrons:standard", "--size", "2,4"], "depth=2,4,8"),
        (["two_perceptrons:standard", "--size", "depth=2,x"], "list of integers"),
        (["two_perceptrons:standard", "--size", "depth=2,4", "--widths", "2,4"], "say the same"),
        (["two_perceptrons:standard", "--rates", "1"], "LOW:HIGH"),
        (["two_perceptrons:standard", "--rates", "1:0.1"], "LOW < HIGH"),
        (["two_perceptrons:standard", "--rates", "0.1:0.2"], "from 3 to 100"),
        (["two_perceptrons:standard", "--rates", "low:high"], "LOW:HIGH"),
        (["two_perceptrons:standard", "--rates", "2**-9999:2**9999"], "LOW:HIGH"),
        (["two_perceptrons:standard", "--rates", "-1:1"], "> 0"),
    ],
)
def test_wrong_input_is_one_line(check, arguments, said):
    done = check(*arguments)
    assert done.exit_code not in (0, 1)
    assert said in done.output
    assert "Traceback" not in done.output


def test_five_spellings_of_one_network_check_the_same(theirs):
    names = {
        "conv": "0 2 4",
        "inplace": "0 2 4",
        "dropped": "0 3 5",
        "halves": "body.0 body.2 body.4",
        "compiled": "0 2 4",
    }
    common = ("--widths", "32,64", "--seeds", "2", "--format", "json")
    expected = [each["slope"] for each in slopes(theirs("spellings:linear", *common)).values()]
    assert len(expected) == 3
    for spelling, modules in names.items():
        found = slopes(theirs(f"spellings:{spelling}", *common))
        assert " ".join(found) == modules
        assert [each["slope"] for each in found.values()] == pytest.approx(expected, abs=1e-5)


def test_a_frozen_layer_whose_input_is_overwritten_has_learned_exactly_nothing(theirs):
    found = slopes(theirs("spellings:frozen_inplace", "--widths", "32,64", "--format", "json"))
    assert found["first"]["verdict"] == "does not learn"
    assert all(value == 0 for row in found["first"]["learned"] for value in row)
    assert "frozen" in found["first"]["note"]


@pytest.mark.parametrize("factory", ["encoder", "encoder_eval"])
def test_the_attention_of_torch_is_measured_in_training_and_in_eval(theirs, factory):
    done = theirs(f"zoo:{factory}", "--widths", "64,128,256", "--format", "json")
    assert done.exit_code == 1
    found = slopes(done)
    assert found["layer.self_attn.in_proj_weight"]["verdict"] == "grows"
    assert "layer.self_attn.out_proj" in found
    assert json.loads(done.stdout)["parameter_tensors"] == {"all": 15, "not_measured": 0}


@pytest.mark.parametrize("steps", ["7", "8"])
def test_a_model_that_overflows_at_large_width_fails_the_check(theirs, steps):
    done = theirs("zoo:diverging", "--widths", "64,1024", "--steps", steps)
    assert done.exit_code == 1
    assert "diverges" in done.stdout
    assert "not finite at 1024" in done.stdout
    as_json = theirs("zoo:diverging", "--widths", "64,1024", "--steps", steps, "--format", "json")
    assert slopes(as_json)["0"]["learned"][0][1] in ("inf", "-inf", None)


def test_a_zero_readout_hides_what_is_below_it_for_one_step(theirs):
    found = slopes(theirs("zoo:zero_readout", "--widths", "64,128", "--steps", "1", "--format", "json"))
    for name in ("0", "2"):
        assert found[name]["verdict"] == "does not learn"
        assert "more --steps" in found[name]["note"]
        assert found[name]["learned"] == [[0, 0]] * 3
    assert found["4"]["learned"][0][0] > 0
    again = slopes(theirs("zoo:zero_readout", "--widths", "64,128", "--steps", "2", "--format", "json"))
    assert all(again[name]["learned"][0][0] > 0 for name in ("0", "2", "4"))


def test_recurrent_modules_and_keywords_are_measured(theirs):
    found = slopes(theirs("zoo:recurrent", "--widths", "64,128", "--format", "json"))
    assert list(found) == ["rnn", "head"]
    assert all(each["slope"] > 0.2 for each in found.values())


def test_a_tied_weight_has_a_slope_as_embedding_and_another_as_head(theirs):
    done = theirs("./zoo.py:tied", "--widths", "64, 512", "--format", "json")
    assert done.exit_code == 1
    found = slopes(done)
    assert found["embed"]["slope"] == pytest.approx(0, abs=0.02)
    assert found["head"]["slope"] == pytest.approx(0.944, abs=0.05)


def test_one_seed_and_parts_that_nothing_is_known_of_are_no_pass(theirs):
    done = theirs("zoo:frozen", "--widths", "64,128", "--seeds", "1")
    assert done.exit_code == 0
    assert "one seed has no error" in done.stdout
    assert "undecided, which is not a pass" in done.stdout
    done = theirs("zoo:partly", "--widths", "64,128")
    assert done.exit_code == 1
    assert "not measured, spare: weight, bias" in done.stdout
    assert "nothing is known of 2 of 6 parameter tensors" in done.stdout


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("zoo:needs_more", "needs depth beside the width"),
        ("zoo:only_model", "returned Linear"),
        ("zoo:heads", "zoo:heads: at width 100: AssertionError: embed_dim must be divisible by num_heads (zoo.py:"),
        ("zoo:resting", "no module learned anything: its learning rate is 0"),
    ],
)
def test_a_fault_of_theirs_is_one_line_and_2(theirs, factory, said):
    done = theirs(factory, "--widths", "96,100")
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr


def test_what_they_print_is_no_part_of_the_json(theirs):
    done = theirs("zoo:resting", "--widths", "8,16", "--format", "json")
    assert json.loads(done.stdout)["modules"][0]["note"] == "its learning rate is 0"
    assert "a word of theirs" in done.stderr


def test_any_size_and_layers_that_only_deep_models_have(theirs):
    done = theirs("zoo:deep", "--size", "depth=2,4", "--format", "json")
    assert list(slopes(done)) == ["first", "last", "layers.*"]
    assert json.loads(done.stdout)["size"] == "depth"
    assert json.loads(done.stdout)["parameters"]["all"] == 8 * 16 + 16 + 17 + 4 * (16 * 16 + 16)


def test_rates_are_scanned(theirs, tmp_path):
    figure = tmp_path / "rates.png"
    arguments = ["zoo:deep", "--widths", "8,32", "--rates", "2**-9:2**-1", "--steps", "5", "--seeds", "2"]
    done = theirs(*arguments, "--plot", str(figure))
    assert done.exit_code in (0, 1)
    assert "Best of 9 rates, 0.00195 to 0.5" in done.stdout
    assert "per doubling of the width the best rate is multiplied by" in done.stdout
    assert figure.stat().st_size > 1000
    found = json.loads(theirs(*arguments, "--format", "json").stdout)
    assert found["verdict"] in ("moves", "transfers", "undecided")
    assert [each["width"] for each in found["sizes"]] == [8, 32]


def test_a_project_with_folders_of_the_names_of_ours(theirs, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "models" / "gpt.py").write_text("from torch import nn\ndef net(w):\n    return nn.Linear(8, w)\n")
    (tmp_path / "tracking.py").write_text("raise RuntimeError('not yours')\n")
    (tmp_path / "their_check.py").write_text(
        HEAD + "from models.gpt import net\n\ndef build(width):\n    return subject(net(width))\n"
    )
    known = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "models"}
    try:
        done = theirs("their_check:build", "--widths", "8,16", "--plot", str(tmp_path / "a.png"))
        assert done.exit_code in (0, 1), done.output
        assert "figure:" in done.stdout
        assert "returned Linear" in theirs("models.gpt:net", "--widths", "8,16").stderr
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
            del sys.modules[name]
        sys.modules.update(known)
