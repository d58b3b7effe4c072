"""XTypes information for topics whose samples are ready-made CDR.

Cyclone DDS wants such information for every topic, and matches two endpoints that both have it by their structure.
Other ROS 2 implementations send none and are matched by the type's name. So each type is described as a structure with
one member, whose name is that of the type: endpoints of different types are then never matched.
Layout: OMG DDS-XTypes 1.3, annex 7.3.4, in XCDR version 2, little endian.
"""

import hashlib
import struct

MINIMAL, COMPLETE, STRUCTURE = 0xF1, 0xF2, 0x51
UINT8 = 0x0D  # the member: Cyclone refuses samples shorter than it, and even an empty message has one byte
FINAL = 1
TRY_CONSTRUCT_DISCARD = 1
MINIMAL_MEMBER, COMPLETE_MEMBER = 0x40001001, 0x40001002  # member ids in TypeInformation, length in the next word


def _sized(body: bytes) -> bytes:
    """With the delimiter header of an appendable or variable-size part."""
    return struct.pack("<I", len(body)) + body


def _padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % 4)


def _string(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<I", len(data)) + data


def _type_object(kind: int, header: bytes, member_detail: bytes) -> bytes:
    member = _sized(struct.pack("<IHB", 0, TRY_CONSTRUCT_DISCARD, UINT8) + member_detail)
    members = _sized(struct.pack("<I", 1) + member)
    return _sized(struct.pack("<BBH", kind, STRUCTURE, FINAL) + _padded(_sized(header)) + members)


def _identifier(kind: int, type_object: bytes) -> bytes:
    return bytes([kind]) + hashlib.md5(type_object, usedforsecurity=False).digest()[:14]


def type_information(type_name: str) -> tuple[bytes, bytes]:
    """TypeInformation and TypeMapping of a type as Cyclone DDS wants them."""
    member = type_name.replace(":", "_")
    name_hash = hashlib.md5(member.encode(), usedforsecurity=False).digest()[:4]
    minimal = _type_object(MINIMAL, b"\0", name_hash)
    no_annotations = b"\0\0"
    complete = _type_object(
        COMPLETE, b"\0" + no_annotations + b"\0" + _string(type_name), b"\0" + _string(member) + no_annotations
    )
    objects = {kind: (_identifier(kind, body), body) for kind, body in ((MINIMAL, minimal), (COMPLETE, complete))}
    information = b"".join(
        struct.pack("<I", number) + _sized(_sized(_with_dependencies(*objects[kind])))
        for number, kind in ((MINIMAL_MEMBER, MINIMAL), (COMPLETE_MEMBER, COMPLETE))
    )
    pairs = [
        _padded(_sized(struct.pack("<I", 1) + _padded(identifier) + body)) for identifier, body in objects.values()
    ]
    both = _sized(struct.pack("<I", 1) + objects[COMPLETE][0] + objects[MINIMAL][0])
    return _sized(information), b"".join([*pairs, both])


def _with_dependencies(identifier: bytes, type_object: bytes) -> bytes:
    """TypeIdentifierWithDependencies of a type that depends on no other."""
    with_size = _sized(_padded(identifier) + struct.pack("<I", len(type_object)))
    return with_size + struct.pack("<I", 0) + _sized(struct.pack("<I", 0))
