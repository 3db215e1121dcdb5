"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A loaded machine is no failing law: how long an example takes to make is not what the laws are about.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
