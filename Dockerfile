# syntax=docker/dockerfile:1
FROM python:3.12.12-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.9.5 /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/citywatch
WORKDIR /src
# dependencies change seldom and get a layer of their own
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY . .
RUN uv sync --locked --no-dev --no-editable

FROM python:3.12.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/citywatch --create-home citywatch
COPY --from=build /opt/citywatch /opt/citywatch
ENV PATH=/opt/citywatch/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/citywatch
VOLUME /var/lib/citywatch
ENTRYPOINT ["citywatch"]
CMD ["--help"]
