"""The stage: a small real Flask app under a scheduler that lets a person decide which thread moves next.

What runs inside the app's process is `weft.stage.host`; everything here stands outside and only knows values.
"""

from __future__ import annotations

from .private import folder
from .scenario import Outcome, Request, Response, Scenario, delete, get, patch, post, put, request

__all__ = ["Outcome", "Request", "Response", "Scenario", "delete", "folder", "get", "patch", "post", "put", "request"]
