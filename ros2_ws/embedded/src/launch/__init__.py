"""The launch system: describe a set of processes in Python, run it, and end all of it."""

from . import actions as actions
from . import conditions as conditions
from . import event_handlers as event_handlers
from . import events as events
from . import launch_description_sources as launch_description_sources
from . import logging as logging
from . import substitutions as substitutions
from . import utilities as utilities
from .action import Action as Action
from .action import LaunchDescriptionEntity as LaunchDescriptionEntity
from .action import SomeEntitiesType as SomeEntitiesType
from .conditions import Condition as Condition
from .event_handlers import EventHandler as EventHandler
from .events import Event as Event
from .launch_context import LaunchContext as LaunchContext
from .launch_description import LaunchDescription as LaunchDescription
from .launch_description_sources import InvalidLaunchFileError as InvalidLaunchFileError
from .launch_description_sources import LaunchDescriptionSource as LaunchDescriptionSource
from .launch_service import LaunchService as LaunchService
from .substitution import SomeSubstitutionsType as SomeSubstitutionsType
from .substitution import Substitution as Substitution

utilities.name_modules(__name__)
