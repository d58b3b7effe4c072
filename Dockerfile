# Three images from one file; every RUN line is a command that works outside Docker as well, on Ubuntu 24.04 with
# ROS 2 Jazzy.
#   docker build --target robot -t mir2-swarm:robot .    what a robot carries: no PyTorch, no simulator
#   docker build --target lab -t mir2-swarm:lab .        the same plus simulation and training

FROM ros:jazzy-ros-base AS build
WORKDIR /mir2-swarm
COPY ros2_ws ros2_ws
COPY launch launch
COPY policies policies
COPY sim sim
COPY hardware hardware
RUN . /opt/ros/jazzy/setup.sh && cd ros2_ws && \
    colcon build --install-base /opt/mir2_swarm --merge-install

FROM ros:jazzy-ros-base AS robot
RUN apt-get update && apt-get install --yes --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
RUN pip install --break-system-packages --ignore-installed \
    'numpy>=1.26,<2' 'onnxruntime>=1.17,<2' 'pydantic>=2.6,<3' 'pyyaml>=6,<7'
COPY --from=build /opt/mir2_swarm /opt/mir2_swarm
ENTRYPOINT ["bash", "-c", ". /opt/mir2_swarm/setup.bash && exec \"$@\"", "--"]
CMD ["ros2", "pkg", "executables", "mir2_swarm"]

FROM robot AS lab
RUN apt-get update && apt-get install --yes --no-install-recommends g++ python3-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /mir2-swarm
COPY . .
RUN pip install --break-system-packages --editable '.[sim,train]'
CMD ["ros2", "launch", "mir2_swarm", "rendezvous.launch.py"]
