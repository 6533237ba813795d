"""What the financing plugin offers, and that every parameter explains itself."""

from __future__ import annotations

import pytest
from financing import MODELS

from twin.api import API_VERSION, Reference


def references(model: str) -> dict[str, str]:
    """Parameter -> what it refers to, for the plain (not nested) ones."""
    return {
        name: mark.kind
        for name, field in MODELS[model].params.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Reference)
    }


def test_the_models_on_offer():
    assert list(MODELS) == [
        *("purchase", "lease", "backstop", "term-debt", "cloud-rental", "operating-cost"),
        *("delayed-draw", "chip-lease", "residual-value-guarantee", "sale-leaseback", "vendor-finance"),
        *("preferred-equity", "equity-waterfall", "own-silicon"),
    ]
    assert {model.api for model in MODELS.values()} == {API_VERSION}


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_and_model_says_what_it_is(model):
    assert MODELS[model].doc.endswith(".")
    for name, field in MODELS[model].params.model_fields.items():
        assert field.description, name
        assert not field.description.endswith("."), name


def test_names_of_other_things_are_marked_as_such():
    assert references("lease") == {"landlord": "party", "tenant": "party", "site": "site", "operator": "party"}
    assert references("backstop") == {"guarantor": "party", "obligor": "party", "beneficiary": "party", "lease": "deal"}
