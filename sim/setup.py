from setuptools import find_packages, setup

setup(
    name="mir2_sim",
    version="0.1.0",
    packages=find_packages(),
    package_data={"mir2_sim.robots": ["*/*.urdf"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/mir2_sim"]),
        ("share/mir2_sim", ["package.xml"]),
    ],
    zip_safe=False,
    maintainer="MIR2 Swarm maintainers",
    maintainer_email="maintainers@mir2-swarm.invalid",
    description="Simulators of MIR2 Swarm: batched training worlds and robots with bodies in PyBullet",
    license="MIT",
)
