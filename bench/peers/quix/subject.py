"""A Quix Streams application with one state store, as a subject of restorebench.

Its records reach the state by Quix Streams' own recovery, when its partitions are assigned. What is measured begins and
ends inside of Application.run, which tells nobody: so three methods of its state manager are wrapped, to tell when they
begin and end. Nothing else differs from an application that the documentation shows, but for the changelog's name.
"""

import base64
import hashlib
import json
import os
import sys
import threading

import quixstreams
from quixstreams import Application
from quixstreams.kafka import ConnectionConfig

brokers, changelog = os.environ["RESTOREBENCH_BROKERS"], os.environ["RESTOREBENCH_TOPIC"]
with open(os.environ["RESTOREBENCH_CONFIG"]) as f:
    config = json.load(f)
events = open(os.environ["RESTOREBENCH_EVENTS"], "w")


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), file=events, flush=True)


def client_setting(name, value):
    if "password" not in name:
        return value
    kind, _, where = value.partition(":")  # file:PATH or env:NAME
    if kind == "env":
        return os.environ[where]
    with open(where) as f:
        return f.read().removesuffix("\n").removesuffix("\r")


def connection():
    client = {name: client_setting(name, value) for name, value in config.get("client", {}).items()}
    return ConnectionConfig.from_librdkafka_dict({"bootstrap.servers": brokers, **client})


class App(Application):
    def _get_topic_manager(self):
        manager = super()._get_topic_manager()
        manager._internal_name = lambda *_: changelog  # else it would be changelog__GROUP--INPUT--default
        return manager


class Subject:
    def __init__(self):
        group = config.get("group") or {}
        # As every member of a group that comes back at once, where the restore alone is measured.
        consumer = {"group.instance.id": group.get("instance_id") or ("" if group else "restorebench")}
        if group.get("session_timeout_ms"):
            consumer["session.timeout.ms"] = group["session_timeout_ms"]
        self.app = App(
            broker_address=connection(),
            consumer_group=changelog + "-quix",
            auto_offset_reset="earliest",
            state_dir=os.environ["RESTOREBENCH_STATE_DIR"],
            consumer_extra_config={name: value for name, value in consumer.items() if value},
            loglevel="WARNING",
        )
        name = group.get("input") or changelog.removesuffix("-store-changelog") + "-input"
        self.input = self.app.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        self.app.dataframe(self.input).update(lambda value, state: state.set_bytes("value", value), stateful=True)

        self.manager = self.app._state_manager
        self.spans, self.partitions = {}, {}
        self.assign, self.recover, self.assigned = (
            self.manager.on_partition_assign,
            self.manager.do_recovery,
            self.manager.resume_reassigned_data_partitions,
        )
        self.manager.on_partition_assign = self.on_partition_assign
        self.manager.do_recovery = self.do_recovery
        self.manager.resume_reassigned_data_partitions = self.on_assigned

    def on_partition_assign(self, stream_id, partition, committed_offsets):
        if not self.partitions:
            emit("assigned", partitions=config["partitions"])
        stores = self.assign(stream_id=stream_id, partition=partition, committed_offsets=committed_offsets)
        self.partitions[partition] = stores["default"]
        return stores

    def on_assigned(self, partitions):
        self.assigned(partitions)
        if not self.partitions:  # before the group gave any
            return
        saved = {p: store.get_changelog_offset() for p, store in self.partitions.items()}
        emit("opened", path="empty" if all(o is None for o in saved.values()) else "local")
        pending = self.manager._recovery_manager.partitions
        for p, offset in saved.items():
            behind = pending.get(p, {}).get(changelog)
            end = behind.changelog_highwater if behind else (offset + 1 if offset is not None else 0)
            # It also reads the record at its saved offset once more, which is no part of what it missed.
            start = end if not behind else 0 if offset is None else offset + 1
            self.spans[p] = (start, end)
            emit("restore_start", partition=p, **{"from": start, "to": end})
        if not self.manager.recovery_required:
            self.restored()

    def do_recovery(self):
        done = threading.Event()
        teller = threading.Thread(target=self.progress, args=(done,))
        teller.start()
        try:
            self.recover()
        finally:
            done.set()
            teller.join()
        if not self.manager.recovery_required:  # else it was stopped half-way
            self.restored()

    def progress(self, done):
        """Tells now and then how far the stores are: a subject that says nothing for --stall-timeout has hung."""
        while not done.wait(1):
            for p, (start, _) in self.spans.items():
                saved = self.partitions[p].get_changelog_offset()
                if saved is not None and saved >= start:
                    emit("progress", partition=p, offset=saved + 1, records=saved + 1 - start)

    def restored(self):
        for p, (start, end) in self.spans.items():
            emit("caught_up", partition=p, offset=end, records=end - start)
        emit("ready")
        if first := config.get("first_read"):
            value = self.read(first)
            emit("first_read", ok=value == base64.b64decode(first["value"]))
        for p, store in self.partitions.items() if config.get("digest") else []:
            self.digest(p, store)
        values = [self.read(r) for r in config.get("reads") or []]
        emit("reads", values=[{"value": None if v is None else base64.b64encode(v).decode()} for v in values])

    def read(self, r):
        value = self.partitions[r.get("partition", 0)].get(base64.b64decode(r["key"]))
        return value if isinstance(value, bytes) else None

    def digest(self, p, store):
        count = size = total = 0
        for key, value in store.iter_items(lower_bound=b""):
            entry = len(key).to_bytes(4, "big") + key + len(value).to_bytes(4, "big") + value
            total += int.from_bytes(hashlib.sha256(entry).digest(), "big")
            count, size = count + 1, size + len(key) + len(value)
        emit("digest", partition=p, count=count, bytes=size, digest=f"{total % 2**256:064x}")

    def run(self):
        def stop():
            sys.stdin.read()  # its end asks for a clean end
            self.app.stop()

        threading.Thread(target=stop, daemon=True).start()
        self.app.run()


emit("hello", name="quix", version=quixstreams.__version__)
Subject().run()
