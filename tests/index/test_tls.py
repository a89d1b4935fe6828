"""Which certificates are trusted."""

from __future__ import annotations

import ssl

import certifi
import pytest

from pylayer.errors import DownloadError
from pylayer.index.tls import tls_context


def test_trusts_what_a_variable_names_and_nothing_else(tmp_path):
    """A file of certificates."""
    one = (certifi.contents().partition("-----END CERTIFICATE-----")[0]) + "-----END CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_text(one)
    context = tls_context({"REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem")}, default=certifi.where())
    assert 1 == len(context.get_ca_certs())


def test_checks_certificates_and_names():
    """Nothing turns that off."""
    context = tls_context({}, default=certifi.where())
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_says_which_variable_names_a_file_that_is_none(tmp_path, content):
    """Neither a missing file nor another kind of file is passed over."""
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(DownloadError, match="SSL_CERT_FILE: the certificates cannot be read"):
        tls_context({"SSL_CERT_FILE": str(tmp_path / "ca.pem")}, default=certifi.where())
