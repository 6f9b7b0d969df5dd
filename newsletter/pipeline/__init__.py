"""A pass: everything that is due now, stage by stage; a machine calls the use cases."""
