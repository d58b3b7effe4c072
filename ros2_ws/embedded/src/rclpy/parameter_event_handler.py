raise ImportError("rclpy.parameter_event_handler is left out of the embedded runtime, see its README")
