"""How PostgreSQL stores the busy tables: in partitions, and tidied before a fifth of a table has changed."""

from newsletter.store import tables

SETTINGS = {
    # Each row is updated a few times in minutes, and is in an index by its state.
    tables.batches: {"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"},
    # Filled and emptied all the time.
    tables.event_bodies: {
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "500",
    },
    tables.notices: {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "500"},
    # A few rows that every batch updates.
    tables.rates: {
        "fillfactor": "50",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "100",
    },
    tables.marks: {
        "fillfactor": "50",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "100",
    },
}
PARTITIONS = {
    # Filled by a freeze, then read by ranges: statistics must be there before the first batch.
    tables.deliveries: {
        "autovacuum_vacuum_insert_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.02",
    },
    # Filled by a freeze, and hardly read.
    tables.exclusions: {},
}
"""The tables that have a partition for each issue, and the settings of each partition."""

for table, settings in SETTINGS.items():
    table.dialect_options["postgresql"]["with"] = settings
for table in PARTITIONS:
    table.dialect_options["postgresql"]["partition_by"] = "LIST (issue_id)"
