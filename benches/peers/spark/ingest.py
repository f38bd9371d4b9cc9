"""A Kafka topic into Parquet by date and hour, up to its end, by Spark Structured Streaming.

ingest.py BROKERS TOPIC LAKE CHECKPOINT COLUMNS.sql RECORDS_PER_BATCH JARS
"""
import pathlib, sys
from pyspark.sql import SparkSession, functions as F

brokers, topic, lake, checkpoint, columns, records_per_batch, jars = sys.argv[1:]
settings = {
    "spark.jars": jars,
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.parquet.compression.codec": "snappy",
    "spark.sql.streaming.stateStore.providerClass":
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
}
builder = SparkSession.builder.master("local[2]").appName("ingest")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

records = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", brokers)
    .option("subscribe", topic)
    .option("startingOffsets", "earliest")
    .option("maxOffsetsPerTrigger", records_per_batch)
    .load()
)
# Without this column, what could be read of a record before its fault would pass for a row.
schema = pathlib.Path(columns).read_text() + ", `_corrupt_record` STRING"
options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_corrupt_record"}
value = F.from_json(F.col("value").cast("string"), schema, options).alias("value")
rows = (
    records.select(value, "timestamp")
    .select("value.*", "timestamp")
    .where("_corrupt_record is null and event_id is not null and ts is not null")
    .withWatermark("timestamp", "60 seconds")
    .dropDuplicatesWithinWatermark(["event_id"])
    .withColumn("dt", F.to_date("ts"))
    .withColumn("hour", F.date_format("ts", "HH"))
    .drop("timestamp", "_corrupt_record")
)
query = (
    rows.writeStream.format("parquet")
    .option("path", lake)
    .option("checkpointLocation", checkpoint)
    .partitionBy("dt", "hour")
    .trigger(availableNow=True)
    .start()
)
query.awaitTermination()
