"""Each way to a Toxiproxy by itself, their order, and what is said when none leads there.

Executables that only have to say a version are shell scripts; the release and Docker are served on loopback, in the
form that the real ones have.
"""

import hashlib
import io
import json
import platform
import shutil
import subprocess
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.chaos.toxiproxy.go import go_install
from harness.chaos.toxiproxy.image import image
from harness.chaos.toxiproxy.locate import FETCH, LOOK, Way, locate, search_for
from harness.chaos.toxiproxy.present import cached, on_path
from harness.chaos.toxiproxy.release import asset, release
from harness.chaos.toxiproxy.search import NotThisWay, Search
from harness.chaos.toxiproxy.version import NotToxiproxy, version_of
from harness.errors import InputError, SetupFailed


def script(version):
    return f'#!/bin/sh\n[ "$1" = --version ] && echo "toxiproxy-server version {version}"\n'.encode()


GOOD = script("2.12.0")


def put(path, content=GOOD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


@pytest.fixture
def search(tmp_path):
    """Finds nothing: an empty PATH, an empty cache, and ports where nobody listens."""
    (tmp_path / "bin").mkdir()
    return Search(
        environment={"PATH": str(tmp_path / "bin"), "DOCKER_HOST": "tcp://127.0.0.1:1"},
        cache=tmp_path / "cache",
        release="http://127.0.0.1:1",
        image="127.0.0.1:1/toxiproxy",
    )


@pytest.fixture
def serve():
    """Serves answers by method and path: (status, content)."""
    servers = []

    def start(answers):
        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen.append(f"{self.command} {self.path}")
                status, content = answers(self.command, self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Docker-Container-Path-Stat", "e30=")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - the library asks for these names

            def log_message(self, *_):
                pass

        seen = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.seen = seen
        server.address = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def with_(search, **changes):
    return Search(**{**vars(search), **changes})


# -- versions


def test_the_version_of_a_release_is_what_it_says(tmp_path):
    assert version_of(put(tmp_path / "t", script("2.9.0"))) == "2.9.0"


def test_the_version_of_a_built_one_is_that_of_its_module(tmp_path):
    built = script("git") + b"exit 0\nmod\tgithub.com/Shopify/toxiproxy/v2\tv2.11.0\th1:abc=\n"
    assert version_of(put(tmp_path / "t", built)) == "2.11.0"


def test_a_built_one_without_a_module_version_is_not_taken_for_ours(tmp_path, search):
    put(search.cached, script("git"))
    with pytest.raises(NotThisWay, match="git"):
        cached(search)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"#!/bin/sh\necho hello\n", "no Toxiproxy server does"), (b"#!/bin/sh\nexit 3\n", "ended with 3")],
)
def test_what_is_no_toxiproxy_is_said(tmp_path, content, reason):
    with pytest.raises(NotToxiproxy, match=reason):
        version_of(put(tmp_path / "t", content))


# -- named by the user


def test_a_named_one_is_used_before_everything_else(search, tmp_path):
    put(search.cached)
    named = put(tmp_path / "mine")
    assert search_for(with_(search, given=named)).path == named


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be run"), (script("2.9.0"), "version 2.9.0, not 2.12.0"), (b"#!/bin/sh\nexit 1\n", "ended with 1")],
)
def test_a_named_one_that_does_not_work_is_bad_input_and_not_passed_over(search, tmp_path, content, reason):
    put(search.cached)
    named = tmp_path / "mine"
    if content is not None:
        put(named, content)
    with pytest.raises(InputError, match=reason) as caught:
        search_for(with_(search, given=named))
    assert "\n" not in str(caught.value)


def test_the_variable_names_one_and_the_argument_comes_first(tmp_path, monkeypatch):
    by_variable, by_argument = put(tmp_path / "a"), put(tmp_path / "b")
    monkeypatch.setenv("FLOWER_HARNESS_TOXIPROXY", str(by_variable))
    assert locate().path == by_variable
    assert locate(by_argument).path == by_argument


# -- on this machine


def test_one_on_path_is_found(search, tmp_path):
    there = put(tmp_path / "bin" / "toxiproxy-server")
    found = search_for(search)
    assert (found.path, found.way, found.version) == (there, "on PATH", "2.12.0")


def test_another_version_on_path_is_passed_over_with_the_reason(search, tmp_path):
    put(tmp_path / "bin" / "toxiproxy-server", script("2.9.0"))
    with pytest.raises(NotThisWay, match=r"version 2\.9\.0, not 2\.12\.0"):
        on_path(search)
    put(search.cached)
    assert search_for(search).way == "cached"


# -- go install


def test_without_go_there_is_nothing_to_build_with(search):
    with pytest.raises(NotThisWay, match="no go on PATH"):
        go_install(search)


def test_a_go_that_fails_says_why(search, tmp_path):
    put(tmp_path / "bin" / "go", b"#!/bin/sh\necho no route to the module proxy >&2\nexit 1\n")
    with pytest.raises(NotThisWay, match="no route to the module proxy"):
        go_install(search)
    assert list(search.cache.iterdir()) == []


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go on this machine")
def test_the_real_go_install_gives_the_version_of_its_module(executable, tmp_path):
    # What `locate` has built or found for the other tests, so that it is built once.
    if locate().way not in ("go install", "cached"):
        pytest.skip("this machine has a Toxiproxy of its own")
    said = subprocess.run(["go", "version", "-m", executable], capture_output=True, text=True, check=True).stdout
    built = "github.com/Shopify/toxiproxy/v2/cmd/server" in said
    assert version_of(executable) == "2.12.0"
    assert not built or "v2.12.0" in said


# -- the release


def asset_here():
    return asset(platform.system(), platform.machine())


