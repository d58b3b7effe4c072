from setuptools import find_packages, setup

setup(
    name="mir2_hardware",
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/mir2_hardware"]),
        ("share/mir2_hardware", ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="MIR2 Swarm maintainers",
    maintainer_email="maintainers@mir2-swarm.invalid",
    description="Drivers of MIR2 Swarm for real robots, and emulators that speak the robots' protocols",
    license="MIT",
)
