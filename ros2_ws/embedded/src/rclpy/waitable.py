raise ImportError("rclpy.waitable is left out of the embedded runtime, see its README")
