"""An async main: the updater is a task beside it. MicroPython's asyncio, on its own clock."""

import asyncio

import rig
from notedfu.journal import IDLE, PENDING
from scratch import Scratch

HEAPSIZE = "16M"
OLD, NEW = "1.0.0", "2.0.0"


def device_with(folder, main):
    device = rig.Rig(folder, settings={"watchdog_s": 0})
    rig.BEHAVIOUR[OLD] = main
    device.install_first(OLD)
    return device


def test_the_updater_works_beside_an_async_main_and_installs():
    async def patient(dfu):
        while True:
            await asyncio.sleep_ms(20)

    async def confirms(dfu):
        dfu.confirm()
        for _ in range(100):
            await asyncio.sleep_ms(20)
            if not dfu.on_trial and dfu.status.get("mode") == "completed":
                return

    with Scratch() as folder:
        device = device_with(folder, patient)
        rig.BEHAVIOUR[NEW] = confirms
        device.offer(rig.app_image(NEW))
        for _ in range(6):
            if device.reports():
                break
            device.boot(for_s=60)
        assert rig.RUNS == [OLD, NEW]
        assert [one["status"] for one in device.reports()] == ["installed 2.0.0+0"]
        assert device.journal().state == IDLE and device.complaints == []


def test_an_exception_in_an_async_main_is_the_runs_end():
    async def crashes(dfu):
        await asyncio.sleep_ms(10)
        raise ValueError("later")

    with Scratch() as folder:
        device = device_with(folder, crashes)
        assert device.boot(for_s=60) == "reset"
        assert device.journal().unclean == 1
        assert [type(one) for one in device.complaints] == [ValueError]


def test_a_heap_that_was_full_for_a_moment_does_not_end_the_updates():
    async def hungry(dfu):
        real, failed = dfu.poll, []

        def poll(budget_ms):
            if len(failed) < 2:
                failed.append(1)
                raise MemoryError
            real(budget_ms)

        dfu.poll = poll
        while True:
            await asyncio.sleep_ms(20)

    with Scratch() as folder:
        device = device_with(folder, hungry)
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=60) == "reset"
        assert device.journal().state == PENDING
