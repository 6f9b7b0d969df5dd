"""Collect a publisher's articles, lay them out as an issue, and send it to those who follow them."""
