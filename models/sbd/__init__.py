"""Score-broadcast learning without weight transport (2605.30638): what learns."""
