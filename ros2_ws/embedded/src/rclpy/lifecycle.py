raise ImportError("rclpy.lifecycle is left out of the embedded runtime, see its README")
