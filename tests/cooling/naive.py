"""One hour of each plant in plain arithmetic, with the moist air of PsychroLib: what the arrays must agree with."""

from __future__ import annotations

from collections import defaultdict

import psychrolib
from scipy.optimize import brentq

psychrolib.SetUnitSystem(psychrolib.SI)

AIR, WATER = 1.006, 4.186


def volume_power(heat, rise, pressure, efficiency, per_m3):
    return heat / (per_m3 * rise) * pressure / efficiency / 1000


def fan(heat, p):
    return volume_power(heat, p.air_rise, p.fan_pressure, p.fan_efficiency, 1.2 * AIR)


def pump(heat, rise, pressure, p):
    return volume_power(heat, rise, pressure, p.pump_efficiency, 998 * WATER)


def cubic(load, least):
    return 0.0 if load <= 0 else min(max(load, least), 1.0) ** 3


def carnot(cold, hot):
    return (cold + 273.15) / max(hot - cold, 20.0)


def compressors(load, capacity, cop, units):
    if load <= 0:
        return 0.0
    found = []
    for on in range(1, units + 1):
        u = min(load / capacity, 1.0) * units / on
        if u <= 1 + 1e-9:
            v = max(u, 0.2)
            found.append(capacity / units * on / cop * (0.222903 + 0.313387 * v + 0.46371 * v * v) * u / v)
    return min(found)


def ratio(t, p):
    pws = psychrolib.GetSatVapPres(t)
    return 0.621945 * pws / (p - pws)


def content(t, w):
    return AIR * t + w * (2501 + 1.86 * t)


