"""The version of the app, as it tells it to machines."""

VERSION = "0.1.0"
