"""Parameters of the workload model `training`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from twin.api import Duration, Fraction, MoneyPerHour, Params, Rate, Ratio, SiteRef, WeekProfile, Work
from twin.units import HOURS_PER_YEAR
from twin.workload.interruptions import SUPPLY
from twin.workload.losses import OWN

NONE: Final = "none"
"""The `checkpoint_interval` of a run of which nobody says how it handles interruptions."""


def _share_or_count(value: float) -> float:
    if value <= 0.0:
        raise ValueError("not above zero; write a share as '98 %' or a count as 16384")
    return _none_or_more(value)


def _none_or_more(value: float) -> float:
    if value > 1.0 and value != round(value):
        raise ValueError("neither a share up to 100 % nor a whole number of accelerators")
    return value


def _above_zero(value: float) -> float:
    if value <= 0.0:
        raise ValueError("not above zero; write it as '30 min', or name a policy")
    return value


def _not_negative(value: float) -> float:
    if value < 0.0:
        raise ValueError("below 0; write it as '0.02/year'")
    return value


def _sort(value: object) -> str:
    return "policy" if isinstance(value, str) and value.replace("-", "").isalpha() else "time"


Policy = Literal["none", "young", "daly-first", "daly", "optimum"]
Interval = Annotated[
    Annotated[Duration, AfterValidator(_above_zero), Tag("time")] | Annotated[Policy, Tag("policy")],
    Discriminator(_sort),
]


class Interruption(Params):
    """How often one cause interrupts, as `{rate: 0.02/year, per: accelerator}`.

    Attributes:
        rate: interruptions a year of running, of one of what `per` says.
        per: what the rate is of.
    """

    rate: Annotated[Rate, AfterValidator(_not_negative)]
    per: Literal["accelerator", "rack", "job"]

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: object) -> object:
        """A rate alone does not say what it is of."""
        if isinstance(given, Mapping | Interruption):
            return given
        raise ValueError("it does not say what the rate is of; write it as '{rate: 3/year, per: job}'")

    def per_h(self, accelerators: float, racks: float) -> float:
        """Interruptions an hour of a job on so many accelerators in so many racks."""
        return self.rate / HOURS_PER_YEAR * {"accelerator": accelerators, "rack": racks, "job": 1.0}[self.per]


class Training(Params):
    """Parameters of `training`.

    Attributes:
        sites: sites it runs on; all of them where none is named.
        accelerators: share of their accelerators up to `100 %`, or a count above 1.
        flops: work of the whole run.
        mfu: model FLOP/s utilisation: useful FLOP/s over peak while it runs.
        precision: of the peak FLOP/s.
        utilisation: how busy its accelerators are: the share of what they draw above idle at full use.
    """

    sites: tuple[SiteRef, ...] = ()
    accelerators: Annotated[Ratio, AfterValidator(_share_or_count)] = 1.0
    flops: Work
    mfu: Annotated[Fraction, AfterValidator(_share_or_count)]
    precision: Literal["bf16", "fp8", "fp4"] = "bf16"
    utilisation: Fraction = 1.0
    profile: WeekProfile | None = Field(
        default=None,
        description="how use goes with the hour of the week, local standard time: 24 numbers for every day, 168 from "
        "Monday, or days by name; over its own mean, which stays 'utilisation'",
    )
    checkpoint_interval: Interval = Field(
        default=NONE,
        description="training between two checkpoints, or how it is chosen (daly-first and daly are Daly's first and "
        "higher order, optimum takes the least time); none: restarts, work done again and checkpoints are not counted",
    )
    checkpoint_write: Duration | None = Field(
        default=None, description="time that training stands still while a checkpoint is written"
    )
    restart: Duration | None = Field(
        default=None, description="time from the detection of an interruption to training again: scheduling and loading"
    )
    detection: Duration = Field(default=0.0, description="time until an interruption is noticed, added to restart")
    interruptions: Mapping[str, Interruption] = Field(
        default_factory=dict, description="what else interrupts it, beside equipment that the file describes, by cause"
    )
    spares: Annotated[Ratio, AfterValidator(_none_or_more)] = Field(
        default=0.0,
        description="accelerators held back to take the place of those that are down: share of those it runs on up to "
        "100 %, or a count above 1",
    )
    min_accelerators: Annotated[Ratio, AfterValidator(_none_or_more)] = Field(
        default=0.0,
        description="the fewest that it runs on before it waits for repair, share or count as for spares; 100 % where "
        "it cannot run on fewer",
    )
    accelerator_hour_price: MoneyPerHour | None = Field(
        default=None, description="price of an accelerator-hour, for what is wasted"
    )

    @model_validator(mode="after")
    def _together(self) -> Training:
        """Whoever says how interruptions are handled says all of it."""
        said = [name for name in _HANDLING if name in self.model_fields_set and getattr(self, name) is not None]
        if self.checkpoint_interval == NONE:
            if said:
                raise ValueError(
                    f"'{said[0]}' says nothing without 'checkpoint_interval'; write 'checkpoint_interval: optimum'"
                )
            return self
        missing = [name for name in _NEEDED if getattr(self, name) is None]
        if missing:
            raise ValueError(f"'checkpoint_interval' needs '{missing[0]}'; add '{missing[0]}: 5 min'")
        if isinstance(self.checkpoint_interval, str) and not self.checkpoint_write:
            raise ValueError("checkpoints that take no time would be written all the time; state 'checkpoint_interval'")
        taken = [cause for cause in self.interruptions if cause in {SUPPLY, *OWN}]
        if taken:
            raise ValueError(
                f"'{taken[0]}' is a cause of its own in 'goodput_loss'; give the interruption another name"
            )
        return self


_NEEDED = ("checkpoint_write", "restart")
_HANDLING = (*_NEEDED, "detection", "interruptions", "spares", "min_accelerators", "accelerator_hour_price")
