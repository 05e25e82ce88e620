"""In which two ways does a model of pita answer? After a trace that it writes, or at once."""

TRACE, DIRECT = "with a trace", "direct"
ANSWERS = (TRACE, DIRECT)
MATCHED = "direct, as many tokens"  # trained on as many tokens as a model that writes traces, and thus for longer
