"""Answers that no description foresees are looked for by schemathesis, over both descriptions.

What the searches are given: an API token (a guessed password would shut out the address), the ids of what is there,
and no request that makes Usher connect to a place that was made up.
"""

import subprocess
import sys

import configured
from served import service

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]
PUBLISHED_EXAMPLES = "30"
OWN_EXAMPLES = "8"

PUBLISHED = """
[[operations]]
include-operation-id = ["getDataStore", "updateDataStore"]
parameters = { "path.id" = "corp", "header.X-BypassExternalValidation" = "true" }

[[operations]]
include-operation-id = ["getSpConnection", "updateSpConnection"]
parameters = { "path.id" = "cloud", "header.X-BypassExternalValidation" = "true" }

[[operations]]
include-operation-id = ["createDataStore", "createSpConnection", "importConfiguration"]
parameters = { "header.X-BypassExternalValidation" = "true" }

[[operations]]
include-operation-id = ["getTrustedCert", "exportCaCertificateFile"]
parameters = { "path.id" = "company" }

[[operations]]
include-operation-id = ["getIdpConnectorDescriptorById"]
parameters = { "path.id" = "TEMPLATE" }

[[operations]]
include-operation-id = ["getAccount", "updateAccount", "resetPassword"]
parameters = { "path.username" = "spare" }
"""

# The stream of events has no end.
OWN = """
[parameters]
"path.channel" = "CHANNEL"
"path.data_store" = "corp"
"path.sp_connection" = "cloud"

[[operations]]
include-operation-id = ["events"]
enabled = false

[[operations]]
include-operation-id = ["revokeToken"]
parameters = { "path.id" = "TOKEN" }
"""


def run(api, folder, usher):
    """Both searches, each in a new installation; each says itself what it found."""
    with service(usher, folder / "published") as served:
        _, template = prepare(served)
        settings = PUBLISHED.replace("TEMPLATE", template)
        search(api / "published.json", served.published, settings, PUBLISHED_EXAMPLES, folder, served)
    with service(usher, folder / "own") as served:
        channel, _ = prepare(served)
        settings = OWN.replace("CHANNEL", channel).replace("TOKEN", str(served.spare_token))
        search(api / "openapi.json", served.own, settings, OWN_EXAMPLES, folder, served)


def prepare(served):
    """Something to ask for: a data store, a connection that is turned on and has run, a second account."""
    with served.api() as api:
        account = {"username": "spare", "password": "five white kites", "active": True, "roles": ["ADMINISTRATOR"]}
        asking = {"X-XSRF-Header": "interop"}
        templates = api.get(f"{served.published}/idp/connectors/descriptors", headers=asking).json()["items"]
        template = templates[0]["id"]
        connection = configured.connection(served.sandbox, template)
        connection["active"] = connection["outboundProvision"]["channels"][0]["active"] = True
        for path, body in [
            ("/dataStores", configured.data_store(served.sandbox["directory"])),
            ("/idp/spConnections", connection),
            ("/administrativeAccounts", account),
        ]:
            answer = api.post(f"{served.published}{path}", json=body, headers=asking)
            assert answer.is_success, answer.text
        return api.get("/channels").json()["items"][0]["id"], template


def search(description, url, settings, examples, folder, served):
    file = folder / "schemathesis.toml"
    file.write_text(settings)
    words = [
        f"{sys.prefix}/bin/schemathesis",
        *("--config-file", str(file)),
        *("run", str(description), "--url", url),
        *("--header", f"Authorization: Bearer {served.token}", "--header", "X-XSRF-Header: interop"),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
        # Each run makes the same requests.
        *("--max-examples", examples, "--generation-deterministic"),
        *("--request-timeout", "30", "--no-color", "--warnings", "off"),
    ]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, cwd=folder)
    assert ended.returncode == 0, f"{description.name}: what stands above does not hold"