class Hour:
    """One hour: `power` and `water` by stage and `out`, the heat that leaves."""

    def __init__(self, p, it, largest, liquid, weather):
        self.p, self.power, self.water = p, defaultdict(float), defaultdict(float)
        self.dry, self.dew, self.wet, self.pa = weather
        self.w = ratio(self.dew, self.pa)
        built = largest * (1 + p.spare)
        light = p.lighting * largest
        self.power["lighting"], self.power["other"] = light, p.other * largest
        now, most = it * (1 - liquid + p.loss_heat) + light, built * (1 - liquid + p.loss_heat) + light
        share = now / most if most else 0.0
        blow = fan(most, p) * cubic(share, p.least_flow)
        self.power["cooling_fans"] += blow
        room = (now + blow, most + fan(most, p))
        now, most = it * liquid, built * liquid
        cdu = p.cdu * most * cubic(now / most if most else 0.0, p.least_flow)
        self.power["cooling_pumps"] += cdu
        wet = (now + cdu, most * (1 + p.cdu))
        self.left, self.out = 0.0, 0.0
        if p.liquid is not None:
            self.dry_coolers(*wet)
            wet = (0.0, 0.0)
        self.plant(room, wet)

    def plant(self, room, wet):
        kind = type(self.p).__name__
        if kind == "AirEconomiser":
            self.outside_air(room, wet)
        elif kind in ("WaterCooled", "WaterEconomiser"):
            self.towers(room[0] + wet[0], room[1] + wet[1])
        else:
            self.air_cooled(room[0] + wet[0], room[1] + wet[1])

    def loop(self, now, most):
        p = self.p
        design = pump(most, p.water_rise, p.pump_pressure, p)
        power = design * cubic(now / most if most else 0.0, p.least_flow)
        self.power["cooling_pumps"] += power
        return now + power, most + design

    def free(self, water):
        return min(max((self.p.supply_water + self.p.water_rise - water) / self.p.water_rise, 0.0), 1.0)

    def air_cooled(self, now, most):
        p = self.p
        now, most = self.loop(now, most)
        free = self.free(self.dry + p.coil_approach) if p.free_cooling else 0.0
        coil = most / p.coil_fan_ratio * (free * now / most) ** 3 if most else 0.0
        cop = p.cop * carnot(p.supply_water - 5, self.dry + 15) / carnot(1.7, 50)
        power = compressors(now * (1 - free), most, cop, p.chillers)
        self.power["cooling_compressor"] += power
        self.power["heat_rejection"] += coil
        self.out += now + coil + power

    def towers(self, now, most):
        p = self.p
        now, most = self.loop(now, most)
        extra = exchanger = free = 0.0
        if type(p).__name__ == "WaterEconomiser":
            free = self.free(self.wet + p.tower_approach + p.exchanger_approach)
            extra = pump(most, p.water_rise, p.exchanger_pump_pressure, p)
            exchanger = extra * cubic(now / most if most else 0.0, p.least_flow) if free > 0 else 0.0
        entering = max(self.wet + p.tower_approach, p.coldest_condenser_water)
        cop = p.cop * carnot(p.supply_water - 5, entering + p.tower_range + 6) / carnot(1.7, 29.4 + 5.6 + 6)
        power = compressors(now * (1 - free), most, cop, p.chillers)
        self.power["cooling_compressor"] += power
        self.power["cooling_pumps"] += exchanger
        heat, built = now + power + exchanger, most * (1 + 1 / p.cop) + extra
        if not built:
            return
        design = pump(built, p.tower_range, p.tower_pump_pressure, p)
        moved = design * cubic(heat / built, p.least_flow)
        self.power["cooling_pumps"] += moved
        heat, built = heat + moved, built + design
        flow = 0.0 if heat <= 0 else min(max(heat / built, p.least_flow), 1.0)
        mass = built / (WATER * p.tower_range * p.liquid_gas_ratio)
        blow = mass / 1.2 * p.tower_fan_pressure / p.tower_fan_efficiency / 1000 * flow**3
        self.power["heat_rejection"] += blow
        self.out += heat + blow
        if heat <= 0:
            return
        target = content(self.dry, self.w) + heat / (mass * flow)
        leaving = brentq(lambda t: content(t, ratio(t, self.pa)) - target, -60, 80, xtol=1e-10)
        evaporated = max(ratio(leaving, self.pa) - self.w, 0.0) * mass * flow * 3600
        drift = p.drift * heat / (WATER * p.tower_range) * 3600
        self.water["heat_rejection"] += evaporated + max(evaporated / (p.cycles - 1), drift)

    def outside_air(self, room, wet):
        p, (now, most) = self.p, room
        share = now / most if most else 0.0
        rise = p.air_rise * share / max(share, p.least_flow) if share else p.air_rise
        moist = min(ratio(p.dew_point, self.pa), self.at_humidity(p.supply_air, p.humidity))
        at = min(max(self.dry, p.coldest_supply_air), p.supply_air)
        dry = min(max(ratio(p.lowest_dew_point, self.pa), self.at_humidity(at, p.lowest_humidity)), moist)
        entering, pads = self.dry, 0.0
        if p.adiabatic and self.dry > p.supply_air:
            inside = content(self.dry, self.w)
            limit = (inside - 2501 * moist) / (AIR + 1.86 * moist)
            reached = self.dry - p.pad_effectiveness * (self.dry - self.wet)
            entering = min(max(reached, limit, p.supply_air), self.dry)
            pads = max((inside - AIR * entering) / (2501 + 1.86 * entering) - self.w, 0.0)
        mechanical, mist = 1.0, 0.0
        if self.w <= moist and entering < p.supply_air + rise:
            mechanical = min(max((entering - p.supply_air) / rise, 0.0), 1.0)
            back = p.coldest_supply_air + rise
            outside = rise / (back - self.dry) if self.dry < p.coldest_supply_air else 1.0
            mist = max(dry - self.w, 0.0) * outside
        else:
            pads = 0.0
        mass = now / (AIR * rise)
        spray = mist * mass / 998 * p.mist_pressure / p.pump_efficiency / 1000
        self.power["humidification"] += spray
        wetted = pads * mass * 3600
        self.water["humidification"] += mist * mass * 3600 + wetted * p.cycles / (p.cycles - 1)
        self.out += now * (1 - mechanical) + spray
        self.towers(now * mechanical + wet[0], most + wet[1])

    def at_humidity(self, t, relative):
        vapour = relative * psychrolib.GetSatVapPres(t)
        return 0.621945 * vapour / (self.pa - vapour)

    def dry_coolers(self, now, most):
        p, liquid = self.p, self.p.liquid
        if not most:
            return
        design = pump(most, liquid.water_rise, p.pump_pressure, p)
        moved = design * cubic(now / most, p.least_flow)
        self.power["cooling_pumps"] += moved
        now, most = now + moved, most + design
        back, span = liquid.supply_water + liquid.water_rise, liquid.water_rise + liquid.approach
        entering, taken = self.dry, 0.0
        wanted = back - span * now / most
        if liquid.adiabatic and self.dry > wanted:
            reached = self.dry - liquid.pad_effectiveness * (self.dry - self.wet)
            entering = max(wanted, reached)
            inside = content(self.dry, self.w)
            taken = max((inside - AIR * entering) / (2501 + 1.86 * entering) - self.w, 0.0)
        can = most * max(back - entering, 0.0) / span
        carried = min(now, can)
        speed = carried / can if can else 0.0
        blow = most / liquid.fan_ratio * speed**3
        self.water["heat_rejection"] += taken * most / (AIR * liquid.water_rise) * speed * 3600 * 9 / 8
        self.left = now - carried
        power = 0.0
        if liquid.trim:
            cop = 3.5 * carnot(liquid.supply_water - 5, self.dry + 15) / carnot(1.7, 50)
            power = compressors(self.left, most, cop, p.chillers) if self.left > 1e-9 * most else 0.0
            self.left = 0.0
        self.power["heat_rejection"] += blow
        self.power["cooling_compressor"] += power
        self.out += now + blow + power
