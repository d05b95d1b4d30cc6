"""Encrypted uploads: ``{encrypted_data, salt}``, unpacked, decoded and decrypted piece by piece.

The text of the upload is in memory once, nothing of the packed or encoded forms around it is. It is handed out only
after its checksum is verified, which a wrong password fails.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

PUBLIC_PASSWORD: Final = "hal1234"  # noqa: S105 - published: princeton-pli/hal-harness hal/utils/decrypt.py, upload.py
_ROUNDS: Final = 480_000  # hal/utils/json_encryption.py
_KEY_BYTES: Final = 32
_VERSION: Final = 0x80
_HEADER_BYTES: Final = 1 + 8 + 16  # version, time, initialisation vector (the Fernet specification)
_TAG_BYTES: Final = 32
_BLOCK_BYTES: Final = 16
_PIECE_BYTES: Final = 1024 * 1024
_MOST_SALT_CHARS: Final = 4096
_FIELD: Final = re.compile(rb'[\s{,]*"(\w{1,64})"\s*:\s*"')
_SEALED: Final = re.compile(rb'\s*\{\s*"(?:encrypted_data|salt)"\s*:\s*"[A-Za-z0-9+/=]')


class SealedError(Exception):
    """An encrypted upload that cannot be opened; says why."""


class WrongPasswordError(SealedError):
    """The checksum of an encrypted upload differs: the password is wrong, or the upload damaged."""


def is_sealed(start: bytes) -> bool:
    """Recognise an encrypted upload by how it starts."""
    return bool(_SEALED.match(start.removeprefix(b"\xef\xbb\xbf")))


def opened(pieces: Iterable[bytes], password: str | None) -> bytearray:
    """Decrypt an upload.

    Args:
        pieces: Its text, in pieces of any size.
        password: What it was encrypted with; null: the password HAL publishes.

    Raises:
        SealedError: if it is no encrypted upload, is damaged or cut off.
        WrongPasswordError: if the password is wrong.
    """
    token, salt = _Base64(_Base64(None)), b""
    for name, piece in _fields(pieces):
        if name == b"encrypted_data":
            token.add(piece)
        elif name == b"salt" and len(salt) <= _MOST_SALT_CHARS:
            salt += piece
    return _decrypted(token.end(), _key(password or PUBLIC_PASSWORD, salt))


def _fields(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Name each text field of a flat object, and give its text piece by piece."""
    name, rest = None, b""
    for piece in pieces:
        rest += piece
        while rest:
            if name is None:
                begin = _FIELD.match(rest)
                if begin is None:
                    break
                name, rest = begin[1], rest[begin.end() :]
            text, quote, after = rest.partition(b'"')
            yield name, text
            name, rest = (None, after) if quote else (name, b"")
        if name is None and len(rest) > _MOST_SALT_CHARS:
            raise SealedError("neither encrypted_data nor salt where one of them should stand")
    if name is not None or b"}" not in rest:
        raise SealedError("cut off")


@dataclass(slots=True)
class _Base64:
    """Decodes base64, of either alphabet, from pieces of any size; into another one, or into a buffer."""

    into: "_Base64 | None"
    rest: bytes = b""
    decoded: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> None:
        text = self.rest + piece.translate(_STANDARD)
        whole = len(text) - len(text) % 4
        self.rest = text[whole:]
        try:
            part = binascii.a2b_base64(text[:whole], strict_mode=True) if whole else b""
        except binascii.Error as error:
            raise SealedError(f"damaged: not base64 ({error})") from error
        if self.into is None:
            self.decoded += part
        else:
            self.into.add(part)

    def end(self) -> bytearray:
        """Everything decoded, by the innermost."""
        if self.rest:
            raise SealedError("damaged: its base64 text is cut off")
        return self.decoded if self.into is None else self.into.end()


_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


def _key(password: str, salt: bytes) -> bytes:
    import hashlib

    try:
        raw = binascii.a2b_base64(salt, strict_mode=True)
    except binascii.Error as error:
        raise SealedError(f"damaged: its salt is not base64 ({error})") from error
    if not raw:
        raise SealedError("it has no salt")
    return hashlib.pbkdf2_hmac("sha256", password.encode(), raw, _ROUNDS, _KEY_BYTES)


def _decrypted(token: bytearray, key: bytes) -> bytearray:
    """Decrypt a Fernet token in place, after its checksum is verified."""
    import hmac

    signing, encryption = key[: _KEY_BYTES // 2], key[_KEY_BYTES // 2 :]
    n_text = len(token) - _HEADER_BYTES - _TAG_BYTES
    if n_text < _BLOCK_BYTES or n_text % _BLOCK_BYTES or token[0] != _VERSION:
        raise SealedError("damaged: no Fernet token in it")
    with memoryview(token) as view:
        digest = hmac.new(signing, view[:-_TAG_BYTES], "sha256").digest()
        if not hmac.compare_digest(digest, view[-_TAG_BYTES:]):
            raise WrongPasswordError("wrong password, or damaged (its checksum differs)")
        padding = _decrypt(view, encryption, n_text)
    if not 1 <= padding <= _BLOCK_BYTES:
        raise SealedError("damaged: its padding is wrong")
    del token[n_text - padding :]
    return token


def _decrypt(view: memoryview, key: bytes, n_text: int) -> int:
    """Decrypt to the front of the token itself; return the length of the padding."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    vector = bytes(view[_HEADER_BYTES - _BLOCK_BYTES : _HEADER_BYTES])
    decryptor = Cipher(AES(key), CBC(vector)).decryptor()
    for start in range(0, n_text, _PIECE_BYTES):
        end = min(start + _PIECE_BYTES, n_text)
        view[start:end] = decryptor.update(view[_HEADER_BYTES + start : _HEADER_BYTES + end])
    return view[n_text - 1]
