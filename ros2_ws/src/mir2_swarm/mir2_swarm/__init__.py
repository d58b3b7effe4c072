"""ROS 2 nodes of MIR2 Swarm; all thinking is in mir2_core."""
