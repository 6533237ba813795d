"""The plugin author's kit: tiny topologies, frames to call a model with, and a check of what it returns.

A whole test of a financing plugin:

```python
from my_plugin import Service, service_model

from twin.testing import financing_inputs, run_model


def test_fee_follows_the_load():
    inputs = financing_inputs({"fee": Service(payer="tenant", payee="landlord", fee="$10/kW-month")})
    cashflow = run_model(service_model, inputs)["cashflow"]
    assert cashflow["amount_usd"][0] == 10 * inputs.schedule["it_kw"][0]
```

and of the plugin in a topology:

```python
import my_plugin

from twin.testing import load_text, tiny_topology

DEAL = "deals: [{model: service, payer: tenant, payee: landlord, fee: $10/kW-month}]"


def test_in_a_topology(tmp_path):
    twin = load_text(tiny_topology(DEAL), tmp_path, plugins=[my_plugin])
    assert "service_fee" in twin.cost().cashflow["category"].to_list()
```

The frames describe one site, `campus`: 10 racks in the first month and 10 more six months later,
each with 8 accelerators and 50 kW, in a calendar that starts in January 2027.  Any frame may be
replaced by name: `financing_inputs(entries, debt=my_debt)`.
"""

from __future__ import annotations

from twin.testing.inputs import (
    carbon_inputs,
    cooling_inputs,
    energy_inputs,
    financing_inputs,
    hardware_inputs,
    inputs_of,
    weather_inputs,
    workload_inputs,
)
from twin.testing.running import run_model
from twin.testing.world import (
    FAILURES_PER_H,
    PARTIES,
    RACK_ACCELERATORS,
    RACK_KW,
    RACK_PRICE_USD,
    RACKS,
    SERVED_FRACTION,
    SITE,
    START,
    TFLOPS,
    calendar,
    load_text,
    schedule,
    tiny_topology,
)

__all__ = [
    "FAILURES_PER_H",
    "PARTIES",
    "RACKS",
    "RACK_ACCELERATORS",
    "RACK_KW",
    "RACK_PRICE_USD",
    "SERVED_FRACTION",
    "SITE",
    "START",
    "TFLOPS",
    "calendar",
    "carbon_inputs",
    "cooling_inputs",
    "energy_inputs",
    "financing_inputs",
    "hardware_inputs",
    "inputs_of",
    "load_text",
    "run_model",
    "schedule",
    "tiny_topology",
    "weather_inputs",
    "workload_inputs",
]
