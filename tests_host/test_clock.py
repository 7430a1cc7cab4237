from virtual import VirtualTime


def test_sleep_ticks_at_most_250_ms_apart():
    time = VirtualTime()
    clock = time.clock()
    seen = []
    clock.on_tick = lambda: seen.append(time.elapsed_ms)
    clock.sleep(1234)
    assert time.elapsed_ms == 1234
    assert seen[-1] == 1234
    gaps = [b - a for a, b in zip([0] + seen, seen)]
    assert max(gaps) <= 250


def test_since_survives_the_wrap_of_the_ticks():
    time = VirtualTime(start=(1 << 30) - 10)
    clock = time.clock()
    start = clock.ms()
    clock.sleep(1000)
    assert clock.ms() < start
    assert clock.since(start) == 1000
