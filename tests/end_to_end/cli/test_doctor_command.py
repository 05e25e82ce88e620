"""Does `solv doctor` tell what works from what is missing, never show a key, and fail only where solv cannot work?"""

import json

import pytest

from tests.end_to_end.cli.made_runs import make_run


def by_name(done):
    return {check["name"]: check for check in json.loads(done.stdout)}


def test_every_part_is_looked_at(solv_here):
    done = solv_here("doctor", "--format", "json")
    found = by_name(done)
    wanted = {"python", "libraries", "torch", "device", "threads", "W&B", "datasets", "launcher local", "runs", "disk"}
    assert wanted <= set(found)
    assert found["torch"]["state"] == "works"
    assert done.returncode == 0


@pytest.mark.parametrize(("place", "host"), [("WANDB_API_KEY", ""), ("netrc", ""), ("netrc", "https://wandb.example")])
def test_a_login_is_seen_and_its_key_never_shown(environment, solv_here, tmp_path, place, host):
    secret = "0123456789abcdef0123456789abcdef01234567"
    if host:
        environment["WANDB_BASE_URL"] = host
    if place == "netrc":
        machine = host.removeprefix("https://") or "api.wandb.ai"
        file = tmp_path / "netrc"
        file.write_text(f"machine {machine} login user password {secret}\n")
        file.chmod(0o600)
        environment["NETRC"] = str(file)
    else:
        environment[place] = secret
    for form in ("json", "table"):
        done = solv_here("doctor", "--format", form)
        assert secret not in done.stdout + done.stderr
    assert by_name(solv_here("doctor", "--format", "json"))["W&B"]["state"] == "works"


def test_without_a_login_the_command_is_named(solv_here):
    assert by_name(solv_here("doctor", "--format", "json"))["W&B"]["fix"] == "wandb login"


def test_a_runs_directory_that_cannot_be_written_is_exit_1(solv_here, work):
    (work / "file").write_text("")
    done = solv_here("doctor", "--format", "json", "--runs-dir", "file/runs")
    assert done.returncode == 1
    assert by_name(done)["runs"]["state"] == "broken"
    assert "SOLV_RUNS_DIR" in by_name(done)["runs"]["fix"]


def test_unfinished_runs_are_counted(solv_here, work):
    make_run(work / "runs", finished=False)
    found = by_name(solv_here("doctor", "--format", "json"))["runs"]
    assert "0 finished, 1 unfinished" in found["found"]
    assert found["fix"] == "solv runs --clean"


def install(site, name, **files):
    """Lay down what pip leaves of a distribution that owns a package `solv`."""
    info = site / f"{name}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (info / "top_level.txt").write_text("solv\n")
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text)


def test_another_distribution_that_owns_the_import_name_is_named_with_its_end(solv_here, monkeypatch, tmp_path):
    """On PyPI `solv` is a stranger's project; a checkout installed in place, under whatever name, is one's own."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    install(tmp_path / "site", "mine", direct_url__json='{"url": "file:///mine", "dir_info": {"editable": true}}')
    done = solv_here("doctor", "--format", "json")
    assert (done.returncode, "solv" in by_name(done)) == (0, False)
    install(tmp_path / "site", "solv")
    done = solv_here("doctor", "--format", "json")
    assert done.returncode == 1
    found = by_name(done)["solv"]
    assert found["state"] == "broken"
    assert "distribution solv installs a package `solv`, too" in found["found"]
    assert found["fix"] == "pip uninstall solv"
