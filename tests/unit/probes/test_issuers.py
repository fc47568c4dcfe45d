"""Issuers by their names alone, against roots as they are found in bundles."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tocsin.probes.certificates.issuers import is_likely_intermediate


def named(common_name: str, organisation: str = "") -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])


ROOTS = (
    named("ISRG Root X1", "Internet Security Research Group"),
    named("DigiCert Global Root G2", "DigiCert Inc"),
    named("GTS Root R1", "Google Trust Services LLC"),
    named("USERTrust RSA Certification Authority", "The USERTRUST Network"),
    named("AAA Certificate Services", "Comodo CA Limited"),
    named("Amazon Root CA 1", "Amazon"),
    named("GlobalSign", "GlobalSign"),
    named("GlobalSign Root CA", "GlobalSign nv-sa"),
    named("Go Daddy Root Certificate Authority - G2", "GoDaddy.com, Inc."),
    named("SSL.com Root Certification Authority RSA", "SSL Corporation"),
    named("Secure Global CA", "SecureTrust Corporation"),
    named("SZAFIR ROOT CA2", "Krajowa Izba Rozliczeniowa S.A."),
    named("Accept Root"),
    named("Corp Root CA"),
    named("Lab authority", "Internet Widgits Pty Ltd"),
)

INTERMEDIATES = [
    ("R10", "Let's Encrypt"),
    ("E5", "Let's Encrypt"),
    ("DigiCert TLS RSA SHA256 2020 CA1", "DigiCert Inc"),
    ("RapidSSL TLS RSA CA G1", "DigiCert, Inc."),
    ("GTS CA 1C3", "Google Trust Services LLC"),
    ("WR2", "Google Trust Services"),
    ("Sectigo RSA Domain Validation Secure Server CA", "Sectigo Limited"),
    ("ZeroSSL RSA Domain Secure Site CA", "ZeroSSL"),
    ("Amazon RSA 2048 M02", "Amazon"),
    ("GlobalSign GCC R3 DV TLS CA 2020", "GlobalSign nv-sa"),
    ("Go Daddy Secure Certificate Authority - G2", "GoDaddy.com, Inc."),
    ("SSL.com RSA SSL subCA", "SSL Corp"),
    ("Microsoft Azure RSA TLS Issuing CA 03", "Microsoft Corporation"),
    ("SZAFIR CA", "Krajowa Izba Rozliczeniowa SA"),
    ("Corp Issuing CA 2", ""),
    ("corp ca 7", ""),
    ("Accept Int", ""),
    ("ACCEPT servers", ""),
    ("Factory Intermediate2", ""),
    ("factory-sub-ca", ""),
    ("Factory SubCA1", ""),
    ("Factory ICA", ""),
    ("Factory R3", ""),
    ("Factory Web G2", ""),
]


@pytest.mark.parametrize(("common_name", "organisation"), INTERMEDIATES)
def test_an_issuer_that_stands_below_a_root_is_known_by_its_name(common_name: str, organisation: str) -> None:
    assert is_likely_intermediate(named(common_name, organisation), ROOTS)


STRANGERS = [
    ("Rogue CA", ""),
    ("Rogue CA G2", ""),
    ("Rogue Root", ""),
    ("Rogue Root R3", ""),
    ("RogueRootCA2", ""),
    ("rogue_root", ""),
    ("Rogue Issuing Root CA", ""),
    ("Corp Root CA 2", ""),
    ("DigiCert Global Root G9", "DigiCert Inc"),
    ("Secure Rogue CA", ""),
    ("The Global CA", ""),
    ("mkcert development CA", "mkcert"),
    ("kubernetes", ""),
    ("Interior Design CA", ""),
    ("Substation CA", ""),
    ("My machine", "Internet Widgits Pty Ltd"),
    ("Rogue", "Rogue Trust Services LLC"),
    ("Accept Root", ""),
    ("Lab authority", "Internet Widgits Pty Ltd"),
]


@pytest.mark.parametrize(("common_name", "organisation"), STRANGERS)
def test_an_issuer_that_shares_nothing_or_is_a_root_is_none(common_name: str, organisation: str) -> None:
    assert not is_likely_intermediate(named(common_name, organisation), ROOTS)


def test_an_organisation_without_a_common_name_counts_too() -> None:
    only = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "digicert inc")])
    assert is_likely_intermediate(only, ROOTS)
    assert not is_likely_intermediate(only, ())
