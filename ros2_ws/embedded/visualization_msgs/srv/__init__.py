from embedded_ros.messages import loader

__getattr__ = loader(__name__)
