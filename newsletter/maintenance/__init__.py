"""Keep an installation healthy: backups, restoring, journals, retention and the checkup."""
