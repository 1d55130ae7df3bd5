#!/usr/bin/env python3
"""Writes the bill of materials of the program as CycloneDX 1.6 JSON on standard output.

    cargo metadata --locked --format-version 1 --filter-platform TARGET | scripts/sbom.py Cargo.lock

Every crate that the program is linked from or that writes code for it, with its licence, its digest
from the lock file and what it depends on; and what is compiled in without being a crate. Only the
standard library. The same tree gives the same bytes: no time, no random number.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, digests):
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package.get("description"):
        found["description"] = " ".join(package["description"].split())
    if package.get("license"):
        # The old way to write a choice.
        found["licenses"] = [{"expression": " ".join(package["license"].replace("/", " OR ").split())}]
    digest = digests.get((package["name"], package["version"]))
    if digest:
        found["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if package.get("repository"):
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    if any("proc-macro" in target["kind"] for target in package["targets"]):
        found["properties"] = [{"name": "freehold:part", "value": "writes code at compile time"}]
    return found


def inside(packages):
    """What crates and the linker bring along, which is in no lock file."""
    by_name = {package["name"]: package for package in packages}

    def said(crate, header, pattern):
        """The version that a header of the wrapped code names."""
        if crate not in by_name:
            return None
        text = (pathlib.Path(by_name[crate]["manifest_path"]).parent / header).read_text(errors="replace")
        return re.search(pattern, text, re.MULTILINE).group(1)

    libc = subprocess.run(["ldd", "--version"], capture_output=True, text=True, check=True).stdout
    zstd = by_name["zstd-sys"]["version"].partition("+zstd.")[2] if "zstd-sys" in by_name else None
    awslc = said("aws-lc-sys", "aws-lc/include/openssl/base.h", r'AWSLC_VERSION_NUMBER_STRING "(.+)"')
    sqlite = said("libsqlite3-sys", "sqlite3/sqlite3.h", r'^#define SQLITE_VERSION +"(.+)"')
    listed = [
        ("glibc", re.search(r"\) (\S+)$", libc.splitlines()[0]).group(1), "LGPL-2.1-or-later", None),
        ("sqlite", sqlite, "blessing", "libsqlite3-sys"),
        ("aws-lc", awslc, "Apache-2.0 AND ISC", "aws-lc-sys"),
        ("zstd", zstd, "BSD-3-Clause", "zstd-sys"),
    ]
    found = []
    for name, number, licence, wrapper in listed:
        if wrapper and wrapper not in by_name:
            continue
        entry = {"type": "library", "bom-ref": f"inside:{name}", "name": name, "version": number}
        entry["licenses"] = [{"expression": licence}]
        if wrapper:
            part = f"compiled in by {wrapper} {by_name[wrapper]['version']}"
            entry["properties"] = [{"name": "freehold:part", "value": part}]
        found.append(entry)
    return found


def main():
    metadata = json.load(sys.stdin)
    with open(sys.argv[1], "rb") as lock:
        locked = tomllib.load(lock)["package"]
    digests = {(each["name"], each["version"]): each["checksum"] for each in locked if "checksum" in each}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}

    root = metadata["resolve"]["root"]
    uses, open_ids = {}, [root]
    while open_ids:
        at = open_ids.pop()
        if at in uses:
            continue
        # Tests' and build scripts' own crates are not in the program.
        uses[at] = {
            dep["pkg"] for dep in nodes[at]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])
        }
        open_ids.extend(uses[at])

    listed = sorted((packages[each] for each in uses if each != root), key=purl)
    program = packages[root]
    extra = inside(listed)
    edges = {purl(packages[at]): sorted(purl(packages[to]) for to in found) for at, found in uses.items()}
    edges[purl(program)] = sorted(edges[purl(program)] + [each["bom-ref"] for each in extra])
    body = {
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl(program),
                "name": program["name"],
                "version": program["version"],
                "description": program["description"],
                "licenses": [{"expression": program["license"]}],
            }
        },
        "components": [component(package, digests) for package in listed] + extra,
        "dependencies": [{"ref": ref, "dependsOn": edges[ref]} for ref in sorted(edges)],
    }
    text = json.dumps(body, sort_keys=True)
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, text)}",
        "version": 1,
    }
    json.dump(head | body, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
