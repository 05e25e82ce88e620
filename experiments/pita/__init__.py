"""Reasoning traces against direct answers on provable statements (2602.14404): the experiment."""
