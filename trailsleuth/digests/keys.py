"""CloudTrail's public keys and the check of one digest's signature.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PublicKey.html (fingerprint, DER in PKCS#1, validity) and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html (SHA256withRSA, PKCS#1 v1.5; one of
its sample keys is a SubjectPublicKeyInfo, so both encodings are read).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from trailsleuth.digests.times import parse_time

ALGORITHM = "SHA256withRSA"
SLACK = timedelta(days=1)  # a digest is signed some time after it ends
NO_CRYPTOGRAPHY = "signatures need the package cryptography: install trailsleuth[verify]"
NO_KEYS = "no public keys given: save the output of `aws cloudtrail list-public-keys` of that region and give it with --keys"


class SigningKey(Struct, frozen=True, kw_only=True):
    """One public key; a validity that is not told is None."""

    fingerprint: str
    der: bytes
    valid_from: datetime | None
    valid_to: datetime | None


class KeyRing(Struct, frozen=True, kw_only=True):
    """Keys by fingerprint; a fingerprint may stand for several where saved lists disagree. `faults` are entries that are no keys."""

    keys: Mapping[str, tuple[SigningKey, ...]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


class Signed(Struct, frozen=True, kw_only=True):
    """What a digest says about its signature, and the string that was signed."""

    fingerprint: str
    algorithm: str | None
    message: bytes
    ends: datetime
    backfill: bool = False


class SignatureCheck(Struct, frozen=True, kw_only=True):
    """`ok` None: it cannot be told, with the reason."""

    ok: bool | None
    reason: str | None = None


def parse_keys(data: bytes) -> KeyRing:
    """The keys in saved `list-public-keys` outputs: one, several one after another (one per region), or a bare list of keys."""
    found: dict[str, list[SigningKey]] = {}
    faults: list[str] = []
    for position, entry in enumerate(_entries(data)):
        key = _key(entry)
        if key is None:
            faults.append(f"entry {position} is not a public key")
        elif key not in found.setdefault(key.fingerprint, []):
            found[key.fingerprint].append(key)
    return KeyRing(keys={fingerprint: tuple(keys) for fingerprint, keys in found.items()}, faults=tuple(faults))


def _entries(data: bytes) -> Iterator[object]:
    for document in _documents(data):
        listed = document
        if isinstance(document, dict):
            # The user guide's sample spells it publicKeyList, the API PublicKeyList.
            listed = document.get("PublicKeyList", document.get("publicKeyList", [document]))
        if isinstance(listed, list):
            yield from listed


def _documents(data: bytes) -> Iterator[object]:
    text, decoder = data.decode("utf-8-sig", "replace").strip(), json.JSONDecoder()
    while text:
        try:
            document, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            return
        yield document
        text = text[end:].lstrip()


def _key(entry: object) -> SigningKey | None:
    if not isinstance(entry, dict):
        return None
    fingerprint, value = entry.get("Fingerprint"), entry.get("Value")
    if not isinstance(fingerprint, str) or not isinstance(value, str):
        return None
    try:
        der = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    validity = (_instant(entry.get("ValidityStartTime")), _instant(entry.get("ValidityEndTime")))
    return SigningKey(fingerprint=fingerprint.lower(), der=der, valid_from=validity[0], valid_to=validity[1])


def _instant(value: object) -> datetime | None:
    """Saved outputs hold seconds since 1970, as number or text (AWS CLI 1), or ISO 8601 (AWS CLI 2)."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return parse_time(value)


def check_signature(signed: Signed, signature: str, keys: KeyRing) -> SignatureCheck:
    """Whether the signature is CloudTrail's for this digest, as far as the keys tell."""
    if signed.algorithm not in (None, ALGORITHM):
        return SignatureCheck(ok=None, reason=f"unknown signature algorithm {signed.algorithm}")
    if not keys.keys:
        return SignatureCheck(ok=None, reason=NO_KEYS)
    candidates = keys.keys.get(signed.fingerprint.lower(), ())
    if not candidates:
        return SignatureCheck(ok=None, reason=f"no public key with the fingerprint {signed.fingerprint}: list the keys of the digest's region and time")
    try:
        raw = bytes.fromhex(signature)
    except ValueError:
        return SignatureCheck(ok=False, reason="the signature is not hexadecimal")
    return _check_with(candidates, signed, raw)


def _check_with(candidates: tuple[SigningKey, ...], signed: Signed, signature: bytes) -> SignatureCheck:
    tried = 0
    for key in candidates:
        try:
            fits = _fits(key.der, signature, signed.message)
        except ImportError:
            return SignatureCheck(ok=None, reason=NO_CRYPTOGRAPHY)
        except ValueError:
            continue
        tried += 1
        if fits and _valid_at(key, signed):
            return SignatureCheck(ok=True)
        if fits:
            return SignatureCheck(ok=None, reason=f"the signature fits, but its key {key.fingerprint} was not valid when the digest ended")
    if not tried:
        return SignatureCheck(ok=None, reason=f"the key {signed.fingerprint} is not an RSA public key")
    return SignatureCheck(ok=False, reason="the signature does not fit the digest's content, place and predecessor")


def _valid_at(key: SigningKey, signed: Signed) -> bool:
    """A backfill digest is signed long after the time that it covers, so its key may be younger."""
    if signed.backfill:
        return True
    after_start = key.valid_from is None or key.valid_from - SLACK <= signed.ends
    return after_start and (key.valid_to is None or signed.ends <= key.valid_to + SLACK)


def _fits(der: bytes, signature: bytes, message: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256. ValueError where the key is none; ImportError without cryptography."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(der)
    except UnsupportedAlgorithm as fault:
        raise ValueError(str(fault)) from fault
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
