"""`mir2 worst`: put the worst attacks of several studies together."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.files import writable_folder

from mir2_policies.cli.options import show

SUMMARY = "put the worst attacks of several studies together in one table and one picture"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which studies, and where to."""
    parser.add_argument("studies", type=Path, nargs="+", metavar="DIR", help="of studies with a suite of attacks")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for worst.html, .md, .png and .json")


def run(arguments: argparse.Namespace) -> int:
    """Read every `worst.json` below the folders, write the report of all, and print where it is."""
    from mir2_policies.studies.worst import WORST_FILE, WORST_PAGE, merged, read_worst, write_worst

    found = []
    for study in arguments.studies:
        files = sorted(study.rglob(WORST_FILE))
        if not files:
            raise UserError(
                f"{study}: holds no {WORST_FILE}; finish a study there whose plan has attack.families, "
                "with 'mir2 study --resume'"
            )
        found += [each for file in files for each in read_worst(file)]
    together = merged(found)
    directory = writable_folder(arguments.output)
    write_worst(together, directory)
    show({"page": str(directory / WORST_PAGE), "attacks": len(together), "found_twice": len(found) - len(together)})
    return 0
