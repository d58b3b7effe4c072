raise ImportError("rclpy.action is left out of the embedded runtime, see its README")
