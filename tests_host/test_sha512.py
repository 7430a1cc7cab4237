from notedfu.sha512 import sha512


def test_the_standard_examples():
    # FIPS 180-4, appendix C of its predecessor
    assert sha512(b"abc") == bytes.fromhex(
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    )
    assert sha512(b"").hex()[:32] == "cf83e1357eefb8bdf1542850d66d8007"


def test_every_length_is_padded_as_it_should_be():
    # the digest of the digests, as hashlib has it
    every = b"".join([sha512(bytes(n))[:2] for n in range(0, 300, 7)])
    assert sha512(every).hex()[:32] == "b0ed5cc2624bd8616edc078db1d8147a"
