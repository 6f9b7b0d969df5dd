"""The preview of an issue: as any reader sees it, in any client, and test sends."""
