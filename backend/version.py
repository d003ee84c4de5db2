"""The version of Frontdesk; pyproject.toml says the same."""

VERSION = "0.1.0"