def published(content=GOOD, digest=None, name=None):
    digest = digest or hashlib.sha256(content).hexdigest()
    sums = f"{'0' * 64}  toxiproxy-cli-linux-amd64\n{digest}  {name or asset_here()}\n".encode()
    files = {"/checksums.txt": sums, f"/{asset_here()}": content}
    return lambda _, path: (200, files[path]) if path in files else (404, b"")


def test_the_release_is_downloaded_and_cached(search, serve):
    server = serve(published())
    found = release(with_(search, release=f"http://{server.address}"))
    assert found == search.cached
    assert version_of(found) == "2.12.0"
    assert list(search.cache.iterdir()) == [found]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (published(digest="f" * 64), "SHA-256"),
        (published(name="toxiproxy-server-plan9-mips"), "no line for toxiproxy-server-"),
        (published(script("2.9.0")), "version 2.9.0"),
        (lambda *_: (404, b""), "checksums.txt answers 404"),
    ],
    ids=["checksum", "not listed", "version", "absent"],
)
def test_a_release_that_is_not_right_is_not_kept(search, serve, answers, reason):
    server = serve(answers)
    with pytest.raises(NotThisWay, match=reason):
        release(with_(search, release=f"http://{server.address}"))
    assert not search.cached.exists()


def test_no_network_is_said(search):
    with pytest.raises(NotThisWay, match=r"127\.0\.0\.1:1"):
        release(search)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "toxiproxy-server-linux-amd64"),
        ("Linux", "aarch64", "toxiproxy-server-linux-arm64"),
        ("Linux", "armv7l", "toxiproxy-server-linux-armv7"),
        ("Darwin", "arm64", "toxiproxy-server-darwin-arm64"),
    ],
)
def test_the_release_has_a_file_for_each_platform(system, machine, name):
    assert asset(system, machine) == name


@pytest.mark.parametrize(("system", "machine"), [("Linux", "riscv64"), ("Plan9", "x86_64")])
def test_a_platform_without_a_file_is_said(system, machine):
    with pytest.raises(NotThisWay, match="no server for"):
        asset(system, machine)


# -- the image


def archive(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo("toxiproxy")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def docker_engine(content=GOOD, pull=200):
    """As much of Docker's HTTP interface as it takes to pull an image and read a file of it."""

    found = json.dumps({"Id": "c" * 64, "RepoTags": ["i:2.12.0"], "Config": {}}).encode()
    by_ending = {
        ("GET", "/version"): (200, b'{"ApiVersion": "1.44", "MinAPIVersion": "1.24"}'),
        ("GET", "/_ping"): (200, b"OK"),
        ("POST", "/images/create"): (pull, b"{}" if pull == 200 else b'{"message": "denied"}'),
        ("POST", "/containers/create"): (201, found),
        ("GET", "/archive"): (200, archive(content)),
        ("GET", "/json"): (200, found),
        ("DELETE", ""): (204, b""),
    }

    def answers(method, path):
        for (its_method, ending), answer in by_ending.items():
            if method == its_method and path.split("?")[0].endswith(ending):
                return answer
        return 404, b'{"message": "unknown"}'

    return answers


def on_engine(search, server):
    return with_(search, environment={"PATH": "", "DOCKER_HOST": f"tcp://{server.address}"})


@pytest.mark.skipif(platform.system() != "Linux", reason="the image holds an executable for Linux")
def test_the_executable_is_taken_out_of_the_image(search, serve):
    server = serve(docker_engine())
    found = image(on_engine(search, server))
    assert found == search.cached
    assert version_of(found) == "2.12.0"
    assert any(request.startswith("DELETE") and "c" * 64 in request for request in server.seen)
    assert not any("/start" in request for request in server.seen)


@pytest.mark.skipif(platform.system() != "Linux", reason="the image holds an executable for Linux")
@pytest.mark.parametrize(
    ("answers", "reason"),
    [(docker_engine(pull=500), "denied"), (docker_engine(script("2.9.0")), "version 2.9.0")],
    ids=["pull", "version"],
)
def test_an_image_that_cannot_be_used_is_said(search, serve, answers, reason):
    server = serve(answers)
    with pytest.raises(NotThisWay, match=reason):
        image(on_engine(search, server))
    assert not search.cached.exists()


@pytest.mark.skipif(platform.system() != "Linux", reason="the image holds an executable for Linux")
def test_no_docker_is_said(search):
    with pytest.raises(NotThisWay, match="Docker does not answer"):
        image(search)


# -- all together


def test_the_order_is_the_one_that_is_documented():
    assert [way.name for way in (*LOOK, *FETCH)] == [
        "on PATH",
        "cached",
        "go install",
        "the release's download",
        "the published image",
    ]


def test_when_no_way_leads_there_each_is_named_with_its_reason(search):
    with pytest.raises(SetupFailed) as caught:
        search_for(search)
    text = str(caught.value)
    for way in (*LOOK, *FETCH):
        assert text.count(f"- {way.name}: ") == 1
    assert "FLOWER_HARNESS_TOXIPROXY" in text


def test_runs_that_search_at_once_fetch_once(search):
    said, fetched = [], []
    inside, both = threading.Event(), threading.Event()

    def fetch(search):
        inside.set()
        assert both.wait(5), "the second run never waited"
        fetched.append(1)
        return put(search.cached)

    def say(text):
        said.append(text)
        both.set()

    ways = {"look": (Way("cached", cached),), "fetch": (Way("fetch", fetch),)}
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(search_for, search, **ways)
        assert inside.wait(5)
        second = threads.submit(search_for, with_(search, say=say), **ways)
        assert {first.result().way, second.result().way} == {"fetch", "cached"}
    assert fetched == [1]
    assert said == ["waiting for another run that is getting Toxiproxy"]
