"""A plugin as it was written for version 1 of the door.  It is never changed: what it uses has to go on working."""

import polars as pl

from twin.api import (
    Catalogue,
    CoolingInputs,
    CoolingModel,
    EnergyInputs,
    EnergyModel,
    FinancingInputs,
    FinancingModel,
    MoneyPerEnergy,
    MoneyPerPowerMonth,
    Params,
    Part,
    PartyRef,
    Ratio,
    SiteRef,
    hookimpl,
)


class Flat(Params):
    sites: tuple[SiteRef, ...] = ()
    price: MoneyPerEnergy
    payer: PartyRef = "operator"
    payee: PartyRef = "utility"


class Share(Params):
    sites: tuple[SiteRef, ...] = ()
    overhead: Ratio = 0.1


class Fee(Params):
    payer: PartyRef
    payee: PartyRef
    fee: MoneyPerPowerMonth


def flat(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    terms = pl.DataFrame(
        [
            {"entry": e.name, "price": e.params.price, "payer": e.params.payer, "payee": e.params.payee}
            for e in inputs.entries
        ]
    )
    return {
        "energy_cost": inputs.load.join(terms, on="entry").select(
            "month",
            "site",
            pl.col("entry").alias("supply"),
            pl.lit("energy_charge").alias("line"),
            "payer",
            "payee",
            (pl.col("energy_kwh") * pl.col("price")).alias("amount_usd"),
        )
    }


def share(inputs: CoolingInputs) -> dict[str, pl.DataFrame]:
    terms = pl.DataFrame([{"entry": e.name, "overhead": e.params.overhead} for e in inputs.entries])
    return {
        "energy": inputs.load.join(terms, on="entry").select(
            "month",
            "site",
            pl.lit("overhead").alias("stage"),
            (pl.col("it_kwh") * pl.col("overhead")).alias("energy_kwh"),
            (pl.col("it_peak_kw") * pl.col("overhead")).alias("peak_kw"),
        )
    }


def fee(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    terms = pl.DataFrame(
        [
            {"deal": e.name, "fee": e.params.fee, "payer": e.params.payer, "payee": e.params.payee}
            for e in inputs.entries
        ]
    )
    kw = inputs.schedule.group_by("month", maintain_order=True).agg(pl.col("it_kw").sum())
    return {
        "cashflow": kw.join(terms, how="cross").select(
            "month",
            "payer",
            "payee",
            "deal",
            pl.lit("service_fee").alias("category"),
            (pl.col("it_kw") * pl.col("fee")).alias("amount_usd"),
        )
    }


RACK = Part(
    "old.rack", kind="rack", source="a data sheet", confidence="vendor", attributes={"load": "50 kW", "accelerators": 8}
)


@hookimpl
def twin_hardware():
    return [Catalogue("old", "Racks of an old plugin.", parts=(RACK,), api=1)]


@hookimpl
def twin_energy():
    return [EnergyModel("old-flat", "Every kWh at one price.", Flat, flat, api=1)]


@hookimpl
def twin_cooling():
    return [CoolingModel("old-share", "A share of the IT load.", Share, share, api=1)]


@hookimpl
def twin_financing():
    return [FinancingModel("old-fee", "A fee for each kW.", Fee, fee, api=1)]
