"""`python -m embedded_ros.cli` is the `ros2` command."""

import sys

from . import main

sys.exit(main())
