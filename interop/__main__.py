"""Proofs of the administrative interfaces from outside: tools of other projects read their descriptions.

    python interop --usher target/debug/usher [--only client|contract]
"""

import argparse
import pathlib
import tempfile

import contract
import scenario
from served import service

API = pathlib.Path(__file__).resolve().parent.parent / "docs" / "api"


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--usher", required=True, help="the program")
    words.add_argument("--only", choices=["client", "contract"])
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, service(given.usher, folder) as served:
        if given.only != "contract":
            scenario.run(API / "published.json", pathlib.Path(folder), served)
            print("the generated client configured a provisioning, and people arrived")
        if given.only != "client":
            contract.run(API, pathlib.Path(folder), served)


main()
