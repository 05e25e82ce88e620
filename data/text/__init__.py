"""Text that several papers train on: sources, tokenizers, token shards and windows."""
