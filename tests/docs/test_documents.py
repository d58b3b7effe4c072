"""What documents name exists: links, commands with options and launch arguments, targets, programs, paths, modules."""

import pkgutil
import re
import shlex
import subprocess
import tomllib
from collections import Counter
from contextlib import redirect_stdout
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
import yaml
from mir2_core.config import StrictModel
from mir2_core.run import ARGUMENTS
from mir2_core.traitors import FAULTS
from mir2_policies.cli.main import COMMANDS, parser

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.split()
DOCUMENTS = [name for name in LISTED if (ROOT / name).exists()]
OF_TODAY = [name for name in DOCUMENTS if name != "CHANGELOG.md"]  # which names what is gone

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)((?: {4}.*\n|\n(?= {4}))+)")
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
PLACEHOLDER = re.compile(r"[A-Z]{3,}|…|\.\.\.|<")
SEPARATORS = {"&&", "||", ";", "|", "&"}
FOLDERS = ("bench/", "docs/", "examples/", "hardware/", "launch/", "policies/", "ros2_ws/", "sim/", "tests/")
MODULE = re.compile(r"mir2_(?:core|hardware|policies|sim|swarm)(?:\.\w+)+")


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """The document without blocks of code."""
    return INDENTED.sub("\n", FENCED.sub("", text_of(name)))


def blocks(name: str) -> list[str]:
    """Fenced and indented blocks, but pictures."""
    text = text_of(name)
    fenced = [body for language, body in FENCED.findall(text) if language != "mermaid"]
    return [*fenced, *INDENTED.findall(FENCED.sub("", text))]


def spans(name: str) -> list[str]:
    """Code within a line."""
    return [" ".join(span.split()) for span in INLINE.findall(prose(name))]


def commands(name: str) -> list[list[str]]:
    """The words of every command in blocks of code."""
    lines = [line.strip() for block in blocks(name) for line in block.replace("\\\n", " ").splitlines()]
    return [words for line in lines for words in split(line.removeprefix("$ "))]


def split(line: str) -> list[list[str]]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []  # not a command: an apostrophe in some output
    found: list[list[str]] = [[]]
    for word in words:
        if word in SEPARATORS:
            found.append([])
        else:
            found[-1].append(word)
    return [command for command in found if command]


def anchors(name: str) -> set[str]:
    """What GitHub calls the headings of a document."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCED.sub("", text_of(name))):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@cache
def options_of(command: str) -> set[str]:
    with pytest.raises(SystemExit), redirect_stdout(StringIO()) as shown:
        parser().parse_args([command, "--help"])
    return set(re.findall(r"--[\w-]+", shown.getvalue()))


def test_documents_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/commands.md"} <= set(DOCUMENTS)
    assert sum(words[0] == "mir2" for name in DOCUMENTS for words in commands(name)) >= len(COMMANDS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    for link in LINK.findall(prose(name)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("name", OF_TODAY)
def test_mir2_takes_what_the_documents_give_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(name):
        if words[0] == "mir2" and not PLACEHOLDER.search(" ".join(words)):
            try:
                parser().parse_args(words[1:])
            except SystemExit as refusal:
                if refusal.code:
                    pytest.fail(f"{shlex.join(words)}: {capsys.readouterr().err}")


@pytest.mark.parametrize("name", OF_TODAY)
def test_commands_and_options_that_are_mentioned_exist(name: str) -> None:
    mentioned = [words for span in spans(name) for words in split(span)]
    for words in [*commands(name), *mentioned]:
        if words[0] != "mir2" or len(words) < 2 or PLACEHOLDER.match(words[1]):
            continue
        assert words[1] in COMMANDS, shlex.join(words)
        assert {word for word in words if word.startswith("--")} <= options_of(words[1]), shlex.join(words)


@pytest.mark.parametrize("name", OF_TODAY)
def test_launch_arguments_exist(name: str) -> None:
    typed = [word for words in commands(name) for word in words if "rendezvous.launch.py" in words]
    given = {word.partition(":=")[0] for word in typed if ":=" in word}
    assert given <= set(ARGUMENTS)


@pytest.mark.parametrize("name", OF_TODAY)
def test_make_targets_exist(name: str) -> None:
    targets = set(" ".join(re.findall(r"^([\w -]+):", text_of("Makefile"), re.MULTILINE)).split())
    mentioned = [words for span in spans(name) for words in split(span)]
    wanted = {word for words in [*commands(name), *mentioned] if words[0] == "make" for word in words[1:]}
    assert {word for word in wanted if re.fullmatch(r"[\w-]+", word)} <= targets


@pytest.mark.parametrize("name", OF_TODAY)
def test_programs_exist(name: str) -> None:
    mentioned = [words for span in spans(name) for words in split(span)]
    for _, *words in filter(lambda words: words[0] in ("python", "python3"), [*commands(name), *mentioned]):
        if words[0] == "-m":
            assert find_spec(words[1]), words[1]
        elif words[0].endswith(".py"):
            assert any((folder / words[0]).exists() for folder in (ROOT, (ROOT / name).parent)), words[0]


@pytest.mark.parametrize("name", OF_TODAY)
def test_paths_exist(name: str) -> None:
    for span in spans(name):
        if span.startswith(FOLDERS) and not re.search(r"[<*…{ ]", span):
            assert (ROOT / span).exists(), span


@pytest.mark.parametrize("name", OF_TODAY)
def test_modules_and_what_is_in_them_exist(name: str) -> None:
    for span in spans(name):
        if MODULE.fullmatch(span):
            pkgutil.resolve_name(span)


def test_every_fault_is_in_the_readme_with_its_parameters() -> None:
    rows = [line for line in text_of("README.md").splitlines() if line.startswith("| `")]
    for kind, traitor in FAULTS.items():
        (row,) = [row for row in rows if f"`{kind}`" in row.split("|")[1]]
        for name, default in (traitor.model_dump(mode="json") if isinstance(traitor, StrictModel) else {}).items():
            written = f"{default:g}" if isinstance(default, float | int) else str(default)
            assert (f"`{name}: {written}`" if written else f"`{name}: ") in row, kind


def test_citation_and_changelog_know_this_version() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == version
    assert f"## [{version}]" in text_of("CHANGELOG.md")
