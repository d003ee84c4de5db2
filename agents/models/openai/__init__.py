"""OpenAI, and servers that speak its protocol, as providers of models."""
