"""The GOODPUT block: what it says of a workload, and what it leaves out."""

from __future__ import annotations

import fake_results
import pytest

from twin.report import goodput
from twin.results.results import Results

ROW = {
    "workload": "pretrain",
    "accelerators": 16_384,
    "spare_accelerators": 512,
    "interruptions_per_day": 7.76,
    "mttf_h": 3.093,
    "checkpoint_interval_h": 0.131,
    "ettr_fraction": 0.9227,
    "capacity_fraction": 0.999,
    "goodput_fraction": 0.9218,
}


def losses(number, price):
    return [
        {
            "workload": "pretrain",
            "cause": f"cause-{index}",
            "kind": "interruption",
            "events_per_year": 100.0 * index,
            "lost_accelerator_h_per_year": 1e5 * index,
            "lost_usd_per_year": 2e5 * index if price else None,
        }
        for index in range(1, number + 1)
    ]


def text(row, lost=(), width=100):
    frames = {
        "goodput": fake_results.table("goodput", row),
        "goodput_loss": fake_results.table("goodput_loss", *lost),
    }
    found = goodput.lines(Results(frames, fake_results.provenance()), width)
    return [line.plain for line in found]


def test_a_workload_is_said_with_its_causes_in_order():
    made = text(ROW, losses(3, price=True))
    assert made[0] == (
        "GOODPUT pretrain  16,384 accelerators, 512 spare · interrupted 7.76 times a day, after 3.09 h on"
    )
    assert "checkpoint every 7.86 min · ETTR 92.3 %" in " ".join(line.strip() for line in made[:3])
    causes = [line.split() for line in made if line.startswith("  cause-")]
    assert [cause[0] for cause in causes] == ["cause-3", "cause-2", "cause-1"]
    assert causes[0][1:] == ["300", "300,000", "0.2", "%", "$600k"]


def test_without_a_price_nothing_is_worth_anything():
    assert not [line for line in text(ROW, losses(2, price=False)) if "worth" in line or "$" in line]


def test_many_causes_are_cut_and_the_rest_is_summed():
    made = text(ROW, losses(11, price=True))
    assert made[-1] == "  and 3 more in the table goodput_loss, 600,000 accelerator-h"
    assert sum(line.startswith("  cause-") for line in made) == 8


def test_what_is_not_counted_is_said():
    row = {"workload": "pretrain", "accelerators": 8, "interruptions_per_day": 0.5, "mttf_h": 48.0}
    assert "states no checkpoint_interval" in " ".join(text(row))
    still = row | {"interruptions_per_day": 0.0, "mttf_h": None, "ettr_fraction": 1.0, "capacity_fraction": 1.0}
    assert "nothing interrupts it that the file knows of" in " ".join(text(still | {"goodput_fraction": 1.0}))


def test_a_model_that_does_not_say_has_no_block():
    assert text({"workload": "serving", "accelerators": 8}) == []
    assert goodput.lines(fake_results.small(), 100) == []


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_screen(width):
    assert max(map(len, text(ROW, losses(11, price=True), width))) <= width
