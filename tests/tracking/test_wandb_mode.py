"""Is how a run is recorded decided by what was said nearest to it, and never "online" by mistake?"""

import pytest

from solv.tracking.wandb_mode import ModeError, decide, has_login, recorder_environment

KEY = {"WANDB_API_KEY": "0" * 40}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home folder, in which a project is worked on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    project = tmp_path / "project"
    (project / "wandb").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("online", "online"),
        ("run", "online"),
        ("offline", "offline"),
        ("OFFLINE", "offline"),
        (" Offline ", "offline"),
        ("dryrun", "offline"),
        ("off", "offline"),
        ("disabled", "disabled"),
        ("Disabled", "disabled"),
    ],
)
def test_every_word_of_wandb_is_known_in_the_environment_and_in_its_settings_file(home, word, mode):
    assert decide("auto", {**KEY, "WANDB_MODE": word}, home / "project").mode == mode
    (home / "project" / "wandb" / "settings").write_text(f"[default]\nmode = {word}\n")
    assert decide("auto", KEY, home / "project").mode == mode


@pytest.mark.parametrize(
    ("word", "mode"), [("true", "disabled"), ("1", "disabled"), ("false", "online"), ("", "online")]
)
def test_wandb_disabled_is_yes_or_no(home, word, mode):
    assert decide("auto", {**KEY, "WANDB_DISABLED": word}, home / "project").mode == mode


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"WANDB_MODE": "offlien"}, ("WANDB_MODE", "offlien", "online, offline, disabled")),
        ({"WANDB_DISABLED": "perhaps"}, ("WANDB_DISABLED", "perhaps", "true", "false")),
    ],
)
def test_an_unknown_word_is_refused_and_never_means_online(home, environment, words):
    with pytest.raises(ModeError) as refused:
        decide("auto", {**KEY, **environment}, home / "project")
    assert all(word in str(refused.value) for word in words)
    assert decide("offline", {**KEY, **environment}, home / "project").mode == "offline"


def test_an_unknown_word_in_a_settings_file_is_refused_with_the_files_name(home):
    path = home / "project" / "wandb" / "settings"
    path.write_text("[default]\nmode = of\n")
    with pytest.raises(ModeError, match="settings"):
        decide("auto", KEY, home / "project")


def test_a_settings_file_of_the_person_counts_where_the_projects_says_nothing(home):
    own = home / ".config" / "wandb"
    own.mkdir(parents=True)
    (own / "settings").write_text("[default]\nmode = disabled\n")
    assert decide("auto", KEY, home / "project").mode == "disabled"
    (home / "project" / "wandb" / "settings").write_text("[default]\nproject = mine\nmode = offline\n")
    assert decide("auto", KEY, home / "project").mode == "offline"
    elsewhere = {**KEY, "WANDB_CONFIG_DIR": str(home / "nowhere")}
    assert decide("auto", elsewhere, home).mode == "online"


def test_a_settings_file_that_says_disabled_disables(home):
    (home / "project" / "wandb" / "settings").write_text("[default]\ndisabled = true\n")
    assert decide("auto", KEY, home / "project").mode == "disabled"


@pytest.mark.parametrize("text", ["", "no section", "[other]\nmode = disabled\n", "[default]\n", "\x00"])
def test_a_settings_file_that_says_nothing_decides_nothing(home, text):
    (home / "project" / "wandb" / "settings").write_text(text)
    assert decide("auto", KEY, home / "project").mode == "online"


def test_what_the_run_says_comes_first_then_the_environment_then_the_settings_file(home):
    (home / "project" / "wandb" / "settings").write_text("[default]\nmode = disabled\n")
    environment = {**KEY, "WANDB_MODE": "offline"}
    assert decide("online", environment, home / "project").mode == "online"
    assert decide("auto", environment, home / "project").mode == "offline"
    assert decide("auto", KEY, home / "project").mode == "disabled"


def test_without_a_login_nobody_goes_online(home):
    assert decide("auto", {}, home / "project").mode == "offline"
    asked = decide("online", {}, home / "project")
    assert asked.mode == "offline"
    assert "wandb login" in str(asked.warning)
    assert decide("auto", {"WANDB_MODE": "online"}, home / "project").warning == asked.warning


def test_a_login_is_looked_for_at_the_server_that_is_named(home):
    (home / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    (home / ".netrc").chmod(0o600)
    assert has_login({}, home)
    assert not has_login({"WANDB_BASE_URL": "http://127.0.0.1:8080"}, home)
    assert has_login({"WANDB_BASE_URL": "https://ours.wandb.ai"}, home)


def test_without_a_home_or_a_current_folder_the_environment_alone_is_asked(home, monkeypatch):
    gone = home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])  # a uid without a name
    assert decide("auto", {}).mode == "offline"
    assert decide("auto", KEY).mode == "online"


def test_the_recorder_is_given_the_mode_and_nothing_of_another_run(tmp_path):
    left_over = {
        "WANDB_RUN_ID": "abc12345",
        "WANDB_RESUME": "must",
        "WANDB_NAME": "outer",
        "WANDB_SWEEP_ID": "s1",
        "WANDB_DIR": "/proc/nowhere",
        "WANDB_TAGS": "a,b",
        "WANDB_SERVICE": "2-1-tcp-localhost-1",
        "WANDB_PROJECT": "",
        "WANDB_FORK_FROM": "abc12345?_step=1",
        "WANDB_MODE": "online",
        "WANDB_ENTITY": "",
    }
    kept = {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": "http://127.0.0.1:1", "WANDB_RUN_GROUP": "g", "PATH": "/bin"}
    given = recorder_environment("offline", tmp_path, {**left_over, **kept})
    own = {"WANDB_MODE": "offline", "WANDB_DATA_DIR": str(tmp_path), "WANDB_CACHE_DIR": str(tmp_path)}
    assert given == {**kept, **own, "WANDB_ERROR_REPORTING": "false"}


def test_only_online_may_wandb_report_its_own_faults(tmp_path):
    assert "WANDB_ERROR_REPORTING" not in recorder_environment("online", tmp_path, {})
    asked = recorder_environment("online", tmp_path, {"WANDB_ERROR_REPORTING": "false"})
    assert asked["WANDB_ERROR_REPORTING"] == "false"
