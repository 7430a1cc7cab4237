# What the interpreter is started with: `micropython -i rom.py ROOT CONFIG WIRES`. It leaves a clean __main__.
__import__("sys").path.insert(0, __import__("sys").argv[1])
__import__("tools.board.device.startup", None, None, ("power_up",)).power_up(globals())
