"""What a site has beside its tariff: purchase agreements, plants, storage, load that gives way.

Each module says its formulas and where its defaults come from; `models` lists the models.
"""
