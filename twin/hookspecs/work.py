"""Hooks of money and work: deals, workloads, analyses, readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.hookspecs.mark import hookspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.api import Analysis, FinancingModel, Reader, WorkloadModel


class WorkSpecs:
    """Hooks of who pays whom, of what is got out of it, and of what is read and worked out."""

    @hookspec
    def twin_financing(self) -> Iterable[FinancingModel]:
        """Deals: who pays whom, how much and when.

        `run` is called once for all entries of `deals:` that use the model and returns rows of table
        `cashflow`; `debt`, `occupancy` and `guarantee` where they apply.  Amounts are never
        negative: payer and payee say the direction.

        ```python
        import polars as pl

        from twin.api import FinancingInputs, FinancingModel, MoneyPerPowerMonth, Params, PartyRef, hookimpl


        class Service(Params):
            payer: PartyRef
            payee: PartyRef
            fee: MoneyPerPowerMonth


        def service(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
            terms = pl.DataFrame(
                [
                    {"deal": e.name, "fee": e.params.fee, "payer": e.params.payer, "payee": e.params.payee}
                    for e in inputs.entries
                ]
            )
            in_service = inputs.schedule.group_by("month", maintain_order=True).agg(pl.col("it_kw").sum())
            flows = in_service.join(terms, how="cross").select(
                "month",
                "payer",
                "payee",
                "deal",
                pl.lit("service_fee").alias("category"),
                (pl.col("it_kw") * pl.col("fee")).alias("amount_usd"),
            )
            return {"cashflow": flows}


        @hookimpl
        def twin_financing():
            return [FinancingModel("service", "A monthly fee for each kW of IT in service.", Service, service)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_workloads(self) -> Iterable[WorkloadModel]:
        """What a workload gets out of the capacity: rows of table `goodput`.

        A parameter `accelerators` (a share up to 1, or a count) says how many it occupies, and
        `utilisation` how busy they are: the share of what they draw above idle; the schedule reads both.
        How often the racks are interrupted is in `inputs.interruptions`; the columns of `goodput` behind
        `delivered_days` may be left out, and a table `goodput_loss` returned besides.

        ```python
        import polars as pl

        from twin.api import Params, Ratio, WorkloadInputs, WorkloadModel, hookimpl


        class Serving(Params):
            accelerators: Ratio = 1.0
            efficiency: Ratio = 0.2


        def serving(inputs: WorkloadInputs) -> dict[str, pl.DataFrame]:
            racks = inputs.compute
            total = int(racks["accelerators"].sum())
            peak = float((racks["accelerators"] * racks["bf16_tflops"]).sum())
            served = float((racks["accelerators"] * racks["served_fraction"]).sum()) / total
            rows = [
                {
                    "workload": e.name,
                    "model": "serving",
                    "accelerators": round(total * e.params.accelerators),
                    "peak_tflops": peak * e.params.accelerators,
                    "mfu_fraction": e.params.efficiency,
                    "available_fraction": served,
                    "nameplate_days": 365.0,
                    "delivered_days": 365.0 / served,
                }
                for e in inputs.entries
            ]
            return {"goodput": pl.DataFrame(rows)}


        @hookimpl
        def twin_workloads():
            return [WorkloadModel("serving", "A year of inference at a fixed efficiency.", Serving, serving)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_analyses(self) -> Iterable[Analysis]:
        """Steps of an evaluation: tables in, tables out.  The core's own engines enter here too.

        `requires` and `produces` name tables of `twin tables`; `twin` puts the steps in order.

        ```python
        import polars as pl

        from twin.api import Analysis, AnalysisInputs, Params, Power, hookimpl


        class Limit(Params):
            most: Power = 100_000.0


        def site_limit(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
            most = inputs.params.most
            checks = (
                inputs.tables["schedule"]
                .group_by("site", maintain_order=True)
                .agg(pl.col("it_kw").max())
                .select(
                    pl.lit("site_limit").alias("check"),
                    pl.col("site").alias("scope"),
                    (pl.col("it_kw") <= most).alias("ok"),
                    pl.format("{} kW", pl.col("it_kw").round(1)).alias("got"),
                    pl.lit(f"at most {most:.0f} kW").alias("wanted"),
                    pl.lit("a site larger than this needs another permit").alias("message"),
                )
            )
            return {"checks": checks}


        @hookimpl
        def twin_analyses():
            return [
                Analysis(
                    name="site-limit",
                    doc="Holds the IT load of every site against a limit.",
                    params=Limit,
                    run=site_limit,
                    requires=("schedule",),
                    produces=("checks",),
                )
            ]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_readers(self) -> Iterable[Reader]:
        r"""Readers of side tables (`rows: fleet.tsv`), chosen by the file's suffix.

        ```python
        from pathlib import Path

        import polars as pl

        from twin.api import Reader, hookimpl


        def read_tsv(path: Path) -> pl.DataFrame:
            return pl.read_csv(path, separator="\t", infer_schema_length=None)


        @hookimpl
        def twin_readers():
            return [Reader("tsv", "Tab-separated text with a header line.", (".tsv",), read_tsv)]
        ```
        """
        raise NotImplementedError
