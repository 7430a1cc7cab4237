from notedfu import port


def test_boot_py_and_main_py_get_one_port():
    assert port.load() is port.load()
