"""The e-puck2 desktop robot."""

from dataclasses import replace

import numpy as np

from mir2_core.robots.model import ProximitySensor, RobotModel

STEPS_PER_TURN = 1000
FIRMWARE_MAX_STEPS_PER_S = 1100

# ps0 to ps7, useful to about 0.06 m; together their fields of view leave no direction unseen. The noise of a reading,
# some percent, is about a millimetre of distance.
PROXIMITY = tuple(
    ProximitySensor(f"ps{i}", np.radians(bearing_deg), np.radians(60.0), range_m=0.06, noise_m=0.001)
    for i, bearing_deg in enumerate((-15.0, -45.0, -90.0, -150.0, 150.0, 90.0, 45.0, 15.0))
)

# The time-of-flight sensor beside the camera; gates do not use it.
TOF = ProximitySensor("tof", 0.0, np.radians(25.0), range_m=2.0, noise_m=0.0)

EPUCK2 = RobotModel(
    name="epuck2",
    policy_kind="epuck2",
    wheel_radius_m=0.020,
    axle_m=0.05685,
    max_wheel_radps=FIRMWARE_MAX_STEPS_PER_S * 2.0 * np.pi / STEPS_PER_TURN,
    max_wheel_radps2=100.0,
    radius_m=0.035,
    clearance_m=0.010,
    proximity=PROXIMITY,
)

# The robot that the published task assumes: a point whose wheels reach 7.5344 rad/s at once, 0.150688 m/s together. It
# turns at 5.30124 rad/s, which its published axle of 5.685 cm gives after rounding.
EPUCK2_POINT = replace(
    EPUCK2,
    name="epuck2_point",
    axle_m=2.0 * 0.150688 / 5.30124,
    max_wheel_radps=7.5344,
    max_wheel_radps2=np.inf,
    radius_m=0.0,
    clearance_m=0.0,
    proximity=(),
)
