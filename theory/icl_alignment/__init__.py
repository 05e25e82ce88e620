"""Pretrain-test task alignment of in-context learning (2509.26551): what is predicted."""
