"""What ETAS expects of the next day and week: python docs/etas_in_ten_lines.py CATALOGUE ISSUE_TIME"""

import sys

from terrella import forecast

catalogue, _ = forecast.read_catalogue(sys.argv[1])
past = catalogue.between(catalogue.time_utc[0], sys.argv[2])
region = forecast.box_around(past.longitude, past.latitude)
least = forecast.completeness_by_maximum_curvature(past.magnitude)
start = past.time_utc[0] + (past.time_utc[-1] - past.time_utc[0]) // 10  # earlier events are sources alone
fit = forecast.fit_etas(past, region.area_km2, past.time_utc[0], start, sys.argv[2], least)
outlooks = [forecast.make_outlook(fit.model, past, region, sys.argv[2], d, magnitude_bin=0.1) for d in (1, 7)]
day, week = (forecast.simulate_counts(each, forecast.make_grid(region, 0.25)) for each in outlooks)
print(f"{fit.message}\nexpected events of M ≥ {least:.1f} within a day: {day.count.mean():.2f}")
print(f"probability of M ≥ 5 within a week: {100 * week.probability_of(5):.1f} %")
