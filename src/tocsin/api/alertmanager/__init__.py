"""Alertmanager's API v2, so that Prometheus and amtool work as they are. What it answers comes from `actions`."""

from tocsin.api.alertmanager.door import AlertsDoor
from tocsin.api.alertmanager.routes import router

__all__ = ["AlertsDoor", "router"]
