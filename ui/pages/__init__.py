"""The pages of the web desk."""
