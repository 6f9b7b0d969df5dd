"""Import lists of subscribers as reviewed change sets, undo imports, export."""
