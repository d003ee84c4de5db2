"""Parts of the web desk."""
