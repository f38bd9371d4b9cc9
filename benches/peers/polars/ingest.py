"""A Kafka topic into Parquet by date and hour, up to its end: what a data team writes in an afternoon.

ingest.py BROKERS TOPIC GROUP LAKE COLUMNS.json
"""
import collections, io, json, os, pathlib, sys, uuid
import polars as pl
from confluent_kafka import Consumer, KafkaError, KafkaException

BATCH_BYTES = 64 << 20
WINDOW_MILLIS = 60_000
TYPES = {"string": pl.String, "bigint": pl.Int64, "double": pl.Float64, "boolean": pl.Boolean,
         "timestamp": pl.String}

def polars_type(of):
    if isinstance(of, dict):
        return pl.Struct({name: polars_type(member) for name, member in of.items()})
    return pl.List(polars_type(of[0])) if isinstance(of, list) else TYPES[of]

def parse(lines):
    """Malformed records are found by halving, so that good batches are parsed at once."""
    try:
        return [pl.read_ndjson(io.BytesIO(b"\n".join(lines)), schema=schema)] if lines else []
    except pl.exceptions.PolarsError:
        middle = len(lines) // 2
        return parse(lines[:middle]) + parse(lines[middle:]) if middle else []

def write(lines):
    frames = parse(lines)
    if not frames:
        return
    ts = pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC")
    rows = pl.concat(frames).filter(pl.col("event_id").is_not_null()).with_columns(ts)
    rows = rows.with_columns(dt=pl.col("ts").dt.strftime("%Y-%m-%d"), hour=pl.col("ts").dt.strftime("%H"))
    for (dt, hour), part in rows.partition_by("dt", "hour", as_dict=True, include_key=False).items():
        folder = pathlib.Path(lake, f"dt={dt}", f"hour={hour}")
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{uuid.uuid4()}.parquet"
        part.write_parquet(folder / f".{name}", compression="snappy")
        os.rename(folder / f".{name}", folder / name)

brokers, topic, group, lake, columns = sys.argv[1:]
schema = {name: polars_type(of) for name, of in json.loads(pathlib.Path(columns).read_text()).items()}
consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "enable.partition.eof": True,
                     "fetch.queue.backoff.ms": 5, "queued.max.messages.kbytes": 65536})
consumer.subscribe([topic])
# By partition: one may be read far ahead of another, and keys live as long as their own log says.
seen, latest = collections.defaultdict(dict), collections.defaultdict(int)
lines, size, ended = [], 0, set()
while not ended or len(ended) < len(consumer.assignment()):
    for message in consumer.consume(2000, 1.0):
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            ended.add(message.partition())
            continue
        partition, key, (_, at) = message.partition(), message.key(), message.timestamp()
        first = seen[partition].get(key)
        if first is None or at - first >= WINDOW_MILLIS:
            seen[partition][key], latest[partition] = at, max(latest[partition], at)
            lines.append(message.value())
            size += len(lines[-1])
    if size >= BATCH_BYTES:
        write(lines)
        consumer.commit(asynchronous=False)
        lines, size = [], 0
        for partition, keys in seen.items():
            kept = latest[partition] - 2 * WINDOW_MILLIS
            seen[partition] = {key: at for key, at in keys.items() if at > kept}
write(lines)
if lines:
    consumer.commit(asynchronous=False)
consumer.close()
