"""What the guarantees of a file assume of default and of letting again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.errors import RefusedError

if TYPE_CHECKING:
    import polars as pl

SALE = "sale"
"""What is paid under a guarantee of collateral that is sold: letting again is none of it."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """By party or by deal.

    Attributes:
        obligors: probabilities of default a year that guarantees state, by party and guarantee.
        guarantors: probability of default a year, by party.
        relets: share of the rent that letting again brings and months until then, by deal that is guaranteed.
    """

    obligors: dict[str, dict[str, float]] = field(default_factory=dict)
    guarantors: dict[str, float] = field(default_factory=dict)
    relets: dict[str, tuple[float, int]] = field(default_factory=dict)

    def hazard(self, party: str) -> float | None:
        """Probability a year that an obligor defaults; None where no guarantee says.

        Raises:
            RefusedError: two guarantees say different things of it.
        """
        said = self.obligors.get(party, {})
        if len(set(said.values())) > 1:
            each = " and ".join(f"'{deal}' with {value:.3g} a year" for deal, value in said.items())
            raise RefusedError(
                "risk",
                f"'{party}' defaults by {each}, and a default is an event of the party",
                "let them state one `default_probability`, or give `tenant_default`",
            )
        return next(iter(said.values()), None)

    def relet(self, deal: str) -> tuple[float, int]:
        """What letting the site of a lease again brings; as all guarantees have it where this one has none.

        Raises:
            RefusedError: it has none, and those of the others differ.
        """
        if deal in self.relets:
            return self.relets[deal]
        every = sorted(set(self.relets.values()))
        if len(every) > 1:
            said = " and ".join(f"{share:.0%} after {months} months" for share, months in every)
            raise RefusedError(
                "risk",
                f"nothing says what letting the site of '{deal}' again brings; guarantees of others assume {said}",
                "give `recovery` in `analyses: {risk: …}`",
            )
        return every[0] if every else (0.0, 0)


def assumed(terms: pl.DataFrame) -> Assumed:
    """Read table `guarantee_terms`."""
    found = Assumed()
    for row in terms.iter_rows(named=True):
        found.obligors.setdefault(row["obligor"], {})[row["deal"]] = row["default_per_year"]
        own = row["guarantor_default_per_year"]
        found.guarantors[row["guarantor"]] = max(own, found.guarantors.get(row["guarantor"], 0.0))
        if row["loss"] != SALE:
            found.relets[row["covers"]] = (row["relet_fraction"], row["downtime_months"])
    return found
