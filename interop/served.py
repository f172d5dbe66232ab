"""Programs of this project, started for as long as a `with` lasts, and what is told by them when they begin."""

import contextlib
import json
import subprocess
from dataclasses import dataclass

import httpx

NAME = "admin"
PASSWORD = "seven green boats"


@dataclass
class Served:
    """A running service, its sandbox with a directory, and how to get in."""

    url: str
    token: str
    spare_token: int
    """The id of a token that may be revoked."""
    sandbox: dict

    @property
    def published(self) -> str:
        return f"{self.url}/pf-admin-api/v1"

    @property
    def own(self) -> str:
        return f"{self.url}/api/v1"

    def api(self) -> httpx.Client:
        """For `/api/v1`."""
        return httpx.Client(base_url=self.own, headers={"Authorization": f"Bearer {self.token}"})

    def target(self) -> httpx.Client:
        """For the sandbox, as the target sees itself."""
        headers = {"Authorization": f"Bearer {self.sandbox['key']}"}
        return httpx.Client(base_url=self.sandbox["base_url"], headers=headers)


@contextlib.contextmanager
def program(words, log):
    """Starts a program; gives the JSON object that it prints first."""
    with open(log, "w") as err:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)
    try:
        text = ""
        for line in child.stdout:
            text += line
            if line.rstrip() == "}":
                break
        try:
            told = json.loads(text)
        except json.JSONDecodeError:
            with open(log) as err:
                raise SystemExit(f"{words} did not begin: {text}\n{err.read()}") from None
        yield told
    finally:
        child.terminate()
        try:
            child.wait(timeout=60)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def service(usher, folder):
    """A new state with its first operator, and a sandbox beside it; `folder` is made."""
    folder.mkdir()
    sandbox = [usher, "sandbox", "--directory", "--json"]
    serve = [usher, "--state", f"{folder}/state", "serve", "--listen", "127.0.0.1:0", "--json"]
    with program(sandbox, f"{folder}/sandbox.log") as box, program(serve, f"{folder}/serve.log") as told:
        url = told["url"]
        link = told["first_link"].split("#", 1)[1]
        yield Served(url, *first_operator(url, link), box)


def first_operator(url, link):
    """Makes the first operator; gives an API token with every role, and the id of another."""
    with httpx.Client(base_url=f"{url}/api/v1") as client:
        me = client.post("/first-run", json={"link": link, "name": NAME, "password": PASSWORD})
        assert me.status_code == 201, me.text
        me = me.json()

        def token(name):
            body = {"name": name, "days": 1, "roles": me["roles"]}
            answer = client.post("/tokens", json=body, headers={"X-CSRF-Token": me["csrf_token"]})
            assert answer.status_code == 201, answer.text
            return answer.json()

        return token("tests")["token"], token("to revoke")["about"]["id"]
