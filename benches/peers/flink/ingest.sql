SET 'execution.target' = 'local';
SET 'execution.runtime-mode' = 'streaming';
SET 'parallelism.default' = '2';
SET 'pipeline.object-reuse' = 'true';
SET 'state.backend.type' = 'hashmap';
SET 'execution.checkpointing.interval' = '10 s';
SET 'execution.checkpointing.dir' = 'file://{{CHECKPOINTS}}';
SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.state.ttl' = '60 s';
SET 'table.dml-sync' = 'true';
{{RESTORE}}

CREATE TABLE records (
  {{COLUMNS}},
  `arrival` AS PROCTIME()
) WITH (
  'connector' = 'kafka',
  'topic' = '{{TOPIC}}',
  'properties.bootstrap.servers' = '{{BROKERS}}',
  'properties.group.id' = '{{GROUP}}',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE lake (
  {{COLUMNS}},
  `dt` STRING,
  `hour` STRING
) PARTITIONED BY (`dt`, `hour`) WITH (
  'connector' = 'filesystem',
  'path' = 'file://{{LAKE}}',
  'format' = 'parquet',
  'parquet.compression' = 'SNAPPY',
  'sink.rolling-policy.file-size' = '128MB',
  'sink.rolling-policy.rollover-interval' = '10 min',
  'sink.partition-commit.policy.kind' = 'success-file'
);

-- Keeping the first of each key is what the planner turns into a deduplication with a time to live.
INSERT INTO lake
SELECT {{NAMES}}, DATE_FORMAT(`ts`, 'yyyy-MM-dd'), DATE_FORMAT(`ts`, 'HH')
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `event_id` ORDER BY `arrival` ASC) AS `sight`
  FROM records
  WHERE `event_id` IS NOT NULL AND `ts` IS NOT NULL
)
WHERE `sight` = 1;
