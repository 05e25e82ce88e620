"""What does `solv fit` do? Fits a law of theory to the user's own logs."""

import typer

from solv.cli.fit_asr import asr
from solv.cli.fit_power import power

fit = typer.Typer(help="Fit a law of theory to logs of your own.", no_args_is_help=True)
fit.command()(asr)
fit.command()(power)
