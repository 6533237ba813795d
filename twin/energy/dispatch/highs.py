"""HiGHS as the dispatch uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import highspy


def quiet() -> highspy.Highs:
    """HiGHS with one thread, a fixed seed and no word on standard output."""
    import highspy  # noqa: PLC0415 - a heavy import, and only sites with a supply need it

    class Quiet(highspy.Highs):
        """Its constructor ends by enabling callbacks, which prints a banner; by then it must be silent."""

        def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS' name
            self.setOptionValue("output_flag", "false")
            super().enableCallbacks()  # type: ignore[no-untyped-call] # HiGHS' stubs

    highs: highspy.Highs = Quiet()  # type: ignore[no-untyped-call] # as above
    # without presolve and with Devex weights a year is solved soonest, cold and warm (docs/explanation/dispatch.md)
    options: dict[str, int | str] = {
        "threads": 1,
        "random_seed": 0,
        "presolve": "off",
        "simplex_dual_edge_weight_strategy": 1,
    }
    for option, value in options.items():
        highs.setOptionValue(option, value)
    return highs
