"""Is an archive fetched, checked and read so that a hostile or damaged one does no harm?"""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile

import pytest

from solv.data.archives import ArchiveError, Zip, digest, fetch, read_tar


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("batch")
    info.type, info.linkname = kind, "/etc/passwd"
    write_tar(tmp_path / "a.tar.gz", [(info, b"")])
    with pytest.raises(ArchiveError, match="link or device"):
        read_tar(tmp_path / "a.tar.gz", ["batch"], 100)


def test_members_larger_than_expected_are_refused_unread(tmp_path):
    write_tar(tmp_path / "a.tar.gz", [("big", bytes(1000))])
    with pytest.raises(ArchiveError, match="has 1000 bytes; valid: at most 999"):
        read_tar(tmp_path / "a.tar.gz", ["big"], 999)


def test_links_and_large_members_of_a_zip_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    for name, content, said in ((link, b"/etc/passwd", "is a link"), ("big", bytes(11), "has 11 bytes")):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, content)
        with pytest.raises(ArchiveError, match=said):
            Zip(tmp_path / "a.zip", 10)


CONTENT = bytes(range(256)) * 500


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        start = int(self.headers.get("Range", "bytes=0-").split("=")[1].rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.server.starts.append(start)  # before the client can know that it has everything
        self.wfile.write(CONTENT[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = http.server.HTTPServer(("127.0.0.1", 0), Server)
    made.starts = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()


def test_a_broken_download_goes_on_and_a_wrong_one_is_removed(tmp_path, server):
    url = f"http://127.0.0.1:{server.server_port}/a.bin"
    good = hashlib.md5(CONTENT).hexdigest()
    path, told = tmp_path / "folder" / "a.bin", []
    path.parent.mkdir()
    path.with_name("a.bin.partial").write_bytes(CONTENT[:1000])
    assert fetch(url, path, "md5", good, lambda *numbers: told.append(numbers))
    assert path.read_bytes() == CONTENT
    assert server.starts == [1000]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert not fetch(url, path, "md5", good, lambda *_: None)
    assert server.starts == [1000]
    with pytest.raises(ArchiveError, match="the download was removed"):
        fetch(url, tmp_path / "b.bin", "md5", "0" * 32, lambda *_: None)
    assert not list(tmp_path.glob("b.bin*"))


def test_without_a_network_a_fetch_is_one_line(tmp_path):
    with pytest.raises(ArchiveError, match="refused") as raised:
        fetch("http://127.0.0.1:9/a.bin", tmp_path / "a.bin", "md5", "0" * 32, lambda *_: None)
    assert "\n" not in str(raised.value)
    assert "kept" not in str(raised.value), "there is nothing yet"
    (tmp_path / "a.bin.partial").write_bytes(CONTENT[:1000])
    with pytest.raises(ArchiveError, match=r"what was fetched is kept in .*a\.bin\.partial"):
        fetch("http://127.0.0.1:9/a.bin", tmp_path / "a.bin", "md5", "0" * 32, lambda *_: None)


def test_the_named_members_of_a_tar_are_read_and_a_missing_one_is_named(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [("one", b"1"), ("two", b"22"), ("three", b"333")])
    assert read_tar(path, ["two", "one"], 3) == {"one": b"1", "two": b"22"}
    with pytest.raises(ArchiveError, match="four is missing"):
        read_tar(path, ["one", "four"], 3)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ArchiveError, match=r"a\.tar\.gz: is damaged"):
        read_tar(path, ["one"], 3)


def test_a_zip_names_and_gives_its_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("folder/", "folder/b", "a"):
            archive.writestr(name, name.encode())
    opened = Zip(tmp_path / "a.zip", 10)
    assert opened.names == ["a", "folder/b"]
    assert opened.read("folder/b") == b"folder/b"
    with pytest.raises(ArchiveError, match="c is missing"):
        opened.read("c")
    (tmp_path / "b.zip").write_bytes(b"none")
    with pytest.raises(ArchiveError, match="is damaged"):
        Zip(tmp_path / "b.zip", 10)
    with pytest.raises(ArchiveError, match="No such file"):
        Zip(tmp_path / "c.zip", 10)


def test_a_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert digest(tmp_path / "abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"
    with pytest.raises(ArchiveError, match="No such file"):
        digest(tmp_path / "none", "md5")
