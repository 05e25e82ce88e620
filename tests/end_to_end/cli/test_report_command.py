"""Is the report one file that works in a real browser: figures, hover, filter, themes, keyboard, and no network?"""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.end_to_end.cli.made_runs import CLAIMS, make_run
from tests.end_to_end.cli.test_errors import assert_one_line
from tests.system_packages import require

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of two runs of one experiment, made by the command."""
    from typer.testing import CliRunner

    from solv.cli.main import app

    folder = tmp_path_factory.mktemp("report")
    make_run(folder / "runs", at="20260102-030405")
    make_run(folder / "runs", "seed=1", at="20260202-030405", preset="quick", claims=CLAIMS[:1])
    target = folder / "report.html"
    done = CliRunner().invoke(app, ["report", "--all", "-o", str(target), "--runs-dir", str(folder / "runs")])
    assert done.exit_code == 0, done.output
    assert "2 runs" in done.output
    return target


def test_the_page_holds_everything_and_asks_for_nothing(page):
    text = page.read_text(encoding="utf-8")
    markup = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=\"(?!data:)", markup)
    assert "default-src 'none'" in markup
    assert "url(" not in markup


def test_the_first_page_shows_the_headline_and_the_verdicts_of_every_run(page):
    text = page.read_text(encoding="utf-8")
    first = text[text.index('class="overview"') : text.index('<section class="experiment"')]
    assert first.count('src="data:image/png;base64,') == 2
    assert 'alt="Headline of cot-depth · smoke: 1 holds, 1 fails, 1 undecided"' in first
    assert 'alt="Headline of cot-depth · quick: 1 holds"' in first


def test_text_of_claims_is_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert "The &lt;b&gt;first&lt;/b&gt; &amp; foremost." in text
    assert "<b>first</b>" not in text


def test_each_run_says_what_made_it_and_how_to_make_it_again(page):
    text = page.read_text(encoding="utf-8")
    assert "solv run cot-depth --preset smoke" in text
    assert "phase.columns=3" in text
    assert "seed=1" in text
    assert "0123456789ab" in text
    assert "numpy 2.0" in text


def test_the_command_in_the_page_makes_the_same_run(page, solv_here):
    import html
    import shlex

    text = page.read_text(encoding="utf-8")
    for command in re.findall(r"<pre>(.*?)</pre>", text):
        name, *arguments = shlex.split(html.unescape(command))[2:]
        preset = arguments[arguments.index("--preset") + 1] if "--preset" in arguments else "quick"
        overrides = [argument for argument in arguments if "=" in argument]

        from solv.harness.compose import settings_for
        from solv.harness.runner import run_key

        assert run_key(*settings_for(name, preset, overrides)) in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["zzz"], ["no run 'zzz'"]),
        (["-o", "report.pdf"], [".html"]),
        (["-o", "no/report.html"], ["does not exist"]),
        (["--runs-dir", "elsewhere"], ["no finished run in elsewhere"]),
        (["--preset", "paper"], ["no finished run of preset paper"]),
    ],
)
def test_wrong_input_is_one_line(solv_here, work, arguments, words):
    make_run(work / "runs")
    assert_one_line(solv_here("report", *arguments), *words)


def test_runs_and_experiments_can_be_named(solv_here, work):
    run = make_run(work / "runs")
    make_run(work / "runs", "seed=1", at="20260202-030405")
    assert "1 run," in solv_here("report", run.key, "-o", "one.html").stdout
    assert "2 runs," in solv_here("report", run.key, "cot-depth", "-o", "two.html").stdout


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; where there is none the tests are skipped, unless the environment requires it."""
    require(CHROMIUM, "Chromium", "chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser, page):
    """Open the report; at the end no console message, no error and no request beyond the file itself may have come."""
    contexts, faults, requests = [], [], []

    def call(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.as_uri())
        return tab

    yield call
    for context in contexts:
        context.close()
    assert faults == []
    assert [url for url in requests if not url.startswith((page.as_uri(), "data:", "blob:"))] == []


def first_figure(tab):
    figure = tab.locator("figure").first
    figure.scroll_into_view_if_needed()
    figure.locator(".plot .main-svg").first.wait_for()
    return figure


def test_the_figures_are_drawn_when_they_come_into_view(visit):
    tab = visit()
    figure = first_figure(tab)
    assert figure.locator(".scatterlayer .trace").count() >= 4
    assert figure.locator(".series button").count() == 2
    for index in range(tab.locator("figure").count()):
        tab.locator("figure").nth(index).scroll_into_view_if_needed()
    tab.wait_for_function("document.querySelectorAll('.plot:not(.js-plotly-plot)').length === 0")
    assert tab.locator(".heatmaplayer image").count() >= 1


def test_no_button_sends_a_figure_away(visit):
    figure = first_figure(visit())
    titles = figure.locator(".modebar-btn").evaluate_all("buttons => buttons.map(button => button.dataset.title)")
    assert titles == ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes", "Download plot as a PNG"]


def test_hovering_shows_the_values(visit):
    figure = first_figure(visit())
    box = figure.locator(".scatterlayer .points path").nth(2).bounding_box()
    figure.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    text = figure.locator(".hoverlayer .hovertext").first
    text.wait_for()
    assert re.search(r"reasoning|depth = \d", text.text_content())
    assert "±" in text.text_content()


def test_the_filter_shows_claims_of_one_verdict_by_mouse_and_by_key(visit):
    tab = visit()
    assert tab.locator(".claim:visible").count() == 4
    tab.get_by_role("button", name="fails 1").click()
    assert tab.locator(".claim:visible").all_inner_texts()[0].startswith("✕ fails")
    assert tab.locator(".claim:visible").count() == 1
    assert tab.locator(".empty:visible").count() == 1
    tab.keyboard.press("h")
    assert tab.locator(".claim:visible").count() == 2
    assert tab.get_by_role("button", name="holds 2").get_attribute("aria-pressed") == "true"
    tab.keyboard.press("a")
    assert tab.locator(".claim:visible").count() == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_toggle(visit, scheme):
    tab = visit(color_scheme=scheme)
    figure = first_figure(tab)
    paper = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('.scatterlayer .js-line')).stroke"
    before = tab.evaluate(paper), tab.evaluate(line)
    assert (sum(map(int, re.findall(r"\d+", before[0]))) < 200) == (scheme == "dark")
    tab.get_by_role("button", name="Light or dark").click()
    tab.wait_for_timeout(200)
    after = tab.evaluate(paper), tab.evaluate(line)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert figure.is_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(visit):
    tab = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True, device_scale_factor=2)
    first_figure(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = [button.bounding_box()["height"] for button in tab.locator(".filter button, #theme, #jump").all()]
    assert min(sizes) >= 30


def test_the_keyboard_reaches_experiments_series_and_values(visit):
    tab = visit()
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.id") == "name-0"
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.id") == "name-1"
    figure = first_figure(tab)
    series = figure.locator(".series button").first
    series.focus()
    tab.keyboard.press("Enter")
    assert series.get_attribute("aria-pressed") == "false"
    figure.locator("summary").focus()
    tab.keyboard.press("Enter")
    figure.locator("table").wait_for()
    assert "±" in figure.locator("table").inner_text()
