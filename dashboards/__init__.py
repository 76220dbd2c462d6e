"""Grafana dashboards as code, their generated JSON, and the provisioning files.

Building dashboards needs grafana-foundation-sdk, a development dependency; nothing that runs imports these modules,
except :mod:`dashboards.remote`, which brings the JSON into a running Grafana and needs grafana-client alone.
"""
