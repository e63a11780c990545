#!/usr/bin/env python3
"""A subject of restorebench: a table in a dict, restored from its changelog. Needs confluent-kafka."""
import base64, hashlib, json, os, sys
from confluent_kafka import Consumer, TopicPartition

config = json.load(open(os.environ["RESTOREBENCH_CONFIG"]))
events = open(os.environ["RESTOREBENCH_EVENTS"], "w")
topic, partitions = os.environ["RESTOREBENCH_TOPIC"], config["partitions"]

def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), file=events, flush=True)

emit("hello", name="example.py", version="1")
emit("assigned", partitions=partitions)
emit("opened", path="empty", reason="a dict has no files")
consumer = Consumer({"bootstrap.servers": os.environ["RESTOREBENCH_BROKERS"], "group.id": topic + "-example", "enable.auto.commit": False})
tables, ends, records = {}, {}, {}
for p in partitions:
    begin, ends[p] = consumer.get_watermark_offsets(TopicPartition(topic, p))
    tables[p], records[p] = {}, 0
    emit("restore_start", partition=p, **{"from": begin, "to": ends[p]})
consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
while any(p.offset < ends[p.partition] for p in consumer.position([TopicPartition(topic, p) for p in partitions]) if ends[p.partition]):
    for m in consumer.consume(1000, 0.1):
        records[m.partition()] += 1
        if m.value() is None:
            tables[m.partition()].pop(m.key(), None)
        else:
            tables[m.partition()][m.key()] = m.value()
for p in partitions:
    emit("caught_up", partition=p, offset=ends[p], records=records[p])
emit("ready")
if first := config.get("first_read"):
    emit("first_read", ok=tables[first.get("partition", 0)].get(base64.b64decode(first["key"])) == base64.b64decode(first["value"]))
for p in partitions if config.get("digest") else []:
    entries = [len(k).to_bytes(4, "big") + k + len(v).to_bytes(4, "big") + v for k, v in tables[p].items()]
    total = sum(int.from_bytes(hashlib.sha256(e).digest(), "big") for e in entries) % 2**256
    emit("digest", partition=p, count=len(entries), bytes=sum(map(len, entries)) - 8 * len(entries), digest=f"{total:064x}")
values = [tables[r.get("partition", 0)].get(base64.b64decode(r["key"])) for r in config.get("reads", [])]
emit("reads", values=[{"value": None if v is None else base64.b64encode(v).decode()} for v in values])
sys.stdin.read()  # its end asks for a clean end
