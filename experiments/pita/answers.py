"""In which two ways does a model of pita answer? After a trace that it writes, or at once."""

TRACE, DIRECT = "with a trace", "direct"
ANSWERS = (TRACE, DIRECT)
