"""The simulated year of `make year`, in a small form."""

from tools.year.life import Year, check

HEAPSIZE = "32M"


def quiet(line):
    pass


def test_a_small_year_ends_on_the_last_good_version_with_each_verdict_told_once():
    year = Year(600, 4, 8, 3)
    year.run(quiet)
    assert check(year, 600, 4, 8) == []
    assert [good for _, good in year.verdicts()] == [True, True, False, True]
    assert year.away > 0 and int(year.device.time.elapsed_ms) >> 30 > 20
    assert year.saves < year.quiet
    year.end()
    assert sum(year.erases) > 0


def test_a_year_that_ends_wrong_is_noticed():
    year = Year(30, 1, 1, 1)
    year.run(quiet)
    year.good = "9.0.0"
    year.reports.append(("3.0.0", True))
    assert len(check(year, 30, 1, 2)) == 3
    year.end()
