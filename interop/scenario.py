"""A client that another project's generator made from the published description configures a provisioning, and
people arrive."""

import importlib
import subprocess
import sys
import time

import configured
from served import NAME, PASSWORD

PATIENCE_SECONDS = 120


def generate(description, folder):
    """Makes the client and imports it."""
    words = [
        f"{sys.prefix}/bin/openapi-python-client",
        *("generate", "--path", str(description)),
        *("--output-path", f"{folder}/usher_client", "--meta", "none"),
    ]
    made = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    # What cannot be generated is left out with a warning; a linter that is not there is none of that.
    for line in made.stdout.splitlines():
        assert not line.startswith(("WARNING", "ERROR", "Unable")), made.stdout
    sys.path.insert(0, str(folder))
    return Generated()


class Generated:
    """The client by the names of the description."""

    def __init__(self):
        self.models = importlib.import_module("usher_client.models")
        self.client = importlib.import_module("usher_client").Client

    def operation(self, room, name):
        return importlib.import_module(f"usher_client.api.{room}.{name}")


class Session:
    """Somebody's calls through the generated client."""

    def __init__(self, generated, served, name=NAME, password=PASSWORD):
        self.generated = generated
        self.models = generated.models
        self.client = generated.client(
            base_url=served.published,
            headers={"X-XSRF-Header": "interop"},
            httpx_args={"auth": (name, password)},
            raise_on_unexpected_status=True,
            timeout=60,
        )

    def call(self, room, name, status, *ids, **words):
        """Calls an operation, expects that status, and gives what the client made of the answer."""
        operation = self.generated.operation(room, name)
        answer = operation.sync_detailed(*ids, client=self.client, **words)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.content!r}"
        return answer.parsed


STORES = "data_stores"
CONNECTIONS = "idpsp_connections"


def run(description, folder, served):
    """The whole story."""
    session = Session(generate(description, folder), served)
    assert session.call("version", "get_version", 200).version
    store = create_data_store(session, served)
    connection = create_connection(session, served)
    connection = turn_on(session, connection)
    arrive(served)
    change(session, served, connection)
    whole(session)
    somebody_else(session, served)
    delete(session, store)


def create_data_store(session, served):
    body = session.models.LdapDataStore.from_dict(configured.data_store(served.sandbox["directory"]))
    made = session.call(STORES, "create_data_store", 201, body=body)
    read = session.call(STORES, "get_data_store", 200, "corp")
    assert made == read, f"{made}\n{read}"
    given = body.to_dict() | {"password": None}
    answer = read.to_dict() | {"password": None}
    assert given.items() <= answer.items(), f"{given}\n{answer}"
    assert served.sandbox["directory"]["password"] not in str(read.to_dict())
    return read


def create_connection(session, served):
    templates = session.call("idpconnectors", "get_idp_connector_descriptors", 200).items
    body = session.models.SpConnection.from_dict(configured.connection(served.sandbox, templates[0].id))
    made = session.call(CONNECTIONS, "create_sp_connection", 201, body=body)
    read = session.call(CONNECTIONS, "get_sp_connection", 200, "cloud")
    assert made == read, f"{made}\n{read}"
    missing = list(left_out(body.to_dict(), read.to_dict()))
    assert missing == [".outboundProvision.targetSettings.API_KEY.value"], missing
    listed = session.call(CONNECTIONS, "get_sp_connections", 200)
    assert [read] == listed.items
    return read


def turn_on(session, connection):
    connection.active = True
    connection.outbound_provision.channels[0].active = True
    return put(session, connection)


def put(session, connection):
    """Changes the connection; what is read afterwards has all that was written, but for the time of the change."""
    answer = session.call(CONNECTIONS, "update_sp_connection", 200, "cloud", body=connection)
    read = session.call(CONNECTIONS, "get_sp_connection", 200, "cloud")
    assert answer == read
    missing = list(left_out(connection.to_dict(), read.to_dict()))
    assert set(missing) <= {".modificationDate"}, missing
    return read


def arrive(served):
    look(served)
    with served.target() as target:
        people = wait(lambda: everybody(target) or None, "somebody arrives")
    assert all(person["active"] for person in people), people
    assert all(person["userName"] for person in people), people


def change(session, served, connection):
    """Another mapping, and the people at the target have the value."""
    mapping = session.models.SaasAttributeMapping.from_dict(configured.mapping("title", "title"))
    connection.outbound_provision.channels[0].attribute_mapping.append(mapping)
    connection.contact_info.company = "Example Ltd"
    put(session, connection)
    look(served, "full")
    with served.target() as target:
        wait(lambda: any("title" in person for person in everybody(target)) or None, "a title arrives")


def whole(session):
    """What is exported is taken again and changes nothing."""
    export = session.call("bulk", "export_configuration", 200)
    session.call("bulk", "import_configuration", 200, body=export)
    assert session.call("bulk", "export_configuration", 200) == export


def somebody_else(session, served):
    """An account is made, may look and not change, and goes."""
    accounts = "administrative_accounts"
    body = session.models.AdministrativeAccount.from_dict(
        {"username": "eve", "password": "four yellow trains", "active": True, "auditor": True, "roles": []}
    )
    session.call(accounts, "add_account", 200, body=body)
    eve = Session(session.generated, served, "eve", "four yellow trains")
    eve.call(STORES, "get_data_stores", 200)
    refusal = eve.call(STORES, "delete_data_store", 403, "corp")
    assert refusal.message, refusal
    session.call(accounts, "delete_account", 204, "eve")
    eve.call(STORES, "get_data_stores", 401)


def delete(session, store):
    refusal = session.call(STORES, "delete_data_store", 422, store.id)
    assert "cloud" in str(refusal.to_dict()).lower(), refusal
    session.call(CONNECTIONS, "delete_sp_connection", 204, "cloud")
    session.call(CONNECTIONS, "get_sp_connection", 404, "cloud")
    session.call(STORES, "delete_data_store", 204, store.id)
    session.call(STORES, "get_data_store", 404, store.id)


def look(served, mode="incremental"):
    """Asks for a look now instead of waiting for the schedule."""
    with served.api() as api:
        channel = api.get("/channels").json()["items"][0]["id"]
        answer = api.post(f"/channels/{channel}/runs", json={"mode": mode})
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"].removeprefix("/api/v1")

        def ended():
            job = api.get(place).json()
            return job if job["state"] != "running" else None

        return wait(ended, "the run ends")


def everybody(target):
    answer = target.get("/Users", params={"count": 100})
    assert answer.status_code == 200, answer.text
    return answer.json().get("Resources", [])


def wait(condition, what):
    """Asks until there is an answer."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = condition()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE_SECONDS} seconds")


def left_out(given, answer, at=""):
    """Paths of values that were given and are not in the answer."""
    if isinstance(given, dict) and isinstance(answer, dict):
        for name, value in given.items():
            yield from left_out(value, answer.get(name), f"{at}.{name}")
    elif isinstance(given, list) and isinstance(answer, list) and all(map(name_of, given)):
        named = {name_of(one): one for one in answer}
        for one in given:
            yield from left_out(one, named.get(name_of(one)), f"{at}.{name_of(one)}")
    elif given != answer:
        yield at


def name_of(one):
    return one.get("name") or one.get("fieldName") if isinstance(one, dict) else None
