from setuptools import find_packages, setup

setup(
    name="liblegacy",
    version="4.7",
    description="Labels as the old dispatch system prints them",
    packages=find_packages(),
    python_requires=">=3.9",
)
