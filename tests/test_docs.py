"""The documents say what is so: links, commands, settings and module names in them exist."""

import re
import subprocess
from pathlib import Path

import pytest

from tocsin.settings import SETTINGS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tocsin"

# Put together here, so that this file holds none of them.
HOSTS = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "index-" + "url", "find-" + "links"]))
MACHINE_PATHS = re.compile(r"(?:^|[^\w.~/-])/(?:home|root|farm|work|Users)/[a-z.]", re.MULTILINE)
TEXT_SUFFIXES = {
    "",
    ".cfg",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}


def tracked_files() -> list[Path]:
    """Files of the repository, also those just written; what .gitignore names is left out."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        pytest.skip("this is not a git checkout")
    return [path for name in listing.stdout.splitlines() if (path := ROOT / name).is_file()]


def documents() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def anchors_of(path: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for document in documents():
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (document.parent / name).resolve() if name else document
            if not path.exists() or (anchor and anchor not in anchors_of(path)):
                broken.append(f"{document.name}: {target}")
    assert broken == []


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in documents():
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+)(?=`|\s*#|$)", text, re.MULTILINE)
        strangers = {word for words in named for word in words.split()} - targets
        assert strangers == set(), document.name


def test_make_alone_explains_its_everyday_targets() -> None:
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "test", "check", "fix", "bench", "docs", "clean"):
        assert re.search(rf"^ +make {target} +\w", printed, re.MULTILINE), target


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert [one.name for one in SETTINGS if f"`{one.name}`" not in page] == []


def test_settings_that_documents_name_exist() -> None:
    known = {one.name for one in SETTINGS}
    for document in documents():
        named = set(re.findall(r"\bTOCSIN_[A-Z_]+[A-Z]\b", document.read_text(encoding="utf-8")))
        assert {name.removesuffix("_FILE") for name in named} <= known, document.name


def test_modules_that_the_glossary_names_exist() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/(?:[a-z_]+\.py)?)`", text)
    assert named
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        if path.suffix in TEXT_SUFFIXES and "vendor" not in path.parts:
            text = path.read_text(encoding="utf-8")
            found += [f"{path.name}: {match.group()}" for match in HOSTS.finditer(text)]
            found += [f"{path.name}: {match.group()}" for match in MACHINE_PATHS.finditer(text)]
    assert found == []
