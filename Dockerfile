# The framework with everything the demo needs. `docker compose up demo-api` plays the shop's API.
FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY framework framework
COPY dag_factory dag_factory
COPY sql_templates sql_templates
COPY sources sources
RUN pip install --no-cache-dir . && useradd --create-home ingest
USER ingest
WORKDIR /home/ingest
ENTRYPOINT ["framework"]
