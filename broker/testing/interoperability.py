"""Prints, as JSON lines, what Debian's paho client sees of the broker at 127.0.0.1:PORT in one scenario.

The names are those of the ten behaviours that interoperability suites of MQTT 3.1.1 look at."""

import json
import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt

PORT, SCENARIO = int(sys.argv[1]), sys.argv[2]


class Peer:
    def __init__(self, name, clean=True, keepalive=60, will=None):
        self.messages, self.acknowledged, self.granted = [], [], []
        self.connected, self.closed = threading.Event(), threading.Event()
        self.code = self.present = None
        self.client = mqtt.Client(name, clean_session=clean, protocol=mqtt.MQTTv311)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.closed.set()
        self.client.on_message = lambda _c, _u, m: self.messages.append(
            [m.topic, m.payload.decode(), m.qos, int(m.retain)])
        self.client.on_subscribe = lambda _c, _u, _id, granted: self.granted.append(list(granted))
        self.client.on_publish = lambda *_: self.acknowledged.append(1)
        if will:
            self.client.will_set(*will)
        self.client.connect("127.0.0.1", PORT, keepalive)
        self.client.loop_start()
        self.connected.wait(5)

    def _on_connect(self, _client, _user, flags, code):
        self.code, self.present = code, flags["session present"]
        self.connected.set()

    def subscribe(self, *filters):
        before = len(self.granted)
        self.client.subscribe(list(filters))
        until(lambda: len(self.granted) > before)

    def publish(self, topic, text, qos, retain=False):
        self.client.publish(topic, text, qos, retain).wait_for_publish(5)

    def publish_in_turns(self, topic):
        """Three at each of QoS 1 and 2, none of which waits for the one before."""
        sent = [self.client.publish(topic, f"qos {qos} {n}", qos) for n in range(3) for qos in (1, 2)]
        for one in sent:
            one.wait_for_publish(5)

    def leave(self):
        self.client.disconnect()
        self.closed.wait(5)
        self.client.loop_stop()

    def vanish(self):
        """The connection ends without DISCONNECT."""
        self.client._sock_close()
        self.client.loop_stop()


def until(look, seconds=5):
    end = time.monotonic() + seconds
    while not look() and time.monotonic() < end:
        time.sleep(0.02)


def say(**what):
    print(json.dumps(what), flush=True)


def basic():
    a = Peer("basic")
    a.subscribe(("TopicA", 2))
    for qos in (0, 1, 2):
        a.publish("TopicA", f"qos {qos}", qos)
    until(lambda: len(a.messages) == 3)
    say(messages=sorted(a.messages))
    a.leave()


def retained_messages():
    a = Peer("retained")
    for qos in (0, 1, 2):
        a.publish(f"kept/{qos}", f"qos {qos}", qos, True)
    a.subscribe(("kept/+", 2))
    until(lambda: len(a.messages) == 3)
    seen = sorted(a.messages)
    for qos in (0, 1, 2):
        a.publish(f"kept/{qos}", "", 1, True)
    a.leave()
    b = Peer("retained-2")
    b.subscribe(("kept/+", 2))
    time.sleep(0.3)
    say(messages=seen, afterwards=b.messages)
    b.leave()


def zero_length_clientid():
    """By bytes: Paho makes up an id by itself where it is refused."""
    codes = []
    for flags in (0x02, 0x00):
        with socket.create_connection(("127.0.0.1", PORT), 5) as connection:
            connection.sendall(bytes.fromhex("100c00044d51545404") + bytes([flags]) + bytes.fromhex("003c0000"))
            codes.append(connection.recv(4)[3])
    say(codes=codes)


def offline_message_queueing():
    b = Peer("sleeper", clean=False)
    b.subscribe(("for/sleeper", 2))
    b.leave()
    a = Peer("sender")
    a.publish_in_turns("for/sleeper")
    a.leave()
    b = Peer("sleeper", clean=False)
    until(lambda: len(b.messages) == 6)
    say(present=b.present, messages=b.messages)
    b.leave()


def overlapping_subscriptions():
    a = Peer("overlapping")
    a.subscribe(("over/#", 2), ("over/+", 1))
    a.publish("over/lap", "x", 2)
    until(lambda: len(a.messages) > 0)
    time.sleep(0.3)
    say(count=len(a.messages), qos=max(one[2] for one in a.messages))
    a.leave()


def keepalive():
    b = Peer("watcher")
    b.subscribe(("last/words", 1))
    a = Peer("silent", keepalive=5, will=("last/words", "gone", 1, False))
    a.client.loop_stop()
    began = time.monotonic()
    until(lambda: len(b.messages) > 0, 12)
    say(messages=b.messages, seconds=time.monotonic() - began)
    b.leave()


def redelivery_on_reconnect():
    b = Peer("forgetful", clean=False)
    b.subscribe(("again", 2))
    # From now on it reads nothing, so it acknowledges nothing.
    b.client.loop_stop()
    a = Peer("sender")
    a.publish_in_turns("again")
    a.leave()
    time.sleep(0.3)
    b.vanish()
    b = Peer("forgetful", clean=False)
    until(lambda: len(b.messages) == 6)
    say(messages=b.messages)
    b.leave()


def subscribe_failure():
    a = Peer("refused")
    a.subscribe(("$share/group/topic", 2), ("fine", 1))
    say(granted=a.granted[0])
    a.leave()


def dollar_topics():
    a = Peer("dollar")
    a.subscribe(("+/+", 2), ("#", 1))
    a.publish("$money/x", "unseen", 1)
    a.publish("plain/x", "seen", 1)
    until(lambda: len(a.messages) > 0)
    time.sleep(0.3)
    say(topics=sorted({one[0] for one in a.messages}))
    a.leave()


def unsubscribe():
    a = Peer("unsubscriber")
    a.subscribe(("un/a", 2), ("un/b", 2))
    done = threading.Event()
    a.client.on_unsubscribe = lambda *_: done.set()
    a.client.unsubscribe("un/a")
    done.wait(5)
    for name in ("un/a", "un/b"):
        a.publish(name, "x", 1)
    until(lambda: len(a.messages) > 0)
    time.sleep(0.2)
    say(topics=[one[0] for one in a.messages])
    a.leave()


globals()[SCENARIO]()
