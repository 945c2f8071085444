"""Certificates of a test, made by openssl."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="this machine has no openssl")


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


class Ca:
    """A CA in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.certificate, self._key, self._folder = folder / "ca.pem", folder / "ca.key", folder
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        subject = ["-subj", "/CN=test CA", "-days", "30"]
        openssl("req", "-x509", *key, "-keyout", str(self._key), "-out", str(self.certificate), *subject)

    def issue(self, folder: Path, end: str, names: str, *dates: str) -> None:
        """The three files of one end; `dates` are from and to, such as "240101000000Z"."""
        folder.mkdir(parents=True, exist_ok=True)
        request, extensions = self._folder / "request", self._folder / "extensions"
        index = self._folder / "index"
        index.write_text("")
        (self._folder / "ca.conf").write_text(CONF.format(folder=self._folder))
        extensions.write_text(f"subjectAltName = {names}\n" if names else "basicConstraints = CA:FALSE\n")
        key, certificate = folder / f"{end}-key.pem", folder / f"{end}-cert.pem"
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", *new, "-keyout", str(key), "-out", str(request), "-subj", "/CN=host-cn")
        start, end_date = dates or ("240101000000Z", "20990101000000Z")
        period = ["-startdate", start, "-enddate", end_date]
        conf = ["-config", str(self._folder / "ca.conf"), "-extfile", str(extensions)]
        openssl("ca", "-batch", "-notext", *conf, "-in", str(request), "-out", str(certificate), *period)
        shutil.copy(self.certificate, folder / "ca-cert.pem")


CONF = """
[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""
