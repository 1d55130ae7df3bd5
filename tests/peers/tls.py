"""sslyze: the served TLS beside Mozilla's profile "intermediate", which the package carries.

    tls.py HOST:PORT CA      CA: PEM file of the certificate's root, since nobody's trust store has it
"""

import sys
import warnings
from pathlib import Path

# Of old roots in the trust stores that the package carries.
warnings.filterwarnings("ignore")

from sslyze import (  # noqa: E402
    CertificateInfoExtraArgument,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkLocation,
    ServerScanRequest,
)
from sslyze.mozilla_tls_profile.tls_config_checker import (  # noqa: E402
    SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER,
    MozillaTlsConfiguration,
    ServerNotCompliantWithTlsConfiguration,
    TlsConfigurationEnum,
    check_server_against_tls_configuration,
)


def expect(held, sentence, seen):
    """Says the sentence; ends the script when it does not hold."""
    print(("ok      " if held else "FAILED  ") + sentence)
    if not held:
        sys.exit(f"        saw: {seen}")


def main():
    address, root = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    trusted = CertificateInfoExtraArgument(custom_ca_file=Path(root))
    scanner = Scanner()
    scanner.queue_scans([ServerScanRequest(
        server_location=ServerNetworkLocation(hostname=host, port=int(port)),
        scan_commands=SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER,
        scan_commands_extra_arguments=ScanCommandsExtraArguments(certificate_info=trusted),
    )])
    [result] = scanner.get_results()
    found = {}
    try:
        check_server_against_tls_configuration(
            result, MozillaTlsConfiguration.get(TlsConfigurationEnum.MOZILLA_INTERMEDIATE))
    except ServerNotCompliantWithTlsConfiguration as refused:
        found = refused.issues
    expect(not found, "what is served over TLS is what Mozilla calls intermediate", found)
    scanned = result.scan_result

    def suites(attempt):
        return sorted(suite.cipher_suite.name for suite in attempt.result.accepted_cipher_suites)

    older = [suites(scanned.ssl_2_0_cipher_suites), suites(scanned.ssl_3_0_cipher_suites),
             suites(scanned.tls_1_0_cipher_suites), suites(scanned.tls_1_1_cipher_suites)]
    expect(older == [[], [], [], []], "nothing older than TLS 1.2 is spoken", older)
    named = suites(scanned.tls_1_2_cipher_suites)
    expect(named and all("_ECDHE_" in name for name in named), "every suite of TLS 1.2 has forward secrecy", named)
    expect(suites(scanned.tls_1_3_cipher_suites), "TLS 1.3 is spoken", "no suite")


main()
