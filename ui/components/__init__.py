"""The components of the web desk."""
