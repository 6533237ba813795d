"""A bill as one would write it first: a loop over hours, in plain Python, for terms as plain dicts.

    {"fixed": USD, "energy": [{"months", "days", "hours": (first, end), "price" or "blocks": [(end, price), …]}],
     "demand": [{"months", "days", "hours", "price" or "blocks", "ratchet": {…} or None}]}

`months` are 1 to 12, `days` 0 (Monday) to 6, all of them sets; a block ends at None last.
"""

from __future__ import annotations

from collections import defaultdict


def holds(when, charge):
    first, end = charge["hours"]
    return when.month in charge["months"] and when.weekday() in charge["days"] and first <= when.hour < end


def in_blocks(amount, blocks):
    """What an amount costs: each part at the price of its block."""
    usd, low = 0.0, 0.0
    for end, price in blocks:
        top = amount if end is None else min(amount, end)
        if top > low:
            usd += (top - low) * price
        if end is None or amount <= end:
            break
        low = end
    return usd


def blocks_of(charge):
    return charge.get("blocks") or [(None, charge["price"])]


def bill(times, load_kw, terms):
    """USD by (year, month)."""
    months = list(dict.fromkeys((when.year, when.month) for when in times))
    usd = dict.fromkeys(months, terms["fixed"])
    for charge in terms["energy"]:
        kwh = defaultdict(float)
        for when, kw in zip(times, load_kw, strict=True):
            if holds(when, charge):
                kwh[when.year, when.month] += kw
        for month in months:
            usd[month] += in_blocks(kwh[month], blocks_of(charge))
    for charge in terms["demand"]:
        peak = dict.fromkeys(months, 0.0)
        for when, kw in zip(times, load_kw, strict=True):
            if holds(when, charge):
                peak[when.year, when.month] = max(peak[when.year, when.month], kw)
        billed = ratchet(months, [peak[month] for month in months], charge.get("ratchet"))
        for month, kw in zip(months, billed, strict=True):
            if month[1] in charge["months"]:
                usd[month] += in_blocks(kw, blocks_of(charge))
    return usd


def ratchet(months, peaks, rule):
    """Billing demand by month; `rule`: fraction, of (months), last, floor, steady, previous (the latest last)."""
    if rule is None:
        return list(peaks)
    found = []
    for place, (own, _) in enumerate(zip(peaks, months, strict=True)):
        most = max(own, rule["floor"])
        for lag in range(1, rule["last"] + 1):
            if rule["steady"]:
                begin = place // 12 * 12
                length = min(12, len(peaks) - begin)
                back = begin + (place - begin - lag) % length
            else:
                back = place - lag
            if back >= 0:
                month, peak = months[back][1], peaks[back]
            elif -back <= len(rule["previous"]):
                month, peak = (months[0][1] - 1 + back) % 12 + 1, rule["previous"][back]
            else:
                continue
            if month in rule["of"]:
                most = max(most, rule["fraction"] * peak)
        found.append(most)
    return found


def as_tariff(terms):
    """The same terms as keywords of `Tariff`."""
    periods = {}
    made = {"fixed": f"${terms['fixed']!r}/month", "energy": [], "demand": [], "ratchets": {}, "payer": "tenant"}
    for kind, unit, size in (("energy", "kWh", "kWh"), ("demand", "kW-month", "kW")):
        for number, charge in enumerate(terms[kind]):
            name = f"{kind} {number}"
            periods[name] = {
                "months": sorted(charge["months"]),
                "days": [["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day] for day in sorted(charge["days"])],
                "hours": f"{charge['hours'][0]}-{charge['hours'][1]}",
            }
            row = {"period": name}
            if "blocks" in charge:
                row["blocks"] = [
                    ({} if end is None else {"up_to": f"{end!r} {size}"}) | {"price": f"${price!r}/{unit}"}
                    for end, price in charge["blocks"]
                ]
            else:
                row["price"] = f"${charge['price']!r}/{unit}"
            if charge.get("ratchet"):
                rule = charge["ratchet"]
                made["ratchets"][name] = {
                    "fraction": rule["fraction"],
                    "of": sorted(rule["of"]),
                    "last": rule["last"],
                    "floor": f"{rule['floor']!r} kW",
                    "steady": rule["steady"],
                    "previous": [f"{kw!r} kW" for kw in rule["previous"]],
                }
                row["ratchet"] = name
            made[kind].append(row)
    made["energy"].append({"what": "rest", "price": "$0/kWh"})
    return made | {"periods": periods}
