from notedfu.port import micropython


def test_boot_py_and_main_py_get_one_port():
    from notedfu.port.micropython import port

    assert port is micropython.port


def test_what_a_quiet_boot_never_asks_for_is_handed_on():
    port = micropython.port
    assert port.kept() == b"" and not port.pin_is_low(-1)
    assert port.clock().since(port.ms()) < 1000
    assert not hasattr(port, "nothing_of_that_name")
