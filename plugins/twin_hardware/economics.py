"""What one accelerator of a chip of one's own costs: dies from a wafer, packages from dies, NRE over all of them.

dies on a wafer    pi (d/2)^2 / A - pi d / sqrt(2 A), whole dies    (de Vries, IEEE Trans. Semicond.
Manuf. 18(1), 2005: the area, less what is cut off along the rim)
defects of a die   m = A x defect density
yield              exp(-m)                       poisson: defects fall independently
((1 - exp(-m)) / m)^2         murphy: density varies by a triangle (Murphy,
Proc. IEEE 52(12), 1964)
(1 + m / alpha)^-alpha        negative-binomial: density varies by a gamma
distribution (Stapper, IBM J. Res. Dev. 27(6), 1983)
good die           wafer price / (dies x yield)
good package       (dies + HBM + assembly + test) / package yield: what fails takes all in it along
fixed, each        (NRE + mask sets) / volume
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MM_PER_KM = 1e6
MM2_PER_CM2 = 100.0


def dies_per_wafer(diameter_mm: Floats, die_area_mm2: Floats) -> Floats:
    """Whole dies on a round wafer, none where the die is too large.

    Args:
        diameter_mm: of the wafer.
        die_area_mm2: of one die, scribe lines included.
    """
    inside = np.pi * (diameter_mm / 2) ** 2 / die_area_mm2
    rim = np.pi * diameter_mm / np.sqrt(2 * die_area_mm2)
    return np.maximum(np.floor(inside - rim), 0.0)


def yield_fraction(model: NDArray[np.str_], defects: Floats, alpha: Floats) -> Floats:
    """Share of the dies that work.

    Args:
        model: poisson, murphy or negative-binomial.
        defects: expected number on one die.
        alpha: clustering of the negative-binomial model; large is none at all.
    """
    some = np.maximum(defects, np.finfo(float).tiny)
    return np.select(
        [model == "poisson", model == "murphy"],
        [np.exp(-defects), (-np.expm1(-some) / some) ** 2],
        np.exp(-alpha * np.log1p(defects / alpha)),
    )


def cost(terms: pl.DataFrame) -> pl.DataFrame:
    """What one accelerator costs, and of what.

    Args:
        terms: one row a chip with the parameters of `custom-asic`.

    Returns:
        The rows with `gross_dies, yield_fraction, good_dies_number, die_usd, hbm_usd, package_usd` (a good
        package with all in it), `fixed_usd` (NRE and masks in all), `fixed_usd_each, price_usd` (of one
        accelerator, without `bom`) and `unit_usd` (with it).
    """
    area = terms["die_area"].to_numpy()
    gross = dies_per_wafer(terms["wafer_diameter"].to_numpy() * MM_PER_KM, area)
    defects = area / MM2_PER_CM2 * terms["defect_density"].to_numpy()
    share = yield_fraction(terms["yield_model"].to_numpy().astype(str), defects, terms["alpha"].to_numpy())
    found = terms.with_columns(
        pl.Series("gross_dies", gross).cast(pl.Int64),
        pl.Series("yield_fraction", share),
        pl.Series("good_dies_number", gross * share),
        (pl.col("hbm_stacks") * pl.col("hbm_stack_price")).alias("hbm_usd"),
        (pl.col("nre") + pl.col("mask_sets") * pl.col("mask_set")).alias("fixed_usd"),
    ).with_columns(
        (pl.col("wafer_price") / pl.col("good_dies_number")).alias("die_usd"),
        (pl.col("fixed_usd") / pl.col("volume")).alias("fixed_usd_each"),
    )
    inside = pl.col("dies_per_package") * pl.col("die_usd") + pl.col("hbm_usd")
    package = (inside + pl.col("package_cost") + pl.col("test_cost")) / pl.col("package_yield")
    return found.with_columns(package.alias("package_usd")).with_columns(
        (pl.col("package_usd") + pl.col("fixed_usd_each")).alias("price_usd"),
        (pl.col("package_usd") + pl.col("fixed_usd_each") + pl.col("bom")).alias("unit_usd"),
    )
