"""Every way to break a file that we could think of: the place, what is wrong, and what would be right."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from topology.fakes import GOOD, RICH, Registry, load, refused

from twin.errors import InputError
from twin.topology.read import read


@dataclass(frozen=True)
class Broken:
    """One change to the good file, and one finding that must come of it."""

    old: str
    new: str
    path: str
    message: str
    expected: str = ""
    line: int | None = None
    alone: bool = True
    """Whether this is the only finding; what follows from a wrong name may come besides."""

    @property
    def text(self) -> str:
        assert GOOD.count(self.old) == 1, f"{self.old!r} is not unique"
        return GOOD.replace(self.old, self.new)

    @property
    def at(self) -> int:
        if self.line is not None:
            return self.line
        return GOOD[: GOOD.index(self.old)].count("\n") + 1 + (len(self.new) - len(self.new.lstrip("\n")))


HALL = "sites.bend.contains.hall[5]"
RACK = f"{HALL}.contains.row[20].contains.rack[16]"
UPS = "ups[23]: {use: hall-ups, power: {from: [grid, genset]}}"

MISSPELT = {
    "twin": ("twin: 1", "twim: 1", "twim", "twin"),
    "name": ("name: good", "nam: good", "nam", "name"),
    "doc": ("\ndoc: every", "\ndocs: every", "docs", "doc"),
    "calendar": ("calendar:", "calender:", "calender", "calendar"),
    "start": ("{start:", "{starts:", "calendar.starts", "start"),
    "months": ("months: 180", "month: 180", "calendar.month", "months"),
    "discount": ("discount:", "discuont:", "discuont", "discount"),
    "sources": ("sources:", "source:", "source", "sources"),
    "components": ("components:", "component:", "component", "components"),
    "sites": ("sites:", "site:", "site", "sites"),
    "links": ("links:", "link:", "link", "links"),
    "parties": ("parties:", "partys:", "partys", "parties"),
    "deals": ("deals:\n", "deal:\n", "deal", "deals"),
    "workloads": ("workloads:", "workload:", "workload", "workloads"),
    "analyses": ("analyses:", "analysis:", "analysis", "analyses"),
    "scenarios": ("scenarios:", "scenario:", "scenario", "scenarios"),
    "kind in component": ("hall-ups: {kind:", "hall-ups: {king:", "components.hall-ups.king", "kind"),
    "capacity in component": ("ups, capacity: 2.5", "ups, capacty: 2.5", "components.hall-ups.capacty", "capacity"),
    "efficiency": ("efficiency:", "eficiency:", "components.hall-ups.eficiency", "efficiency"),
    "region": ("region:", "regoin:", "sites.bend.regoin", "region"),
    "contains": ("us-la\n    contains:", "us-la\n    contain:", "sites.bend.contain", "contains"),
    "energised": ("energised: [", "energized: [", f"{HALL}.energized", "energised"),
    "use": ("                use: big", "                usse: big", f"{RACK}.usse", "use"),
    "power": ("                power: {", "                pwoer: {", f"{RACK}.pwoer", "power"),
    "from": ("{from: ups, pick", "{form: ups, pick", f"{RACK}.power.form", "from"),
    "pick": ("pick: 4", "pik: 4", f"{RACK}.power.pik", "pick"),
    "need": ("need: 3", "needs: 3", f"{RACK}.power.needs", "need"),
    "redundancy": ("redundancy:", "redundncy:", f"{RACK}.power.redundncy", "redundancy"),
    "lanes": ("lanes:", "lane:", f"{RACK}.network.lane", "lanes"),
    "cooling": ("                cooling:", "                coolin:", f"{RACK}.coolin", "cooling"),
    "between": ("between:", "betwen:", "links[1].betwen", "between"),
    "length": ("length:", "lenght:", "links[1].lenght", "length"),
    "role": ("hut: {role:", "hut: {rol:", "parties.hut.rol", "role"),
    "rating": ("rating:", "ratng:", "parties.goog.ratng", "rating"),
    "parameter": ("rent: $1M", "rnet: $1M", "deals[1].rnet", "rent"),
    "set": ("    set:", "    sets:", "scenarios.late.sets", "set"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_every_misspelt_key_is_named_with_the_right_one(name, tmp_path):
    old, new, path, right = MISSPELT[name]
    assert GOOD.count(old) == 1
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    found = [one for one in caught.value.findings if one.path == path and "no " in one.message]
    line = GOOD[: GOOD.index(old)].count("\n") + 1 + old.strip("\n").count("\n") + old.startswith("\n")
    assert [one.line for one in found] == [line]
    assert f"did you mean '{right}'?" in found[0].expected


CASES = {
    # values
    "wrong unit": Broken("330 MW", "330 parsecs", "sites.bend.contains.grid[2].capacity", "is not a unit", "2.5 MW"),
    "unit of another dimension": Broken(
        "330 MW", "330 h", "sites.bend.contains.grid[2].capacity", "not a unit of power"
    ),
    "power where bandwidth belongs": Broken(
        "51.2 Tbps", "51.2 MW", f"{HALL}.contains.leaf[4].capacity", "not a unit of bandwidth", "400 Gbps"
    ),
    "bare number": Broken("330 MW", "330", "sites.bend.contains.grid[2].capacity", "without a unit", "2.5 MW"),
    "negative": Broken("3 MW}", "-3 MW}", "sites.bend.contains.genset[130].capacity", "not above zero", "above zero"),
    "zero capacity": Broken("3 MW}", "0 MW}", "sites.bend.contains.genset[130].capacity", "not above zero"),
    "above one": Broken(
        "efficiency: 96 %", "efficiency: 196 %", "components.hall-ups.efficiency", "above 100 %", "at most"
    ),
    "not whole": Broken(
        "accelerators: 72", "accelerators: 72.5", "components.big-rack.accelerators", "not a whole number"
    ),
    "nan": Broken("cop: 5", "cop: .nan", "sites.bend.contains.chiller[4].cop", "not a finite number"),
    "infinite": Broken("cop: 5", "cop: -.INF", "sites.bend.contains.chiller[4].cop", "not a finite number"),
    "too large for a float": Broken(
        "cop: 5", "cop: 1e999", "sites.bend.contains.chiller[4].cop", "not a finite number"
    ),
    "nan in words": Broken("cop: 5", "cop: NaN", "sites.bend.contains.chiller[4].cop", "not a quantity", "1.25"),
    "null": Broken("cop: 5", "cop: null", "sites.bend.contains.chiller[4].cop", "not a quantity"),
    "boolean": Broken("cop: 5", "cop: true", "sites.bend.contains.chiller[4].cop", "not a quantity"),
    "list for a quantity": Broken("cop: 5", "cop: [5]", "sites.bend.contains.chiller[4].cop", "not a quantity"),
    "bad date": Broken("2027-08-01", "2027-02-30", f"{HALL}.energised", "there is no such day", "2027-06-01"),
    "not a date": Broken("2027-08-01", "August 2027", f"{HALL}.energised", "not a date", "2027-06-01"),
    "bad start": Broken("start: 2027-04-01", "start: 2027", "calendar.start", "not a date"),
    "no start": Broken("{start: 2027-04-01, ", "{", "calendar", "'start' is missing", "start"),
    "too few dates": Broken(", 2027-12-01]", "]", f"{HALL}.energised", "4 dates for 5 instances", "list of 5"),
    "months as a quantity": Broken("months: 180", "months: 15 years", "calendar.months", "not a whole number"),
    "no months": Broken("months: 180", "months: 0", "calendar.months", "not a number of months", "from 1"),
    "discount without unit": Broken("8 %/year", "8", "discount", "without a unit", "/year"),
    "discount of everything": Broken("8 %/year", "-100 %/year", "discount", "-100 %/year or less"),
    "kind unknown": Broken(
        "kind: genset", "kind: gensett", "sites.bend.contains.genset[130].kind", "not a kind", "'genset'"
    ),
    "attribute of another kind": Broken(
        "{kind: utility, capacity: 330 MW}",
        "{kind: utility, bf16: 1 TFLOPS}",
        "sites.bend.contains.grid[2].bf16",
        "a utility has no",
    ),
    "capacity of a rack": Broken(
        "load: 132 kW", "capacity: 132 kW", "components.big-rack.capacity", "a rack has no 'capacity'"
    ),
    "load written as power": Broken(
        "load: 132 kW", "power: 132 kW", "components.big-rack.power", "no key 'power'", "'load'"
    ),
    "own load as a supplier": Broken(
        "power: grid}", "power: 3 kW}", "sites.bend.contains.chiller[4].power", "not the name", "load: 3 kW"
    ),
    "mtbf and failure rate": Broken(
        "mttr: 8 h", "mttr: 8 h, failure_rate: 3 %/year", "components.hall-ups.failure_rate", "say the same", "keep one"
    ),
    "mttr without mtbf": Broken(
        "mtbf: 250000 h, ", "", f"{HALL}.contains.ups[23].mttr", "needs 'mtbf'", "mtbf", line=20
    ),
    "mtbf without mttr": Broken(
        "kind: genset,",
        "kind: genset, mtbf: 100 h,",
        "sites.bend.contains.genset[130].mtbf",
        "needs 'mttr'",
        "mttr: 8 h",
    ),
    # shape
    "version": Broken("twin: 1", "twin: 2", "twin", "version 2", "twin: 1"),
    "no version": Broken("twin: 1\n", "", "", "'twin' is missing", "twin:", line=1),
    "version in quotes": Broken("twin: 1", "twin: '1'", "twin", "not a whole number"),
    "duplicate key": Broken(
        "\nname: good", "\nname: good\nname: bad", "name", "duplicate key 'name'", "line 2", line=3
    ),
    "text where a mapping belongs": Broken(
        "hut: {role: landlord}", "hut: landlord", "parties.hut", "not a mapping", "role"
    ),
    "list where a mapping belongs": Broken(
        "{start: 2027-04-01, months: 180}", "[2027-04-01]", "calendar", "not a mapping"
    ),
    "mapping where a list belongs": Broken(
        "sources: [https://example.org/a]", "sources: {a: b}", "sources", "not a list"
    ),
    "number as a name": Broken("name: second", "name: 2", "deals[2].name", "not a name"),
    "group without a mapping": Broken(
        "feed: {kind: utility}", "feed: utility", "sites.lake.contains.feed", "not a mapping"
    ),
    "empty group": Broken("feed: {kind: utility}", "feed:", "sites.lake.contains.feed", "without anything"),
    "group without kind": Broken(
        "feed: {kind: utility}", "feed: {doc: x}", "sites.lake.contains.feed", "nobody says what", "kind:"
    ),
    "container without groups": Broken(
        "feed: {kind: utility}", "feed: {contains: {}}", "sites.lake.contains.feed.contains", "no groups"
    ),
    "kind of a container on nothing": Broken(
        "{kind: utility}", "{kind: hall}", "sites.lake.contains.feed", "without anything", "contains"
    ),
    "leaf kind on a container": Broken(
        "        energised: [",
        "        kind: rack\n        energised: [",
        f"{HALL}.kind",
        "not a kind of a group that contains",
    ),
    "kind of a site": Broken("region: us-la", "kind: hall", "sites.bend.kind", "is a site", "leave it out"),
    "power of a container": Broken(
        "        energised: [",
        "        power: grid\n        energised: [",
        f"{HALL}.power",
        "has no 'power'",
        "groups inside",
    ),
    "mtbf of a container": Broken(
        "        energised: [",
        "        mtbf: 1 h\n        energised: [",
        f"{HALL}.mtbf",
        "has no 'mtbf'",
        "groups inside",
    ),
    # names and counts
    "count zero": Broken("grid[2]", "grid[0]", "sites.bend.contains.grid[0]", "not a count", "from 1"),
    "count negative": Broken("grid[2]", "grid[-1]", "sites.bend.contains.grid[-1]", "not a count"),
    "count huge": Broken("grid[2]", "grid[1e12]", "sites.bend.contains.grid[1e12]", "too large", "10,000,000"),
    "count in many digits": Broken(
        "grid[2]", f"grid[{'9' * 40}]", f"sites.bend.contains.grid[{'9' * 40}]", "too large"
    ),
    "count nan": Broken("grid[2]", "grid[NaN]", "sites.bend.contains.grid[NaN]", "not a count"),
    "count fraction": Broken("grid[2]", "grid[2.5]", "sites.bend.contains.grid[2.5]", "not a count"),
    "count empty": Broken("grid[2]", "grid[]", "sites.bend.contains.grid[]", "not a count"),
    "name with a space": Broken("feed:", "a feed:", "sites.lake.contains.a feed", "not the name of a group", "letters"),
    "name with a digit first": Broken("feed:", "2feed:", "sites.lake.contains.2feed", "not the name of a group"),
    "site called as a section": Broken("  lake:\n", "  deals:\n", "sites.deals", "cannot be called", alone=False),
    "same group twice": Broken(
        UPS, f"{UPS}\n          ups: {{use: hall-ups}}", f"{HALL}.contains.ups", "two groups", "line 20", line=21
    ),
    # suppliers
    "dangling": Broken(
        "power: ups, cooling", "power: upss, cooling", f"{HALL}.contains.crah[4].power", "sees no group 'upss'", "'ups'"
    ),
    "name lives elsewhere": Broken(
        "power: grid}", "power: ups}", "sites.bend.contains.chiller[4].power", "sees no group 'ups'", "write 'hall/ups'"
    ),
    "name in another site": Broken(
        "power: grid}", "power: feed}", "sites.bend.contains.chiller[4].power", "sees no", "another site"
    ),
    "another site": Broken(
        "power: grid}", "power: lake/feed}", "sites.bend.contains.chiller[4].power", "is another site", "links"
    ),
    "wrong inside": Broken(
        "power: grid}", "power: hall/upps}", "sites.bend.contains.chiller[4].power", "no 'upps' in 'bend/hall'", "'ups'"
    ),
    "deeper than there is": Broken(
        "power: grid}", "power: grid/a}", "sites.bend.contains.chiller[4].power", "no 'a' in 'bend/grid'"
    ),
    "ambiguous name": Broken(
        "power: ups, cooling",
        "power: hall/ups, cooling",
        f"{HALL}.contains.crah[4].power",
        "is ambiguous",
        "'hall[*]/ups'",
    ),
    "container as supplier": Broken(
        "power: grid}", "power: hall}", "sites.bend.contains.chiller[4].power", "contains others", "ups"
    ),
    "wrong kind of supplier": Broken(
        "power: ups, cooling", "power: leaf, cooling", f"{HALL}.contains.crah[4].power", "gives no power", "ups"
    ),
    "no such instance": Broken(
        "power: grid}", "power: 'grid[3]'}", "sites.bend.contains.chiller[4].power", "no grid[3]", "from 1 to 2"
    ),
    "backwards": Broken(
        "power: grid}", "power: 'grid[2..1]'}", "sites.bend.contains.chiller[4].power", "not the name", "[1..2]"
    ),
    "wildcard": Broken("power: grid}", "power: '*'}", "sites.bend.contains.chiller[4].power", "named, not matched"),
    "supplier twice": Broken("[grid, genset]", "[grid, grid]", f"{HALL}.contains.ups[23].power.from", "named twice"),
    "supplier a number": Broken("power: grid}", "power: 7}", "sites.bend.contains.chiller[4].power", "not the name"),
    "suppliers nested": Broken(
        "[grid, genset]", "[[grid]]", f"{HALL}.contains.ups[23].power.from", "not the name of a supplier"
    ),
    "no suppliers": Broken("[grid, genset]", "[]", f"{HALL}.contains.ups[23].power.from", "not the name of a supplier"),
    "no from": Broken(
        "{from: ups, need: 1}",
        "{need: 1}",
        f"{HALL}.contains.cdu[46].power",
        "'from' is missing",
        "suppliers",
        alone=False,
    ),
    "to and from": Broken("{to: leaf,", "{to: leaf, from: leaf,", f"{RACK}.network.to", "beside 'from'"),
    "need above pick": Broken("need: 3", "need: 5", f"{RACK}.power.need", "more than there is", "from 1 to 4"),
    "need zero": Broken("need: 3", "need: 0", f"{RACK}.power.need", "at least 1"),
    "pick above what there is": Broken(
        "pick: 4", "pick: 24", f"{RACK}.power.pick", "more than there is", "from 1 to 23"
    ),
    "pick in words": Broken("pick: 4", "pick: four", f"{RACK}.power.pick", "not a whole number"),
    "pick twice": Broken("{from: ups, pick: 4", "{from: {ups: 4}, pick: 4", f"{RACK}.power.pick", "beside numbers"),
    "pick of one too many": Broken(
        "{from: ups, pick: 4", "{from: {ups: 24}", f"{RACK}.power.from.ups", "not a number of", "23"
    ),
    "share": Broken("pick: 4", "share: equally", f"{RACK}.power.share", "not one of equal, primary", "'equal'"),
    "redundancy unknown": Broken("4N/3", "5N", f"{RACK}.power.redundancy", "not one of N"),
    "lanes without rate": Broken("72 x 400 Gbps", "72", f"{RACK}.network.lanes", "without a unit", "72 x 400 Gbps"),
    "no lanes": Broken("72 x 400 Gbps", "0 x 400 Gbps", f"{RACK}.network.lanes", "no lanes"),
    "rack without power": Broken(
        "                power: {from: ups, pick: 4, need: 3, redundancy: 4N/3}\n",
        "",
        RACK,
        "fed by nobody",
        "power",
        line=26,
        alone=False,
    ),
    "ups without power": Broken(
        UPS, "ups[23]: {use: hall-ups}", f"{HALL}.contains.ups[23]", "ups 'bend/hall/ups' is fed by nobody"
    ),
    "cdu without cooling": Broken(
        "need: 1}, cooling: chiller", "need: 1}", f"{HALL}.contains.cdu[46]", "nobody takes the heat", "cooling"
    ),
    "liquid and air in one": Broken(
        "[cdu, crah]", "{from: [cdu, crah]}", f"{RACK}.cooling", "liquid and air", "list of two"
    ),
    "two of liquid": Broken("[cdu, crah]", "[{from: cdu}, {from: cdu}]", f"{RACK}.cooling[2]", "two liquid"),
    "three coolings": Broken(
        "[cdu, crah]", "[{from: cdu}, {from: crah}, {from: cdu}]", f"{RACK}.cooling", "more than two", alone=False
    ),
    "no liquid fraction": Broken(
        ", liquid_fraction: 85 %", "", RACK, "by liquid and by air", "liquid_fraction", line=26
    ),
    # components
    "unknown component": Broken(
        "use: big-rack", "use: bigg-rack", f"{RACK}.use", "no component and no catalogue part", "'big-rack'"
    ),
    "component in a circle": Broken(
        "{kind: ups, capacity", "{use: hall-ups, kind: ups, capacity", "components.hall-ups.use", "circle", "break"
    ),
    "component without kind": Broken("{kind: rack, load", "{load", f"{RACK}.use", "no kind", line=27),
    # sections
    "link to an unknown site": Broken("[bend, lake]", "[bend, lakee]", "links[1].between", "no site 'lakee'", "'lake'"),
    "link with one end": Broken("[bend, lake]", "[bend]", "links[1].between", "joins two sites"),
    "link to itself": Broken("[bend, lake]", "[bend, bend]", "links[1].between", "joins two sites"),
    "link without capacity": Broken("capacity: 12.8 Tbps, ", "", "links[1]", "'capacity' is missing"),
    "link with power": Broken("12.8 Tbps", "12.8 MW", "links[1].capacity", "not a unit of bandwidth", "400 Gbps"),
    "negative length": Broken("2100 km", "-2100 km", "links[1].length", "not above zero"),
    "party without role": Broken("hut: {role: landlord}", "hut: {rating: A}", "parties.hut", "'role' is missing"),
    "unknown party": Broken(
        "landlord: hut, rent: $1M", "landlord: hutt, rent: $1M", "deals[1].landlord", "no party 'hutt'", "'hut'"
    ),
    "unknown model": Broken(
        "{model: lease, landlord",
        "{model: leese, landlord",
        "deals[1].model",
        "no model 'leese'",
        "'lease'",
        alone=False,
    ),
    "model of another section": Broken(
        "{model: training,", "{model: lease,", "workloads.pretrain.model", "no model 'lease'", "model for 'deals:'"
    ),
    "no model": Broken("{model: lease, landlord", "{landlord", "deals[1]", "'model' is missing", alone=False),
    "two deals of one name": Broken(
        "name: second, ", "", "deals[2]", "two entries of 'deals' called 'lease'", "name", alone=False
    ),
    "unknown deal": Broken("after: lease", "after: lesae", "deals[2].after", "no deal 'lesae'", "'lease'"),
    "unknown deal in a list": Broken(
        "secured_on: [lease]", "secured_on: [lease, x]", "deals[2].secured_on[2]", "no deal 'x'"
    ),
    "deal in a circle": Broken("rent: $1M,", "rent: $1M, after: second,", "deals[2]", "circle", "break", line=40),
    "deal referring to itself": Broken("rent: $1M,", "rent: $1M, after: lease,", "deals[1]", "circle"),
    "unknown site of a deal": Broken("site: bend", "site: bent", "deals[1].site", "no site 'bent'", "'bend'"),
    "money without unit": Broken("rent: $1M", "rent: 1000000", "deals[1].rent", "without a unit", "$3.25B"),
    "negative money": Broken("rent: $1M", "rent: -$1M", "deals[1].rent", "below"),
    "parameter missing": Broken("rent: $1M, ", "", "deals[1]", "needs 'rent'", "$3.25B"),
    "nested parameter": Broken(
        "rent: $1M,",
        "rent: $1M, steps: [{to: hut, amount: 7}],",
        "deals[1].steps[1].amount",
        "without a unit",
        "$3.25B",
    ),
    "nested party": Broken(
        "rent: $1M,", "rent: $1M, steps: [{to: nix, amount: $7}],", "deals[1].steps[1].to", "no party 'nix'"
    ),
    "nested unknown": Broken(
        "rent: $1M,",
        "rent: $1M, steps: [{too: hut, to: hut, amount: $7}],",
        "deals[1].steps[1].too",
        "no parameter 'too'",
        "'to'",
    ),
    "party as a key": Broken("rent: $1M,", "rent: $1M, shares: {nix: 1},", "deals[1].shares.nix", "no party 'nix'"),
    "number in words": Broken(
        "accelerators: 1000", "accelerators: many", "workloads.pretrain.accelerators", "valid integer"
    ),
    "nan in a parameter": Broken("number: 2", "number: .nan", "analyses.capacity.number", "not a finite number"),
    "plugin that fails": Broken("number: 2", "number: 13", "analyses.capacity", "fake (fake-dist 1.0) fails", "report"),
    "unknown analysis": Broken(
        "  capacity: {number", "  capacities: {number", "analyses.capacities", "no model 'capacities'", "'capacity'"
    ),
    "name beside a name": Broken(
        "{model: training,", "{model: training, name: x,", "workloads.pretrain.name", "called 'pretrain' already"
    ),
    # scenarios
    "scenario of nothing": Broken(
        "bend/hall[4..5].energised",
        "bend/hal[4..5].energised",
        "scenarios.late.set.bend/hal[4..5].energised",
        "no group 'hal'",
        "'hall'",
    ),
    "scenario beyond the count": Broken(
        "[4..5].energised", "[4..6].energised", "scenarios.late.set.bend/hall[4..6].energised", "no [6]"
    ),
    "scenario with a bad selector": Broken(
        "bend/hall[4..5].en", "bend/hall[x].en", "scenarios.late.set.bend/hall[x].energised", "brackets"
    ),
    "scenario with a bad date": Broken(
        "2028-06-01", "soon", "scenarios.late.set.bend/hall[4..5].energised", "not a date"
    ),
    "scenario with an unknown attribute": Broken(
        "].energised:", "].enrgised:", "scenarios.late.set.bend/hall[4..5].enrgised", "cannot be set", "'energised'"
    ),
    "scenario on part of a dependency": Broken(
        "bend/**/rack.power",
        "bend/hall[1]/**/rack.power",
        "scenarios.late.set.bend/hall[1]/**/rack.power.need",
        "cannot differ",
    ),
    "scenario with an unknown deal": Broken(
        "deals.lease.rent", "deals.leas.rent", "scenarios.late.set.deals.leas.rent", "no 'leas' in 'deals'", "'lease'"
    ),
    "scenario with a bad parameter": Broken(
        "rent: $3M", "rent: 3", "scenarios.late.set.deals.lease.rent", "without a unit"
    ),
    "scenario with an unknown parameter": Broken(
        "lease.rent: $3M", "lease.rnt: $3M", "scenarios.late.set.deals.lease.rnt", "no parameter", "'rent'"
    ),
    # YAML
    "tag": Broken("name: good", "name: !!python/name:os.system good", "name", "tags are not accepted", "remove"),
    "merge key": Broken(
        "hut: {role: landlord}", "hut: {<<: {a: b}, role: landlord}", "parties.hut.<<", "merge keys", "components"
    ),
    "complex key": Broken("hut: {role: landlord}", "hut: {[a]: b, role: landlord}", "parties.hut", "not a word"),
    "empty key": Broken("hut: {role: landlord}", "hut: {~: b, role: landlord}", "parties.hut", "without a name"),
    "alias of nothing": Broken("name: good", "name: *nix", "name", "alias without an anchor"),
    "recursive anchor": Broken(
        "hut: {role: landlord}", "hut: &x {role: *x}", "parties.hut.role", "inside its own anchor"
    ),
    "second document": Broken("name: good", "name: good\n---\na: b", "", "second YAML document", line=3),
    "tab": Broken("    region: us-la", "\tregion: us-la", "", "tab", "spaces"),
    "not closed": Broken("hut: {role: landlord}", "hut: {role: landlord", "", "not YAML", "on line 36", line=37),
    "brackets in a flow": Broken(
        "{kind: utility}\nlinks",
        "{contains: {a[2]: {kind: utility}}}\nlinks",
        "",
        "not YAML",
        "needs quotes: 'rack[16]'",
    ),
    "control character": Broken("name: good", "name: go\x07od", "", "not a text file"),
    "odd character": Broken("name: good", "name: go\x9fod", "", "control character"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_file_says_where_what_and_how(name, tmp_path):
    case = CASES[name]
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        load(tmp_path, case.text)
    assert time.process_time() - started < 2
    findings = caught.value.findings
    hits = [one for one in findings if one.path == case.path and case.message in one.message]
    assert hits, str(caught.value)
    assert hits[0].line == case.at, str(caught.value)
    assert case.expected in hits[0].expected, str(caught.value)
    assert len(findings) == 1 or not case.alone, str(caught.value)
    assert all(one.message and one.file.endswith("x.yaml") for one in findings)


def fails(folder, text, scenario="", overlays=(), **registry):
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        load(folder, text, scenario, overlays, **registry)
    assert time.process_time() - started < 2
    return str(caught.value)


def test_the_good_file_is_good(tmp_path):
    assert load(tmp_path, GOOD).name == "good"
    assert load(tmp_path, GOOD, "late").scenario == "late"


def test_the_rich_file_is_good(tmp_path):
    assert len(load(tmp_path, RICH).demands) == 2
    topology = load(tmp_path, RICH, "long")
    assert [path for path in topology.groups if "pod" in path] == [f"lake/room/pod{n}" for n in ("", "-2", "-3")]


def test_everything_wrong_is_said_at_once_in_file_order(tmp_path):
    names = (
        "wrong unit",
        "unknown party",
        "dangling",
        "count zero",
        "link to itself",
        "bad date",
        "need zero",
        "share",
        "nan",
    )
    text = GOOD.replace("discount:", "discuont:")
    for name in names:
        text = text.replace(CASES[name].old, CASES[name].new)
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    lines = [one.line for one in caught.value.findings]
    assert lines == sorted(lines)
    messages = str(caught.value)
    assert all(CASES[name].message in messages for name in names if name != "share")
    assert len(lines) == len(names) + 1


def test_a_total_over_the_limit_names_it(tmp_path):
    text = fails(tmp_path, GOOD.replace("grid[2]", "grid[9000000]").replace("rack[16]", "rack[150000]"))
    assert "too many instances" in text
    assert "20,000,000" in text


def test_a_loop_is_named_in_full(tmp_path):
    text = """\
