"""The scenario in which somebody pulls the plug: three times during the download, once in the swap."""

from tools.demo.scenarios import Scenario

_QUARTERS = (1, 2, 3)  # of the image: where the plug is pulled
_INTO_SWAP = 12  # flash operations after the reset: the slot is being filled
_PAGE = 4096  # bytes
_PREFLIGHT = 2048  # bytes of header and TLVs, asked for after each cut


class Cut(Scenario):
    name = "cut"
    about = "the plug is pulled three times during the download and once in the swap"
    settings = {"install": "boot"}
    timeout_s = 120

    def accompany(self, world, workshop):
        engine, board = world.engine, world.board
        self._before = self._boots(board)
        total = engine.dfu.queue[0].length if engine.dfu.queue else engine.dfu.image.length
        for quarter in _QUARTERS:
            world.wait(lambda: engine.counters.given(0, total) >= total * quarter // 4, "bytes")  # noqa: B023
            self._pull(board, world)
        world.wait(lambda: world.record().get("state") == "pending", "a verified image")
        boots = self._boots(board)
        board.power_cut(_INTO_SWAP, "torn")
        board.press_reset()
        world.wait(lambda: self._boots(board) > boots, "a cut in the swap")
        return {"cuts": self._boots(board) - self._before}

    @staticmethod
    def _boots(board):
        """Boots after the power was gone."""
        return board.counters()["boots"].get("cut", 0)

    def _pull(self, board, world):
        boots = self._boots(board)
        board.power_cut()
        world.wait(lambda: self._boots(board) > boots, "the power")

    def wrong(self, result):
        again = result["fetched_twice"]
        wrong = []
        if again > len(_QUARTERS) * (_PAGE + _PREFLIGHT) + _PREFLIGHT:
            wrong.append("%d bytes were fetched twice" % again)
        if result["cuts"] != len(_QUARTERS) + 1:
            wrong.append("%d cuts" % result["cuts"])
        return wrong


CUTS = (Cut,)
