"""What the embedded ROS 2 runtime is made of; nodes import `rclpy` and message packages, never this package."""
