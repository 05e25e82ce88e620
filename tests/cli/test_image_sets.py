"""Do the commands of an image set fetch into the right folder, tell how far they are, and say what is there?"""

from typer.testing import CliRunner

from solv.cli.image_sets import commands
from solv.data.sbd import image_sets
from solv.data.sbd.image_sets import ImageSetError


def call(*arguments):
    return CliRunner().invoke(commands("cifar10", "CIFAR-10"), list(arguments))


def test_a_download_is_told_in_tenths(monkeypatch):
    asked = []

    def fetch(name, folder, told):
        asked.append((name, folder))
        for here in range(1001):
            told(here * 1000, 1_000_000)
        return True

    monkeypatch.setattr(image_sets, "fetch_image_set", fetch)
    done = CliRunner().invoke(commands("cifar10", "CIFAR-10"), ["fetch", "--folder", "here"])
    assert done.exit_code == 0, done.output
    assert asked == [("cifar10", "here")]
    assert done.output.count(" of 1 MB") == 11
    assert "fetched: here" in done.output


def test_what_is_there_is_not_fetched_again(monkeypatch):
    monkeypatch.setattr(image_sets, "fetch_image_set", lambda name, folder, told: False)
    assert call("fetch").output.startswith(f"already there: {image_sets.default_folder('cifar10')}")


def test_a_check_says_what_is_there_or_one_line(monkeypatch):
    monkeypatch.setattr(image_sets, "check_image_set", lambda name, folder: f"{name} in {folder}: fine")
    assert call("check", "--folder", "x").output == "cifar10 in x: fine\n"

    def damaged(name, folder):
        raise ImageSetError("a.tar.gz: is damaged")

    monkeypatch.setattr(image_sets, "check_image_set", damaged)
    done = call("check")
    assert done.exit_code == 2
    assert done.output == "solv: a.tar.gz: is damaged\n"
