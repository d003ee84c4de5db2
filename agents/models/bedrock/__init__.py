"""Amazon Bedrock as a provider of models."""
