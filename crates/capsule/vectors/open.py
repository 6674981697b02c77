#!/usr/bin/env python3
"""Opens the vectors beside it: an opener written from docs/protocols/archive-capsules.md alone, in another language.

Needs `cryptography` 48 or newer with ML-KEM. Slow and not constant-time: for checking formats, never for secrets.
"""
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# ristretto255, RFC 9496 §4
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def even(x):
    return x if x % P % 2 == 0 else -x % P


def sqrt_ratio(u, v):
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), even(r)


SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]


def decode(octets):
    s = int.from_bytes(octets, "little")
    assert s < P and s % 2 == 0
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inv = sqrt_ratio(1, v * u2 * u2 % P)
    den_x, den_y = inv * u2 % P, inv * inv * u2 * v % P
    x, y = even(2 * s * den_x % P), u1 * den_y % P
    assert square and x * y % P % 2 == 0 and y != 0
    return x, y, 1, x * y % P


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, inv = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = inv * u1 % P, inv * u2 % P
    z_inv = den1 * den2 * t0 % P
    if t0 * z_inv % P % 2:
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if x * z_inv % P % 2:
        y = -y % P
    return even(den * (z0 - y) % P).to_bytes(32, "little")


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def mul(k, p):
    q, k = (0, 1, 1, 0), k % ORDER
    while k:
        if k & 1:
            q = add(q, p)
        p, k = add(p, p), k >> 1
    return q


def one_way(octets):
    def half(b):
        t = int.from_bytes(b, "little") % 2**255 % P
        r = SQRT_M1 * t * t % P
        u, v, c = (r + 1) * (1 - D * D) % P, (-1 - r * D) * (r + D) % P, -1
        square, s = sqrt_ratio(u, v)
        if not square:
            s, c = -even(s * t % P) % P, r
        n = (c * (r - 1) * pow(D - 1, 2, P) - v) % P
        w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
        return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P

    return add(half(octets[:32]), half(octets[32:]))


G = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


def scalar(octets):
    value = int.from_bytes(octets, "little")
    assert value < ORDER
    return value


def wide(octets):
    return int.from_bytes(octets, "little") % ORDER


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt or None, info).derive(secret)


