"""The description of a process."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from .launch_context import LaunchContext
from .substitution import SomeSubstitutionsType, normalize_texts, normalize_to_list_of_substitutions, perform_text
from .substitutions import LaunchConfiguration
from .utilities import name_modules

Environment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]
_PREFIX = LaunchConfiguration("launch-prefix", default="")
_PREFIX_FILTER = LaunchConfiguration("launch-prefix-filter", default="")
_numbers = count(1)


@dataclass(eq=False, kw_only=True)
class Executable:
    """A command with its surroundings; `prepare` performs the substitutions and sets what begins with `final_`.

    Without a prefix, the launch configuration 'launch-prefix' counts for the programs that 'launch-prefix-filter'
    matches. The final name is the label of its output.
    """

    cmd: Iterable[SomeSubstitutionsType]
    prefix: SomeSubstitutionsType | None = None
    name: SomeSubstitutionsType | None = None
    cwd: SomeSubstitutionsType | None = None
    env: Environment | None = None
    additional_env: Environment | None = None
    arguments: Iterable[SomeSubstitutionsType] | None = None

    final_name: str | None = field(default=None, init=False)
    final_cmd: list[str] | None = field(default=None, init=False)
    final_cwd: str | None = field(default=None, init=False)
    final_env: dict[str, str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        normalize_texts(self)
        self.cmd = [normalize_to_list_of_substitutions(part) for part in [*self.cmd, *(self.arguments or ())]]

    def prepare(self, context: LaunchContext) -> None:
        cmd = [perform_text(context, part) for part in self.cmd]
        takes_prefix = self.prefix is not None or re.match(
            perform_text(context, _PREFIX_FILTER), os.path.basename(cmd[0])
        )
        if takes_prefix:
            cmd = shlex.split(perform_text(context, _PREFIX if self.prefix is None else self.prefix)) + cmd
        name = os.path.basename(cmd[0]) if self.name is None else perform_text(context, self.name)
        env = dict(context.environment) if self.env is None else {}
        for key, value in [*(self.env or {}).items(), *(self.additional_env or {}).items()]:
            env[perform_text(context, key)] = perform_text(context, value)
        self.final_name = f"{name}-{next(_numbers)}"
        self.final_cmd = cmd
        self.final_cwd = None if self.cwd is None else perform_text(context, self.cwd)
        self.final_env = env


name_modules(__name__)
