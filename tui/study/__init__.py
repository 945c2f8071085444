"""Studies: a matrix of measured migrations, run one after another in the background."""

EXAMPLES = ("lab", "original", "policies")  # the plans in examples/
