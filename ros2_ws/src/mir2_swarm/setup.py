from glob import glob

from setuptools import find_packages, setup

# launch/ and policies/ are links to the folders of those names at the top of the repository.
setup(
    name="mir2_swarm",
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/mir2_swarm"]),
        ("share/mir2_swarm", ["package.xml"]),
        ("share/mir2_swarm/config", glob("config/*")),
        ("share/mir2_swarm/launch", glob("launch/*.launch.py")),
        ("share/mir2_swarm/scenarios", glob("scenarios/*.yaml")),
        ("share/mir2_swarm/policies", glob("policies/*.onnx")),
        ("share/mir2_swarm/policies/adversaries", glob("policies/adversaries/*.onnx")),
    ],
    zip_safe=False,
    maintainer="MIR2 Swarm maintainers",
    maintainer_email="maintainers@mir2-swarm.invalid",
    description="ROS 2 nodes and launch files that run MIR2 policies on a robot swarm",
    license="MIT",
)
