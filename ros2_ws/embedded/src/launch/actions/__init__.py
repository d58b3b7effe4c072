"""The actions of a launch description."""

from ..utilities import name_modules
from .control import EmitEvent as EmitEvent
from .control import GroupAction as GroupAction
from .control import IncludeLaunchDescription as IncludeLaunchDescription
from .control import LogInfo as LogInfo
from .control import OpaqueCoroutine as OpaqueCoroutine
from .control import OpaqueFunction as OpaqueFunction
from .control import RegisterEventHandler as RegisterEventHandler
from .control import Shutdown as Shutdown
from .control import TimerAction as TimerAction
from .control import UnregisterEventHandler as UnregisterEventHandler
from .execute_process import ExecuteProcess as ExecuteProcess
from .settings import AppendEnvironmentVariable as AppendEnvironmentVariable
from .settings import DeclareLaunchArgument as DeclareLaunchArgument
from .settings import PopEnvironment as PopEnvironment
from .settings import PopLaunchConfigurations as PopLaunchConfigurations
from .settings import PushEnvironment as PushEnvironment
from .settings import PushLaunchConfigurations as PushLaunchConfigurations
from .settings import ResetEnvironment as ResetEnvironment
from .settings import ResetLaunchConfigurations as ResetLaunchConfigurations
from .settings import SetEnvironmentVariable as SetEnvironmentVariable
from .settings import SetLaunchConfiguration as SetLaunchConfiguration
from .settings import UnsetEnvironmentVariable as UnsetEnvironmentVariable
from .settings import UnsetLaunchConfiguration as UnsetLaunchConfiguration

name_modules(__name__)
