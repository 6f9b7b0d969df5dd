"""The tables of subscribers and the queries over them."""
