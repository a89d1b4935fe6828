# The image that the rival builds on: pylayer's own build image, pip, and every wheel it will ask for.
ARG IMAGE
FROM $IMAGE
COPY . /wheels
RUN PYTHONPATH=$(ls /wheels/pip-*.whl) python3 -m pip install \
    --break-system-packages --no-index --find-links /wheels pip setuptools wheel
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Inherited, so that what was built on it can be found and removed.
LABEL pylayer-bench=1
