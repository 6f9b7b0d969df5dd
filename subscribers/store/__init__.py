"""The tables of people and the queries over them."""
