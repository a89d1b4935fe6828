# The seed's recipe: a package's folder → /asset/python, installed by pip with all that it needs.
FROM pylayer-bench/pip
COPY . /package
RUN python3 -m pip wheel --no-deps --wheel-dir /built /package
RUN python3 -m pip install --target /asset/python /built/*.whl
