raise ImportError("rclpy.service_introspection is left out of the embedded runtime, see its README")
