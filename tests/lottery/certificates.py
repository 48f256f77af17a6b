"""Certificates of invented organisations, with their keys."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

PASSWORD = "geheim-van-de-exploitant"


def key_and_certificate(name: str, *, issuer: Any = None, key: Any = None) -> tuple[Any, x509.Certificate]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key, issuer_name = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=name.startswith("CA"), path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, name.startswith("CA"), False, False, False),
            critical=True,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return key, certificate


def p12(path: Path, name: str = "Gemeente Duinstad") -> Path:
    key, certificate = key_and_certificate(name)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"oa", key, certificate, None, BestAvailableEncryption(PASSWORD.encode())
        )
    )
    return path