def xwing_keys(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


def xwing_public(seed):
    m, x = xwing_keys(seed)
    return m.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()


def xwing_open(seed, ct):
    m, x = xwing_keys(seed)
    ss_x = x.exchange(X25519PublicKey.from_public_bytes(ct[1088:]))
    pk_x = x.public_key().public_bytes_raw()
    return hashlib.sha3_256(m.decapsulate(ct[:1088]) + ss_x + ct[1088:] + pk_x + b"\\.//^\\").digest()


class Fields:
    def __init__(self, octets):
        self.rest = octets
        assert self.take(1) == b"\x01"

    def take(self, n):
        assert len(self.rest) >= n
        head, self.rest = self.rest[:n], self.rest[n:]
        return head

    def number(self, n):
        return int.from_bytes(self.take(n), "big")


def valid(label, statement, e, f, first, base, second):
    w = add(mul(f, G), mul(-e, first))
    w_bar = add(mul(f, base), mul(-e, second))
    return e == wide(hashlib.sha512(label + b" challenge" + statement + encode(w) + encode(w_bar)).digest())


def gf_mul(a, b):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
    return out


def gf_inverse(a):
    return next(b for b in range(1, 256) if gf_mul(a, b) == 1)


def place(key_id, group, epoch_ref):
    return b"\x01" + key_id + bytes([len(group)]) + group + epoch_ref


def check_capsule(capsule, label, ctx, second_base):
    r, r_bar = decode(capsule["r"]), decode(capsule["r_bar"])
    statement = label + ctx + capsule["r"] + capsule["r_bar"] + sha(capsule["xwing"], capsule["sealed"])
    return valid(b"rempart archive 1 proof", statement, capsule["e"], capsule["f"], r, second_base, r_bar)


def read_capsule(octets):
    f = Fields(octets)
    out = {"r": f.take(32), "xwing": f.take(1120), "r_bar": f.take(32)}
    out |= {"e": scalar(f.take(32)), "f": scalar(f.take(32)), "sealed": f.take(48)}
    assert not f.rest
    return out


def main():
    file = json.loads((pathlib.Path(__file__).parent / "capsule.json").read_text())
    h = bytes.fromhex
    policy = h(file["policy"])
    ctx = sha(policy)
    assert ctx == h(file["ctx"])
    key_id, x_bytes, outer_public = policy[1:33], policy[33:65], policy[65:1281]
    assert key_id == sha(b"rempart archive 1 key id\x01", x_bytes, outer_public)
    second_base = one_way(hashlib.sha512(b"rempart archive 1 second base\x01" + x_bytes).digest())

    record = Fields(h(file["record"]))
    needed, officers = record.number(1), record.number(1)
    commitments = [decode(record.take(32)) for _ in range(needed)]
    assert encode(commitments[0]) == x_bytes and record.take(1216) == outer_public
    bindings = [record.take(32) for _ in range(officers)]

    def share_key(i):
        out = (0, 1, 1, 0)
        for j, commitment in enumerate(commitments):
            out = add(out, mul(pow(i, j), commitment))
        return out

    shares = []
    for octets in file["shares"]:
        f = Fields(h(octets))
        assert f.take(32) == key_id
        officer, _, _ = f.number(1), f.number(1), f.number(1)
        inner, outer, salt = scalar(f.take(32)), f.take(32), f.take(32)
        assert encode(mul(inner, G)) == encode(share_key(officer)) and sha(salt, outer) == bindings[officer - 1]
        shares.append((officer, inner, outer))

    for group in ([0, 1], [0, 2], [1, 2]):
        some = [shares[i] for i in group]
        seed = bytearray(32)
        for i, _, outer in some:
            factor = 1
            for j, _, _ in some:
                if j != i:
                    factor = gf_mul(factor, gf_mul(j, gf_inverse(j ^ i)))
            seed = bytearray(a ^ gf_mul(factor, b) for a, b in zip(seed, outer))
        assert xwing_public(bytes(seed)) == outer_public
        for case in file["capsules"]:
            capsule = read_capsule(h(case["capsule"]))
            epoch_ref = h(case["epoch_ref"])
            label = place(key_id, h(case["group"]), epoch_ref)
            assert check_capsule(capsule, label, ctx, second_base)
            assert not check_capsule(capsule, label[:-1] + b"\xff", ctx, second_base)
            s = h(case["seed"])
            n = wide(hmac.digest(
                s,
                b"rempart archive 1 proof nonce" + label + ctx + capsule["r"] + capsule["r_bar"]
                + sha(capsule["xwing"], capsule["sealed"]),
                "sha512",
            ))
            assert capsule["f"] == (n + capsule["e"] * wide(s[64:])) % ORDER
            total = (0, 1, 1, 0)
            for i, inner, _ in some:
                factor = 1
                for j, _, _ in some:
                    if j != i:
                        factor = factor * j * pow(j - i, -1, ORDER) % ORDER
                total = add(total, mul(factor * inner, decode(capsule["r"])))
            inner_secret = encode(total)
            assert inner_secret == h(case["inner_secret"])
            derived = hkdf(
                inner_secret + xwing_open(bytes(seed), capsule["xwing"]),
                b"",
                b"rempart archive 1 capsule" + ctx + epoch_ref + sha(capsule["r"], capsule["xwing"]),
                44,
            )
            assert AESGCM(derived[:32]).decrypt(derived[32:], capsule["sealed"], None) == h(case["key"])
    print("capsules: proofs hold, each opened by every two officers")

    case = file["opening"]
    sealed = Fields(h(case["sealed_release"]))
    request, officer, xwing = sealed.take(32), sealed.take(1), sealed.take(1120)
    assert request == sha(h(case["request"]))
    shared = xwing_open(h(case["one_time_seed"]), xwing)
    derived = hkdf(shared, b"", b"rempart opening 1" + request + officer + sha(xwing), 44)
    release = AESGCM(derived[:32]).decrypt(derived[32:], sealed.rest, None)
    assert release == h(case["release"])
    f = Fields(release)
    assert f.take(32) == key_id and f.take(32) == request and f.take(1) == officer
    outer, salt = f.take(32), f.take(32)
    assert sha(salt, outer) == bindings[officer[0] - 1] and f.number(4) == 1
    capsule_hash, number, u = f.take(32), f.take(1), f.take(32)
    e, response = scalar(f.take(32)), scalar(f.take(32))
    assert capsule_hash == sha(h(case["capsule"])) and number == officer and not f.rest
    x_i = share_key(officer[0])
    group = h(case["request"])[34 : 34 + h(case["request"])[33]]
    statement = place(key_id, group, h(case["epoch_ref"])) + capsule_hash + officer + encode(x_i) + u
    big_r = decode(read_capsule(h(case["capsule"]))["r"])
    assert valid(b"rempart archive 1 partial", statement, e, response, x_i, big_r, decode(u))
    signer = Ed25519PrivateKey.from_private_bytes(h(file["entry"]["leaf_private_key"])).public_key()
    sent = h(case["sent"])
    signer.verify(sent[-64:], b"rempart capsule 1" + sent[:-64])
    assert sent[-64 - 1297 : -64] == h(case["capsule"])
    print("opening: the release opens, its partial is proved")

    pinned = h(file["officers"]["set"])
    certificate = h(file["officers"]["certificate"])
    grant, signatures = certificate[:1370], certificate[1370:]
    assert grant[-32:] == sha(pinned) and grant[-64:-32] == sha(h(file["record"]))
    for n in range(signatures[0]):
        one = signatures[1 + 65 * n : 66 + 65 * n]
        key = pinned[35 + 32 * one[0] : 67 + 32 * one[0]]
        Ed25519PublicKey.from_public_bytes(key).verify(one[1:], b"rempart archive 1 certificate" + grant)
    print(f"certificate: {signatures[0]} officers signed")

    case = file["entry"]
    entry, header = h(case["entry"]), h(case["header"])
    assert entry.startswith(header)
    f = Fields(header)
    f.take(f.number(1) + 32 + 4 + 32 + 8 + 16)
    both = hkdf(h(case["key"]), f.take(32), b"rempart content 1" + header, 64)
    body, signature = entry[len(header) : -64], entry[-64:]
    assert body[:32] == both[:32]
    assert AESGCM(both[32:]).decrypt(bytes(12), body[32:], None) == h(case["content"])
    signer = Ed25519PrivateKey.from_private_bytes(h(case["leaf_private_key"])).public_key()
    signer.verify(signature, b"rempart content 1" + header + body[:32] + sha(body[32:]))
    case = file["file"]
    octets = h(case["sealed"])
    assert octets[:33] == b"\x01" + hkdf(h(case["key"]), b"", b"rempart file 1 commit", 32)
    derived = hkdf(h(case["key"]), b"", b"rempart file 1 chunks", 39)
    assert AESGCM(derived[:32]).decrypt(derived[32:] + bytes(4) + b"\x01", octets[33:], None) == h(case["plain"])
    print("entry and file: opened")


if __name__ == "__main__":
    main()
