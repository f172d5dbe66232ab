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
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if given.only != "contract":
            with service(given.usher, folder / "client") as served:
                scenario.run(API / "published.json", folder, served)
            print("the generated client configured a provisioning, and people arrived")
        if given.only != "client":
            contract.run(API, folder, given.usher)


main()
