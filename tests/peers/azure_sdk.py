"""Microsoft's own clients against our doubles of Azure: what they accept, Freehold may rely on.

The names of Azure's hosts lead to the double's port on this machine, whose certificate is for them
and is trusted by REQUESTS_CA_BUNDLE; everything else is as in Azure.
"""

import os
import socket
import sys

PORT = int(os.environ["CLOUD_TLS_PORT"])
VAULT = f"https://work.vault.azure.net:{PORT}"
AUTHORITY = f"https://login.microsoftonline.com:{PORT}"
resolve = socket.getaddrinfo


def here(host, port, *rest, **named):
    """Azure's names are on this machine, and no other name is looked up."""
    if host not in ("work.vault.azure.net", "login.microsoftonline.com", "127.0.0.1"):
        raise OSError(f"{host} is not to be called")
    return resolve("127.0.0.1", port, *rest, **named)


socket.getaddrinfo = here

from azure.core.exceptions import (  # noqa: E402
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential  # noqa: E402
from azure.keyvault.keys import KeyClient  # noqa: E402
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm  # noqa: E402
from azure.keyvault.secrets import SecretClient  # noqa: E402


def expect(held, sentence, seen=""):
    """Says the sentence; ends the script when it does not hold."""
    print(("ok      " if held else "FAILED  ") + sentence, flush=True)
    if not held:
        print(f"        saw: {seen}", flush=True)
        sys.exit(1)


def workload():
    """The workload identity of AKS, as its variables say."""
    return WorkloadIdentityCredential(authority=AUTHORITY)


def wrap_and_unwrap(credential, rotates):
    """A key wraps and unwraps, and what an older version wrapped is unwrapped by it."""
    keys = KeyClient(VAULT, credential)
    first = keys.get_key("freehold")
    crypto = CryptographyClient(first, credential)
    key = os.urandom(32)
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, key).encrypted_key
    plain = crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key
    expect(plain == key, "RSA-OAEP-256: what the client wraps the vault unwraps")
    if rotates:
        second = keys.rotate_key("freehold")
        expect(second.id != first.id, "rotating makes a new version", second.id)
        newest = keys.get_key("freehold")
        expect(newest.id == second.id, "the newest version is the one without a version", newest.id)
        plain = crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key
        expect(plain == key, "the older version still unwraps")
        other = CryptographyClient(second, credential)
        try:
            other.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
            expect(False, "the newer version refuses what the older one wrapped")
        except HttpResponseError as refused:
            expect(refused.status_code == 400, "the newer version refuses it with 400", refused)
    return key


def main():
    what = sys.argv[1]
    if what == "workload":
        credential = workload()
        wrap_and_unwrap(credential, rotates=True)
        secrets = SecretClient(VAULT, credential)
        made = secrets.set_secret("client", "a+b%2Fc:d~e/f=&gü h")
        found = secrets.get_secret("client")
        expect(found.value == "a+b%2Fc:d~e/f=&gü h", "a secret comes back as it was", found.value)
        expect(found.id == made.id, "with its version", found.id)
        secrets.set_secret("client", "two")
        old = secrets.get_secret("client", made.properties.version)
        expect(old.value.startswith("a+b"), "an older version is still there")
        expect(secrets.get_secret("client").value == "two", "the newest is the newest")
        try:
            secrets.get_secret("none")
            expect(False, "a secret that is not there is not found")
        except ResourceNotFoundError as refused:
            expect(refused.error.code == "SecretNotFound", "SecretNotFound", refused)
    elif what == "managed":
        wrap_and_unwrap(ManagedIdentityCredential(), rotates=False)
        expect(True, "a managed identity opens the vault")
    elif what == "remote":
        # Without the right to read the key, the client lets the vault wrap.
        name = os.environ["CLOUD_KEY"]
        crypto = CryptographyClient(f"{VAULT}/keys/freehold/{name}", workload())
        key = os.urandom(32)
        done = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, key)
        expect(done.key_id.endswith(name), "the vault says which version wrapped", done.key_id)
        plain = crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, done.encrypted_key).key
        expect(plain == key, "what the vault wraps the vault unwraps")
    elif what == "throttled":
        keys = KeyClient(VAULT, workload())
        expect(keys.get_key("freehold").name == "freehold", "429 with Retry-After is waited for")
    elif what == "foreign":
        try:
            KeyClient(VAULT, workload()).get_key("freehold")
            expect(False, "a challenge for another domain is refused")
        except ValueError as refused:
            expect("challenge resource" in str(refused), "a foreign challenge is refused", refused)
    elif what == "refused":
        try:
            workload().get_token("https://vault.azure.net/.default")
            expect(False, "an assertion that is not trusted is refused")
        except ClientAuthenticationError as refused:
            number = os.environ["CLOUD_NUMBER"]
            expect(number in str(refused), f"refused with {number}", refused)


main()
