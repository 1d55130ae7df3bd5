#!/usr/bin/env python3
"""Makes of a rendered chart what `podman kube play` takes: the pod of the StatefulSet, its ConfigMap and
its claim, unchanged but for what a scheduler would add.

    helm template freehold helm/freehold --values FILE | scripts/kube.py | podman kube play -

podman knows no StatefulSet. The pod gets the name and the claim that the StatefulSet would give it.
With --hook it is the pod of the Job before an upgrade, which takes that claim, and nothing else.
"""

import argparse
import sys

import yaml


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--name", help="the pod's name instead of the first of the StatefulSet")
    arguments.add_argument("--image", help="the image instead of the one of the values")
    arguments.add_argument("--port", type=int, help="the port on 127.0.0.1 for the pod's https")
    arguments.add_argument("--hook", action="store_true", help="the pod of the Job before an upgrade")
    arguments.add_argument("--kept", action="store_true", help="the claim is there already")
    asked = arguments.parse_args()
    documents = [one for one in yaml.safe_load_all(sys.stdin) if one]
    if asked.hook:
        job = next(one for one in documents if one["kind"] == "Job")
        pod = {"apiVersion": "v1", "kind": "Pod", **job["spec"]["template"]}
        pod["metadata"]["name"] = job["metadata"]["name"]
        if asked.image:
            pod["spec"]["containers"][0]["image"] = asked.image
        yaml.safe_dump(pod, sys.stdout, sort_keys=False)
        return
    the_set = next(one for one in documents if one["kind"] == "StatefulSet")
    first = f"{the_set['metadata']['name']}-0"
    pod = {"apiVersion": "v1", "kind": "Pod", **the_set["spec"]["template"]}
    pod["metadata"]["name"] = asked.name or first
    # Accounts are the cluster's.
    pod["spec"].pop("serviceAccountName")
    container = pod["spec"]["containers"][0]
    if asked.image:
        container["image"] = asked.image
    for port in container.get("ports", []):
        if asked.port and port["name"] == "https":
            port.update(hostIP="127.0.0.1", hostPort=asked.port)
    made = [one for one in documents if one["kind"] == "ConfigMap"]
    for claim in the_set["spec"]["volumeClaimTemplates"]:
        name = claim["metadata"]["name"]
        claim["metadata"]["name"] = f"{name}-{first}"
        if not asked.kept:
            made.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim})
        volume = {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{first}"}}
        pod["spec"]["volumes"].append(volume)
    yaml.safe_dump_all([*made, pod], sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main()
