"""Does `solv cite` print BibTeX of the paper and of the software, and does CITATION.cff name the same papers?"""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from solv.cli.cite import article, software
from solv.cli.main import app
from solv.harness.catalog import entry, names

ROOT = Path(__file__).resolve().parents[2]


def test_an_article_has_what_bibtex_needs():
    text = article(entry("cot-depth"))
    assert text.startswith("@misc{cot-depth,\n")
    assert "{Kaito Takanami and Cengiz Pehlevan}" in text
    assert re.search(r"eprint += \{2606\.03217\}", text)
    assert "{2026}" in text


def test_braces_match_in_every_entry():
    for text in (*(article(entry(name)) for name in names()), software()):
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize(("words", "count"), [(["cot-depth", "pita"], 3), ([], 11)])
def test_the_command_prints_the_papers_and_the_software(words, count):
    done = CliRunner().invoke(app, ["cite", *words])
    assert done.exit_code == 0, done.output
    assert len(re.findall(r"^@", done.output, flags=re.MULTILINE)) == count


def test_an_unknown_experiment_is_one_line(capfd):
    done = CliRunner().invoke(app, ["cite", "cot-dept"])
    assert done.exit_code == 2
    assert "cot-depth" in done.output + capfd.readouterr().err


def test_the_citation_file_has_the_same_papers():
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    told = {(each["title"], each["identifiers"][0]["value"]) for each in content["references"]}
    assert told == {(entry(name).paper.title, f"arXiv:{entry(name).paper.arxiv}") for name in names()}
    for reference in content["references"]:
        authors = ", ".join(f"{each['given-names']} {each['family-names']}" for each in reference["authors"])
        assert authors in {entry(name).paper.authors for name in names()}
