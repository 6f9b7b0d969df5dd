"""The screens about sources: their health, and one source with what it showed last."""