twin: 1
sites:
  s:
    contains:
      a: {kind: ups, power: b}
      b: {kind: ups, power: c}
      c: {kind: ups, power: a}
      d: {kind: ups, power: d}
      e: {kind: ups, power: a}
"""
    found = fails(tmp_path, text)
    assert "x.yaml:5:29: sites.s.contains.a.power: a loop" in found
    assert "s/a ← s/b ← s/c ← s/a" in found
    assert "'s/d' feeds itself" in found
    assert found.count("a loop: each") == 1


def test_a_loop_over_two_layers_is_a_loop(tmp_path):
    text = """\
twin: 1
sites:
  s:
    contains:
      grid: {kind: utility}
      chiller: {kind: chiller, load: 1 kW, power: ups}
      ups: {kind: ups, power: grid, cooling: chiller}
"""
    assert "s/chiller ← s/ups ← s/chiller" in fails(tmp_path, text)


def test_a_name_of_a_component_and_of_a_part_is_ambiguous(tmp_path):
    text = """\
twin: 1
components: {taken: {kind: ups}}
sites: {s: {contains: {grid: {kind: utility}, u: {use: taken, power: grid}}}}
"""
    found = fails(tmp_path, text)
    assert "sites.s.contains.u.use: 'taken' is ambiguous" in found
    assert "fake (fake-dist 1.0)" in found


def test_a_wrong_figure_of_a_catalogue_names_the_plugin(tmp_path):
    text = "twin: 1\nsites: {s: {contains: {grid: {kind: utility}, u: {use: maker.odd, power: grid}}}}\n"
    assert "part 'maker.odd' of fake (fake-dist 1.0) has a wrong 'capacity'" in fails(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{model: lease, landlord", "{model: rent, landlord"),
        ("use: big-rack", "use: acme.rack"),
        ("  capacity: {", "  acme: {"),
    ],
)
def test_an_unknown_name_mentions_plugins_that_did_not_load(tmp_path, old, new):
    why = "plugin acme (acme-dist 1.2) is broken: ImportError: no module"
    found = fails(tmp_path, GOOD.replace(old, new), why=why)
    assert why in found


def test_one_wrong_component_is_said_once(tmp_path):
    text = GOOD.replace("132 kW", "132 parsecs").replace("lake:\n", "lake:\n", 1)
    assert fails(tmp_path, text).count("parsecs' is not a unit") == 1


def test_an_unknown_scenario(tmp_path):
    found = fails(tmp_path, GOOD, scenario="latte")
    assert "scenarios: there is no scenario 'latte'" in found
    assert "did you mean 'late'?" in found
    assert "the file has no scenarios" in fails(tmp_path, GOOD[: GOOD.index("scenarios:")], scenario="late")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("bend/hal.energised=2028-01-01", "no group 'hal'"),
        ("bend/hall=2028-01-01", "not a path that can be set"),
        ("discount", "not a setting"),
        ("discount=", "not a setting"),
        ("=1", "not a setting"),
        ("discount=5", "without a unit"),
        ("discount=[", "not YAML"),
        ("discount=&a [*a]", "inside its own anchor"),
        ("calendar.star=2027-01-01", "no key 'star'"),
        ("calendar.start=soon", "not a date"),
        ("components.hall-up.capacity=1 MW", "no 'hall-up' in 'components'"),
        ("hall-ups.capacity=1 MW", "no group 'hall-ups'"),
        ("components.hall-ups.kind=pdu", "cannot be set"),
        ("components.hall-ups.capacity=1 h", "not a unit of power"),
        ("parties.hut.rat=1", "no key 'rat'"),
        ("deals.lease.model=purchase", "cannot be set"),
        ("deals.lease.rent.x=1", "not a mapping"),
        ("workloads.pretrain.accelerators=x", "valid integer"),
        ("bend/hall[1].energised=[2027-01-01]", "not a single value"),
        ("bend/hall[1]/**/rack.use=maker.rack", "cannot differ by instance"),
        ("bend/hall.use=maker.rack", "uses nothing"),
        ("bend/hall/ups.mtbf=1", "without a unit"),
        ("bend/hall[1]/ups.failure_rate=1 %/year", "set 'mtbf' instead"),
        ("bend/hall/**/rack.cooling.need=1", "list of cooling dependencies"),
        ("bend/grid.power.need=1", "has a power dependency"),
        ("bend/hall/cdu.power=ups", "cannot be set"),
        ("bend/hall/cdu.power.lanes=2", "cannot be set"),
        ("bend/hall/cdu.power.need=100", "more than there is"),
        ("bend/hall/cdu.power.need=two", "not a whole number"),
        ("kind=upss.capacity=1 MW", "is not a kind"),
        ("kind=rack.capacity=1 MW", "a rack has no 'capacity'"),
        ("bend/hall[1]/ups.capacity=0 MW", "not above zero"),
        ("a" * 5000 + ".capacity=1 MW", "no group"),
        ("deals.lease." + "a." * 5000 + "b=1", "no parameter"),
    ],
)
def test_a_wrong_setting_names_itself_as_the_file(tmp_path, setting, message):
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD, overlays=(setting,))
    hits = [one for one in caught.value.findings if message in one.message or message in one.expected]
    assert hits, str(caught.value)
    assert hits[0].file == f"--set {setting}"
    assert hits[0].line == 0


# --- files that are no topology ---------------------------------------------------------------

HEAD = "twin: 1\nsites: {s: {contains: {a: {kind: utility}}}}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(8)
)
FILES = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n  \n# nothing\n", "the file is empty"),
    "byte order mark alone": (b"\xef\xbb\xbf", "the file is empty"),
    "a list": (b"- a\n", "not a mapping"),
    "a word": (b"hello", "not a mapping"),
    "binary": (bytes(range(256)) * 100, "not a text file"),
    "latin-1": ("twin: 1\nname: Zürich\n".encode("latin-1"), "x.yaml:2: this is not UTF-8"),
    "utf-16": ("twin: 1\n" * 9).encode("utf-16") and (("twin: 1\n" * 9).encode("utf-16"), "not a text file"),
    "50 MB": (b"a: bcdefg\n" * 5_000_000, "too large"),
    "alias bomb": (BOMB.encode(), "too many values"),
    "many values": (b"a: [" + b"1," * 150_000 + b"1]\n", "the limit is 100,000"),
    "a million brackets": (b"[" * 1_000_000, "nested too deep"),
    "a million braces": (b"{" * 1_000_000, "nested too deep"),
    "a million dashes": (b"- " * 1_000_000, "nested too deep"),
    "a million question marks": (b"? " * 1_000_000, "nested too deep"),
    "a million quotes": (b"'" * 1_000_001, "not YAML"),
    "a million colons": (b"a" + b":" * 1_000_000, "not YAML"),
    "deep blocks": ("".join(f"{' ' * i}a:\n" for i in range(2000)).encode(), "nested too deep"),
    "long key": (b"a" * 1_000_000 + b": 1\n", "not YAML"),
    "tabs": (b"twin: 1\nsites:\n\ts:\n", "a tab is used to indent"),
    "anchors": (b"&a " * 100_000, "not YAML"),
    "only a tag": (b"!!python/object/apply:os.system [ls]", "tags are not accepted"),
    "directive": (b"%NOPE x\n---\na: b\n", ""),
    "10,000 wrong names": ((HEAD + "".join(f"k{i}: 1\n" for i in range(10_000))).encode(), "more than 500 findings"),
    "10,000 dangling": (
        (
            "twin: 1\nsites:\n s:\n  contains:\n"
            + "".join(f"   g{i}: {{kind: rack, load: 1 kW, power: h{i}}}\n" for i in range(10_000))
        ).encode(),
        "more than 500 findings",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_topology(name, tmp_path):
    data, message = FILES[name]
    assert message in fails(tmp_path, data)


def test_no_file_at_all(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "nix.yaml", Registry())
    with pytest.raises(InputError, match="not a file"):
        read(tmp_path, Registry())
    with pytest.raises(InputError, match=r"cannot be read|no such file"):
        read(str(tmp_path / ("x" * 5000)), Registry())
    with pytest.raises(InputError):
        read("a\0b", Registry())


def test_a_long_chain_of_groups_is_no_matter(tmp_path):
    groups = "".join(f"      g{i}: {{kind: ups, power: g{i + 1}}}\n" for i in range(5000))
    text = f"twin: 1\nsites:\n  s:\n    contains:\n{groups}      g5000: {{kind: utility}}\n"
    assert len(load(tmp_path, text).groups) == 5002
    assert "a loop" in fails(tmp_path, text.replace("g5000: {kind: utility}", "g5000: {kind: ups, power: g0}"))


TOKENS = sorted(set(re.findall(r"[A-Za-z0-9_.$%/+-]+", RICH)))
VALUES = (
    "null",
    "[]",
    "{}",
    "true",
    "-1",
    "1e9",
    ".nan",
    "''",
    "[a, [b]]",
    "{a: {b: c}}",
    "2027-01-01",
    "x[2]",
    "*",
    "**",
    "3 MW",
)
CHARS = st.sampled_from("[]{}:,-#&*!|>'\"%@`?~ \n\tax09.$/=<\x00\x85\ufeff\U0001f600")


@st.composite
def mutated(draw):
    """The good file with lines and characters deleted, doubled, moved and changed."""
    text = draw(st.sampled_from((GOOD, RICH)))
    for _ in range(draw(st.integers(1, 4))):
        what = draw(st.sampled_from(("word", "word", "line", "double", "swap", "drop", "insert", "replace", "cut")))
        if what == "word":
            words = list(re.finditer(r"[A-Za-z0-9_.$%/+-]+", text))
            if words:
                old, new = words[draw(st.integers(0, len(words) - 1))], draw(st.sampled_from((*TOKENS, *VALUES)))
                text = text[: old.start()] + new + text[old.end() :]
            continue
        if what in {"line", "double", "swap"}:
            lines = text.splitlines(keepends=True) or [""]
            i, j = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
            if what == "line":
                del lines[i]
            elif what == "double":
                lines.insert(j, lines[i])
            else:
                lines[i], lines[j] = lines[j], lines[i]
            text = "".join(lines)
        else:
            at = draw(st.integers(0, max(0, len(text) - 1)))
            size = draw(st.integers(1, 20)) if what == "cut" else 1
            new = draw(st.text(CHARS, min_size=1, max_size=3)) if what in {"insert", "replace"} else ""
            text = text[:at] + new + text[at + (0 if what == "insert" else size) :]
    return text


@given(text=mutated(), scenario=st.sampled_from(("", "late", "long")))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_file_is_read_or_refused_and_never_anything_else(tmp_path, text, scenario):
    findings = refused(tmp_path, text, scenario)
    assert findings != []
    assert all(re.match(r".*x\.yaml(:\d+)?(:\d+)?: ", one, re.DOTALL) for one in findings or ())


WORDS = (
    "bend",
    "/hall",
    "/rack",
    "[2]",
    "[4..5]",
    ".energised",
    ".power.need",
    "=",
    "/**",
    "kind=ups",
    "deals.lease.",
    "1 MW",
)


@given(setting=st.lists(st.one_of(CHARS, st.sampled_from(WORDS)), max_size=8).map("".join))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_setting_is_applied_or_refused(tmp_path, setting):
    assert refused(tmp_path, RICH, overlays=(setting,)) != []
