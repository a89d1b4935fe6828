"""What pyproject.toml cannot say: how the C module is compiled."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "libfast._speed",
            sources=["libfast/_speed.c"],
            depends=["libfast/crc32c.h"],
            libraries=["m"],
            extra_compile_args=["-std=c11"],
        )
    ]
)
