from setuptools import find_packages, setup

setup(
    name="mir2_core",
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/mir2_core"]),
        ("share/mir2_core", ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="MIR2 Swarm maintainers",
    maintainer_email="maintainers@mir2-swarm.invalid",
    description="Tasks, policy bundles, robot models, faults and the command gate of MIR2 Swarm",
    license="MIT",
)
