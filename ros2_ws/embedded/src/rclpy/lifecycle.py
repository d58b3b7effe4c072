raise ImportError("rclpy.lifecycle is left out of the embedded runtime, see ros2_ws/embedded/README.md")
