"""Sends one test packet to each size asked for, as peers in the field do, and prints what comes back, a line of JSON each.

usage: foreign-sender.py ADDRESS PORT SIZE[:HEX]...   with HEX in place of zeros after the header of 14 bytes
"""
import json
import socket
import struct
import sys
import time

NTP = 2208988800
address, port = sys.argv[1], int(sys.argv[2])
is_v6 = ":" in address
sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(float(__import__("os").environ.get("WAIT_S", "2")))
if is_v6:
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 46 << 2)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 77)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
else:
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 77)
    sock.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
    sock.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS

for number, what in enumerate(sys.argv[3:], 5):
    size, _, padding = what.partition(":")
    now = time.time()
    seconds = int(now)
    header = struct.pack("!IIIH", number, seconds + NTP, int((now - seconds) * 2**32), 0x8F84)
    packet = (header + bytes.fromhex(padding)).ljust(int(size), b"\0")[: int(size)]
    sock.sendto(packet, (address, port))
    try:
        data, ancillary, _, source = sock.recvmsg(9000, 256)
    except socket.timeout:
        print(json.dumps({"answer": None}), flush=True)
        continue
    back = time.time()
    told = {"size": len(data), "from": source[0], "sent": packet.hex(), "answer": data.hex()}
    for level, kind, value in ancillary:
        if (level, kind) in ((0, 2), (41, 52)):
            told["ttl"] = struct.unpack("i", value)[0]
        if (level, kind) in ((0, 1), (41, 67)):
            told["dscp"] = value[0] >> 2
    if len(data) >= 41:
        seq, s3, f3, estimate, s2, f2, sender, s1, f1, sender_estimate, ttl = struct.unpack("!IIIHxxIIIIIHxxB", data[:41])
        told |= {
            "sequence": seq,
            "senderSequence": sender,
            "senderTtl": ttl,
            "isHeaderBack": data[24:38] == packet[:14],
            "forwardMs": (s2 - NTP + f2 / 2**32 - now) * 1000,
            "dwellMs": (s3 - s2 + (f3 - f2) / 2**32) * 1000,
            "backMs": (back - (s3 - NTP + f3 / 2**32)) * 1000,
        }
    print(json.dumps(told), flush=True)
