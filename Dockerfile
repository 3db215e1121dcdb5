# The command line alone: no shell script of ours, no root, nothing written. See docs/how-to/ci-step.md for how to run it.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE requirements-dev.lock ./
COPY trailsleuth/ trailsleuth/
RUN python -m venv /opt/trailsleuth
RUN sed -n 's/^\([A-Za-z0-9._-]*==[^ ]*\).*/\1/p' requirements-dev.lock > versions.txt
RUN /opt/trailsleuth/bin/pip install --no-cache-dir --no-compile --constraint versions.txt '.[verify,fast]'
# DataFrames are for notebooks, and no command draws with rich: what a wheel brings along for others is left out.
RUN /opt/trailsleuth/bin/pip uninstall --yes --quiet pandas numpy rich pygments markdown-it-py mdurl
RUN /opt/trailsleuth/bin/pip uninstall --yes --quiet setuptools pip
RUN /opt/trailsleuth/bin/python -m compileall -q /opt/trailsleuth/lib

FROM python:3.13-slim
COPY --from=build /opt/trailsleuth /opt/trailsleuth
ENV PATH=/opt/trailsleuth/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["trailsleuth"]
CMD ["--help"]
