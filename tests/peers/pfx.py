"""PFX files (PKCS #12) without a password, made by OpenSSL's library, which is the one behind Python's
`ssl`, and by the package `cryptography`.

    pfx.py FORM < PEM        PEM: a key, its certificate, other certificates; writes base64

FORM: `cryptography`, or PASSWORD-ALGORITHM: PASSWORD is `null` (no bytes at all, as Key Vault and
Windows have it), `empty` (the empty string) or any other password; ALGORITHM is `plain`, `3des` or
`aes`, for key and certificates.
"""

import _ssl
import base64
import ctypes
import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

# OpenSSL's numbers (obj_mac.h); -1 is no encryption.
ALGORITHMS = {"plain": -1, "3des": 146, "aes": 427}


def der(pointer, write, crypto):
    """What OpenSSL's `write` makes of the object."""
    size = write(ctypes.c_void_p(pointer), None)
    buffer = ctypes.create_string_buffer(size)
    target = ctypes.c_void_p(ctypes.addressof(buffer))
    assert write(ctypes.c_void_p(pointer), ctypes.byref(target)) == size, crypto
    return buffer.raw


def read(kind, data, crypto):
    """An object of OpenSSL made of DER."""
    function = getattr(crypto, f"d2i_{kind}")
    function.restype = ctypes.c_void_p
    buffer = ctypes.create_string_buffer(data, len(data))
    start = ctypes.c_void_p(ctypes.addressof(buffer))
    made = function(None, ctypes.byref(start), ctypes.c_long(len(data)))
    assert made, f"OpenSSL does not read the {kind}"
    return made


def encoded(certificate):
    """Its DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def by_openssl(form, key, certificates):
    """The PFX of `PKCS12_create`, which takes a missing password as what it is."""
    password, algorithm = form.split("-")
    password = {"null": None, "empty": b""}.get(password, password.encode())
    crypto = ctypes.CDLL(_ssl.__file__)
    create = crypto.PKCS12_create
    create.restype = ctypes.c_void_p
    crypto.OPENSSL_sk_new_null.restype = ctypes.c_void_p
    stack = crypto.OPENSSL_sk_new_null()
    for other in certificates[1:]:
        pointer = ctypes.c_void_p(read("X509", encoded(other), crypto))
        crypto.OPENSSL_sk_push(ctypes.c_void_p(stack), pointer)
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    number = ALGORITHMS[algorithm]
    made = create(
        password,
        None,
        ctypes.c_void_p(read("AutoPrivateKey", private, crypto)),
        ctypes.c_void_p(read("X509", encoded(certificates[0]), crypto)),
        ctypes.c_void_p(stack),
        number,
        number,
        2000,
        2000,
        0,
    )
    assert made, "OpenSSL makes no such PFX"
    return der(made, crypto.i2d_PKCS12, crypto)


def main():
    form, pem = sys.argv[1], sys.stdin.buffer.read()
    key = serialization.load_pem_private_key(pem, None)
    certificates = x509.load_pem_x509_certificates(pem)
    if form == "cryptography":
        none = serialization.NoEncryption()
        made = pkcs12.serialize_key_and_certificates(
            None, key, certificates[0], certificates[1:], none
        )
    else:
        made = by_openssl(form, key, certificates)
    sys.stdout.write(base64.b64encode(made).decode())


main()
