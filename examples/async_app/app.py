"""The same with asyncio: the updater is a task of its own, and nobody calls poll()."""

import asyncio

from version import VERSION

from notedfu.errors import LinkError


async def samples(dfu):
    count = 0
    while True:
        await asyncio.sleep(60)
        count += 1
        try:
            dfu.request({"req": "note.add", "file": "samples.qo", "body": {"count": count}})
        except LinkError as error:  # the Notecard is away for the moment; the app goes on
            print(error)


async def main(dfu):
    print("app", VERSION)
    task = asyncio.create_task(samples(dfu))
    await asyncio.sleep(3)
    dfu.confirm()  # this version starts and its tasks run
    await task
