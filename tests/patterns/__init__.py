"""Every regular expression of the product takes time in proportion to the text, whatever the text is."""
