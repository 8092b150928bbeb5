# Two images of one build: `core` runs `framework …`; `airflow`, the last, is every part of an Airflow with it.
#
#   docker build --target core -t ingest .
#   docker build -t ingest-airflow .
#
# Versions are pinned with their hashes by the lock files, the base image by its tag. Nothing runs as root.
ARG PYTHON=3.11.13-slim-bookworm

FROM python:${PYTHON} AS wheel
WORKDIR /src
COPY requirements-build.lock .
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY framework framework
COPY dag_factory dag_factory
COPY sql_templates sql_templates
COPY sources sources
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:${PYTHON} AS core
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 50000 ingest && mkdir /srv/ingest && chown ingest /srv/ingest
COPY requirements.lock /tmp/
RUN pip install --no-deps --require-hashes -r /tmp/requirements.lock
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels
USER ingest
WORKDIR /srv/ingest
ENTRYPOINT ["framework"]

FROM python:${PYTHON} AS airflow
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 AIRFLOW_HOME=/srv/airflow
RUN useradd --create-home --uid 50000 ingest && mkdir /srv/ingest /srv/airflow && chown ingest /srv/ingest /srv/airflow
COPY requirements-airflow.lock /tmp/
RUN pip install --no-deps --require-hashes -r /tmp/requirements-airflow.lock
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels
USER ingest
WORKDIR /srv/ingest
ENTRYPOINT ["airflow"]
